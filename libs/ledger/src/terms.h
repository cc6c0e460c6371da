#pragma once

// Terms: what blocks are found by. High-cardinality dimensions are indexed by a 40-bit hash, per
// row; facets by value with their counts, never per row (ledger design, section 7). Pure.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/decision/block.h"

namespace lineward::ledger {

// Numbers are part of the store's keys: never change one.
enum class Dimension : uint8_t {
  kEventId = 1,
  kItemId = 2,
  kTraceId = 3,
  kPersonKey = 4,
  kReplayOf = 5,

  kOutcome = 32,
  kReason = 33,
  kRule = 34,
  kModelVersion = 35,
  kPolicySet = 36,
  kPurpose = 37,
  kSurface = 38,
  kJurisdiction = 39,
  kClosure = 40,
  kTopic = 41,
  kTenant = 42,
  kMode = 43,
  kSource = 44,
  kRecommender = 45,
};
inline constexpr uint8_t kFirstFacet = 16;  // dimensions below are high-cardinality

inline bool IsFacet(Dimension dimension) { return static_cast<uint8_t>(dimension) >= kFirstFacet; }

// Top 5 bytes of XXH3-64 of the value.
uint64_t HighKey(std::string_view value);
// Dimension and HighKey in one number: what a block's index is sorted by.
uint64_t HighTerm(Dimension dimension, std::string_view value);
// First 8 bytes of SHA-256 of the value.
std::string FacetKey(std::string_view value);

// `ranker@2`; empty without a model.
std::string ModelVersionText(const decision::ModelFields& model);
// The value of dimension kPersonKey.
std::string PersonKeyValue(const decision::SourceName& source, uint64_t key);

// One facet value in one block. Outcomes in order ALLOW, QUARANTINE, BLOCK; all zero: the value
// only stands there (a further reason of a row).
struct FacetCount {
  Dimension dimension = Dimension::kOutcome;
  std::string value;
  std::array<uint32_t, 3> rows{};
};

// What one block is found by.
struct BlockIndex {
  std::vector<uint64_t> high;      // HighTerms, ascending, each once
  std::vector<FacetCount> facets;  // ascending by dimension, value
};

// Of the rows from offset `live_from` on: earlier ones are repeats. The view has its ident section.
absl::StatusOr<BlockIndex> IndexBlock(const decision::BlockView& view, uint64_t live_from);

// --- The fragments of a block, decoded once per distinct value.
struct BlockFragments {
  std::vector<decision::VerdictFields> verdicts;
  std::vector<decision::ModelFields> models;
  std::vector<decision::PlaceFields> places;
  std::vector<decision::PurposeFields> purposes;
  std::vector<decision::WhereFields> wheres;

  static absl::StatusOr<BlockFragments> Of(const decision::BlockView& view);
};

}  // namespace lineward::ledger

#pragma once

// The filter of lists and counts: a subset of AIP-160 (interfaces design, section 2).
//
//   filter  = or-or-and            AND and OR on one level need parentheses
//   term    = [NOT] ( "(" filter ")" | field op value )
//   op      = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":"
//   value   = word | "quoted" | "prefix*" (with = and != only) | * (with : only: is present)
//
// Pure; a parsed filter is immutable.

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/src/terms.h"
#include "lineward/decision/block.h"

namespace lineward::ledger {

inline constexpr size_t kFilterBytesMax = 2'048;
inline constexpr int kFilterDepthMax = 8;
inline constexpr int kFilterComparisonsMax = 32;

enum class Field : uint8_t {
  kDecidedAt,
  kEventTime,
  kOutcome,
  kReason,
  kRule,
  kPurpose,
  kModel,
  kModelVersion,
  kDataset,
  kPolicySet,
  kTopic,
  kSurface,
  kJurisdiction,
  kMode,
  kTraceId,
  kEventId,
  kItemId,
  kSubject,
};

enum class Comparison : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kMore, kMoreEqual, kHas };

struct FilterNode {
  enum class Kind : uint8_t { kAnd, kOr, kNot, kCompare };
  Kind kind = Kind::kCompare;
  std::vector<FilterNode> children = {};

  // kCompare:
  Field field = Field::kOutcome;
  Comparison comparison = Comparison::kEqual;
  std::string text = {};  // without the star of a prefix
  bool is_prefix = false;
  bool is_presence = false;  // `field:*`
  int64_t time_us = 0;       // of decided_at and event_time

  // Set by whoever knows the keys of a subject: (source key, first offset) values of kPersonKey.
  std::vector<std::string> person_keys = {};
};

// A filter that lets everything through is std::nullopt. INVALID_ARGUMENT FILTER_INVALID with the
// column (bytes, from 1) and the nearest name; PERMISSION_DENIED if it names `subject` without the
// right to.
absl::StatusOr<std::optional<FilterNode>> ParseFilter(std::string_view text, bool may_read_subject);

// True if some comparison needs the ident section: ids and subjects.
bool NeedsIdent(const FilterNode& node);
// For a comparison of `decided_at`, which all rows of a block share.
bool MatchesDecidedAt(const FilterNode& node, int64_t decision_time_ms);

// One block, ready for filters: distinct values decoded once. The view outlives it.
class BlockRows {
 public:
  static absl::StatusOr<BlockRows> Of(const decision::BlockView& view);

  bool Matches(const FilterNode& node, uint32_t row) const;

  const decision::BlockView& view() const { return *view_; }
  const BlockFragments& fragments() const { return fragments_; }
  const decision::VerdictFields& verdict(uint32_t row) const;
  const decision::ModelFields& model(uint32_t row) const;
  const decision::PlaceFields& place(uint32_t row) const;
  const decision::PurposeFields& purpose(uint32_t row) const;
  const decision::WhereFields& where(uint32_t row) const;

 private:
  bool Compare(const FilterNode& node, uint32_t row) const;

  const decision::BlockView* view_ = nullptr;
  std::string policy_set_;
  BlockFragments fragments_;
  std::vector<std::string> model_versions_;  // by distinct model
};

}  // namespace lineward::ledger

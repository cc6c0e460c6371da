#pragma once

// A fact: one immutable statement of the registry, its bytes, and the chain that pins its history
// (registry design, section 3). Plain values; any thread.

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lineward/crypto/sha256.h"
#include "lineward/document/json.h"

namespace lineward::registry {

enum class FactKind : uint8_t {
  kDataset = 1,
  kDatasetVersion = 2,
  kRun = 3,
  kModel = 4,
  kModelVersion = 5,
  kEdge = 6,
  kRequest = 7
};

enum class Origin : uint8_t {
  kNative = 1,
  kOpenLineage = 2,
  kMlflow = 3,
  kImport = 4,
  kSystem = 5
};

struct Fact {
  uint64_t seq = 0;  // gapless from 1
  FactKind kind = FactKind::kDataset;
  std::string subject = {};   // resource name
  int64_t valid_from_us = 0;  // valid time, half-open
  std::optional<int64_t> valid_to_us = {};
  int64_t recorded_at_us = 0;  // the writer's clock, forced to grow
  std::string actor = {};
  std::string request_id = {};
  Origin origin = Origin::kNative;
  uint64_t supersedes = 0;
  std::string approver = {};
  document::Json body = {};  // the given fields, normalised

  friend bool operator==(const Fact&, const Fact&) = default;
};

// `f/` + seq as 20 digits.
std::string FactKey(uint64_t seq);
// nullopt if `key` is no fact's.
std::optional<uint64_t> ParseFactKey(std::string_view key);

// Equal facts give equal bytes.
std::string EncodeFact(const Fact& fact);
// INVALID_ARGUMENT (FACT_INVALID).
absl::StatusOr<Fact> DecodeFact(std::string_view bytes);

// The chain before the first fact: 32 zero bytes.
std::string FirstChain();
// SHA-256(previous chain, fact bytes).
std::string NextChain(std::string_view previous, std::string_view fact_bytes);

}  // namespace lineward::registry

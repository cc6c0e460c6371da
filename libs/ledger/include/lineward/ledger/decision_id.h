#pragma once

// The id of a decision is its place in the source: `<topic>-<partition>-<offset>`, read from the
// right; in log epoch E > 1 with the prefix `e<E>~`. Plain values.

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lineward::ledger {

struct DecisionId {
  std::string topic = {};
  uint32_t partition = 0;
  uint64_t offset = 0;
  uint32_t epoch = 1;
  bool operator==(const DecisionId&) const = default;
};

// INVALID_ARGUMENT DECISION_ID_INVALID unless PrintDecisionId would give `text` back.
absl::StatusOr<DecisionId> ParseDecisionId(std::string_view text);
std::string PrintDecisionId(const DecisionId& id);

}  // namespace lineward::ledger

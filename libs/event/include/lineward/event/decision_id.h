#pragma once

// The name of a decision: `<topic>-<partition>-<offset>`, with prefix `e<E>~` in log epoch E > 1
// (stream design, section 1). Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lineward::event {

struct DecisionId {
  std::string_view topic;
  int32_t partition = 0;
  int64_t offset = 0;
  uint32_t epoch = 1;
};

// Read from the right; nullopt unless `text` is exactly what AppendDecisionId writes. The topic
// points into `text`.
std::optional<DecisionId> ParseDecisionId(std::string_view text);

void AppendDecisionId(std::string* out, const DecisionId& id);

}  // namespace lineward::event

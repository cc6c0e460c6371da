#include "lineward/event/decision_id.h"

#include <fmt/format.h>

#include <iterator>

#include "lineward/base/strings.h"

namespace lineward::event {

std::optional<DecisionId> ParseDecisionId(std::string_view text) {
  DecisionId id;
  // `~` is in no topic name, so what stands before it is the epoch.
  if (const size_t tilde = text.find('~'); tilde != std::string_view::npos) {
    if (text.empty() || text.front() != 'e') return std::nullopt;
    const auto epoch = base::ParseUint64(text.substr(1, tilde - 1));
    if (!epoch.has_value() || *epoch < 2 || *epoch > UINT32_MAX) return std::nullopt;
    id.epoch = static_cast<uint32_t>(*epoch);
    text.remove_prefix(tilde + 1);
  }
  const size_t last = text.rfind('-');
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const size_t middle = text.rfind('-', last - 1);
  if (middle == std::string_view::npos || middle == 0) return std::nullopt;
  const auto partition = base::ParseUint64(text.substr(middle + 1, last - middle - 1));
  const auto offset = base::ParseUint64(text.substr(last + 1));
  if (!partition.has_value() || *partition > INT32_MAX) return std::nullopt;
  if (!offset.has_value() || *offset > INT64_MAX) return std::nullopt;
  id.topic = text.substr(0, middle);
  id.partition = static_cast<int32_t>(*partition);
  id.offset = static_cast<int64_t>(*offset);
  return id;
}

void AppendDecisionId(std::string* out, const DecisionId& id) {
  if (id.epoch > 1) fmt::format_to(std::back_inserter(*out), "e{}~", id.epoch);
  out->append(id.topic);
  fmt::format_to(std::back_inserter(*out), "-{}-{}", id.partition, id.offset);
}

}  // namespace lineward::event

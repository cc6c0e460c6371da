#include "lineward/ledger/decision_id.h"

#include <optional>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/ledger/reasons.h"

namespace lineward::ledger {
namespace {

constexpr size_t kTopicBytesMax = 249;
constexpr uint64_t kPartitionMax = (uint64_t{1} << 31) - 1;
constexpr uint64_t kOffsetMax = (uint64_t{1} << 63) - 1;
constexpr uint64_t kEpochMax = 0xFFFF'FFFF;

bool IsTopic(std::string_view text) {
  if (text.empty() || text.size() > kTopicBytesMax) return false;
  for (const char c : text) {
    const bool is_allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!is_allowed) return false;
  }
  return true;
}

// Takes `-<digits>` off the end of `text`.
std::optional<uint64_t> TakeNumber(std::string_view& text, uint64_t max) {
  const size_t dash = text.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = base::ParseUint64(text.substr(dash + 1));
  if (!number.has_value() || *number > max) return std::nullopt;
  text = text.substr(0, dash);
  return number;
}

// Takes `e<E>~` off the start of `text`; epoch 1 has no prefix.
std::optional<uint32_t> TakeEpoch(std::string_view& text) {
  const size_t tilde = text.find('~');
  if (tilde == std::string_view::npos) return 1;
  if (!text.starts_with('e')) return std::nullopt;
  const auto epoch = base::ParseUint64(text.substr(1, tilde - 1));
  if (!epoch.has_value() || *epoch < 2 || *epoch > kEpochMax) return std::nullopt;
  text = text.substr(tilde + 1);
  return static_cast<uint32_t>(*epoch);
}

}  // namespace

absl::StatusOr<DecisionId> ParseDecisionId(std::string_view text) {
  std::string_view rest = text;
  const auto epoch = TakeEpoch(rest);
  const auto offset = TakeNumber(rest, kOffsetMax);
  const auto partition = offset ? TakeNumber(rest, kPartitionMax) : std::nullopt;
  if (!epoch || !partition || !IsTopic(rest)) {
    return base::InvalidArgument(
        kDecisionIdInvalid, "`{}` is no decision id: wanted <topic>-<partition>-<offset>", text);
  }
  return DecisionId{std::string(rest), static_cast<uint32_t>(*partition), *offset, *epoch};
}

std::string PrintDecisionId(const DecisionId& id) {
  const std::string prefix = id.epoch > 1 ? fmt::format("e{}~", id.epoch) : "";
  return fmt::format("{}{}-{}-{}", prefix, id.topic, id.partition, id.offset);
}

}  // namespace lineward::ledger

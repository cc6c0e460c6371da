#include "lineward/policy/reasons.h"

namespace lineward::policy {

std::string_view ReasonName(Reason reason) {
  for (const ReasonRow& row : kReasons) {
    if (row.reason == reason) return row.name;
  }
  return {};
}

std::optional<Reason> ReasonOf(std::string_view name) {
  for (const ReasonRow& row : kReasons) {
    if (row.name == name) return row.reason;
  }
  return std::nullopt;
}

std::optional<Reason> ReasonOfCode(uint64_t code) {
  for (const ReasonRow& row : kReasons) {
    if (static_cast<uint64_t>(row.reason) == code) return row.reason;
  }
  return std::nullopt;
}

}  // namespace lineward::policy

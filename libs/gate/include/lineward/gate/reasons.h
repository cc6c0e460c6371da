#pragma once

// Reasons of this lib's statuses; docs/errors.md explains each.

#include <string_view>

namespace lineward::gate {

inline constexpr std::string_view kGateOptionInvalid = "GATE_OPTION_INVALID";
inline constexpr std::string_view kClockSkewed = "CLOCK_SKEWED";
inline constexpr std::string_view kReconciliationFailed = "RECONCILIATION_FAILED";
inline constexpr std::string_view kTransactionTooOld = "TRANSACTION_TOO_OLD";

}  // namespace lineward::gate

#pragma once

// Codes of this lib's log lines.

#include "lineward/telemetry/log.h"

namespace lineward::gate {

inline constexpr telemetry::LogEvent kGateBarrierWait{"gate_barrier_wait",
                                                      telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kGateAssigned{"gate_assigned", telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kGateRevoked{"gate_revoked", telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kGateTransactionFailed{"gate_transaction_failed",
                                                            telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kGateRecycled{"gate_recycled", telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kGatePartitionStopped{"gate_partition_stopped",
                                                           telemetry::LogLevel::kError};
inline constexpr telemetry::LogEvent kGateClockSkewed{"gate_clock_skewed",
                                                      telemetry::LogLevel::kError};
inline constexpr telemetry::LogEvent kGateUnavailable{"gate_unavailable",
                                                      telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kGateReconciliationFailed{"gate_reconciliation_failed",
                                                               telemetry::LogLevel::kError};
inline constexpr telemetry::LogEvent kGateDrained{"gate_drained", telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kGateStopped{"gate_stopped", telemetry::LogLevel::kError};

}  // namespace lineward::gate

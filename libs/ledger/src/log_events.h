#pragma once

// Codes of the ledger's log lines.

#include "lineward/telemetry/log.h"

namespace lineward::ledger {

inline constexpr telemetry::LogEvent kLedgerOpened{"ledger_opened", telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kLedgerPartitionHalted{"ledger_partition_halted",
                                                            telemetry::LogLevel::kError};
inline constexpr telemetry::LogEvent kLedgerSegmentStored{"ledger_segment_stored",
                                                          telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kLedgerStoreFailed{"ledger_store_failed",
                                                        telemetry::LogLevel::kFatal};
inline constexpr telemetry::LogEvent kLedgerKeyRefused{"ledger_key_refused",
                                                       telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kLedgerLogAway{"ledger_log_away", telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kLedgerDiskShort{"ledger_disk_short",
                                                      telemetry::LogLevel::kError};

}  // namespace lineward::ledger

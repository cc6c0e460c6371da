#pragma once

// Codes of this lib's log lines.

#include "lineward/telemetry/log.h"

namespace lineward::control {

inline constexpr telemetry::LogEvent kControlBarrierReached{"control_barrier_reached",
                                                            telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kControlUnavailable{"control_unavailable",
                                                         telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kControlRecordRefused{"control_record_refused",
                                                           telemetry::LogLevel::kError};
inline constexpr telemetry::LogEvent kControlPolicyInForce{"control_policy_in_force",
                                                           telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kControlPolicyRefused{"control_policy_refused",
                                                           telemetry::LogLevel::kError};
inline constexpr telemetry::LogEvent kControlPolicyDeleted{"control_policy_deleted",
                                                           telemetry::LogLevel::kError};
inline constexpr telemetry::LogEvent kControlConsentFull{"control_consent_full",
                                                         telemetry::LogLevel::kError};

}  // namespace lineward::control

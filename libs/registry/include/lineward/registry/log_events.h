#pragma once

// Codes of this lib's log lines.

#include "lineward/telemetry/log.h"

namespace lineward::registry {

inline constexpr telemetry::LogEvent kRegistryWriting{"registry_writing",
                                                      telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kRegistryFollowing{"registry_following",
                                                        telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kRegistryUnavailable{"registry_unavailable",
                                                          telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kRegistryCommitFailed{"registry_commit_failed",
                                                           telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kRegistryEnded{"registry_ended", telemetry::LogLevel::kFatal};
inline constexpr telemetry::LogEvent kRegistryViewRebuilt{"registry_view_rebuilt",
                                                          telemetry::LogLevel::kWarn};
inline constexpr telemetry::LogEvent kRegistryPolicyPublished{"registry_policy_published",
                                                              telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kRegistryConsentDeadLetter{"registry_consent_dead_letter",
                                                                telemetry::LogLevel::kWarn};

}  // namespace lineward::registry

#pragma once

// The log lines of the process itself.

#include "lineward/telemetry/log.h"

namespace lineward::services {

inline constexpr telemetry::LogEvent kLogNodeListening{"node_listening",
                                                       telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kLogNodeReady{"node_ready", telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kLogNodeWaiting{"node_waiting", telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kLogNodeDraining{"node_draining", telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kLogNodeStopped{"node_stopped", telemetry::LogLevel::kInfo};
inline constexpr telemetry::LogEvent kLogNodeFailed{"node_failed", telemetry::LogLevel::kFatal};
inline constexpr telemetry::LogEvent kLogNodeWarning{"node_warning", telemetry::LogLevel::kWarn};

}  // namespace lineward::services

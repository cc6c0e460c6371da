#pragma once

// The log lines of this lib.

#include "lineward/telemetry/log.h"

namespace lineward::http {

inline constexpr telemetry::LogEvent kLogRequest{"http_request", telemetry::LogLevel::kDebug};
inline constexpr telemetry::LogEvent kLogRequestFailed{"http_request_failed",
                                                       telemetry::LogLevel::kWarn};

}  // namespace lineward::http

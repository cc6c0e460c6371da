#pragma once

// Named fault points for the fault tests; they exist only in builds with LINEWARD_FAULT_POINTS=ON.
// `LINEWARD_FAULT=<point>:<nth>:kill|stop|sleep=<ms>|fail=<code>` acts on the nth passage of the
// point, `*` for nth on each (stream design, section 8); `LINEWARD_SABOTAGE=<name>` switches one
// deliberate bug on (section 12). A malformed variable stops the process. Any thread.

#include <absl/status/status.h>

#include <string_view>

namespace lineward::base {

#ifdef LINEWARD_FAULT_POINTS
// OK, or the status that `fail=` asks for.
absl::Status FaultPoint(std::string_view point);
bool IsSabotaged(std::string_view name);
#else
inline absl::Status FaultPoint(std::string_view) { return absl::OkStatus(); }
inline constexpr bool IsSabotaged(std::string_view) { return false; }
#endif

}  // namespace lineward::base

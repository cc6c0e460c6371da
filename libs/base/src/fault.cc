#include "lineward/base/fault.h"

#ifdef LINEWARD_FAULT_POINTS

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include "lineward/base/check.h"
#include "lineward/base/mutex.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"

namespace lineward::base {
namespace {

struct Fault {
  std::string point;
  uint64_t nth = 0;  // 0: each passage
  std::string action;
  std::string argument;
};

Fault ParseFault(const char* text) {
  Fault fault;
  if (text == nullptr || *text == '\0') return fault;
  const auto parts = Split(text, ':');
  LW_CHECK(parts.size() == 3, "LINEWARD_FAULT `{}` is not <point>:<nth>:<action>", text);
  const bool is_each = parts[1] == "*";
  const auto nth = is_each ? 0 : ParseUint64(parts[1]);
  LW_CHECK(nth.has_value() && (is_each || *nth > 0), "LINEWARD_FAULT `{}`: bad count `{}`", text,
           parts[1]);
  const auto action = Split(parts[2], '=');
  fault.point = parts[0];
  fault.nth = *nth;
  fault.action = action[0];
  if (action.size() > 1) fault.argument = action[1];
  const bool is_known = fault.action == "kill" || fault.action == "stop" ||
                        fault.action == "sleep" || fault.action == "fail";
  LW_CHECK(is_known, "LINEWARD_FAULT `{}`: unknown action `{}`", text, fault.action);
  return fault;
}

absl::StatusCode ParseCode(std::string_view name) {
  for (int code = 1; code <= 16; ++code) {
    const auto candidate = static_cast<absl::StatusCode>(code);
    if (absl::StatusCodeToString(candidate) == name) return candidate;
  }
  LW_CHECK(false, "LINEWARD_FAULT: unknown status code `{}`", name);
}

struct State {
  Mutex mutex;
  Fault fault LW_GUARDED_BY(mutex) = ParseFault(std::getenv("LINEWARD_FAULT"));
  uint64_t passages LW_GUARDED_BY(mutex) = 0;
};

State& GetState() {
  static State state;
  return state;
}

}  // namespace

absl::Status FaultPoint(std::string_view point) {
  State& state = GetState();
  std::string action;
  std::string argument;
  {
    MutexLock lock(&state.mutex);
    if (state.fault.point != point) return absl::OkStatus();
    if (++state.passages != state.fault.nth && state.fault.nth != 0) return absl::OkStatus();
    action = state.fault.action;
    argument = state.fault.argument;
  }
  if (action == "kill") std::raise(SIGKILL);
  if (action == "stop") std::raise(SIGSTOP);
  if (action == "sleep") {
    std::this_thread::sleep_for(std::chrono::milliseconds(ParseInt64(argument).value_or(0)));
  }
  if (action == "fail") {
    return MakeStatus(ParseCode(argument), "", fmt::format("fault point `{}`", point));
  }
  return absl::OkStatus();
}

bool IsSabotaged(std::string_view name) {
  static const char* const sabotage = std::getenv("LINEWARD_SABOTAGE");
  return sabotage != nullptr && name == sabotage;
}

}  // namespace lineward::base

#endif

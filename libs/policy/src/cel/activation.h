#pragma once

// What one evaluation reads: values of the env's variables and the answers of the host.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// Answers the functions that an env declares.
class Host {
 public:
  virtual ~Host() = default;

  // The result of the env's function `index`; no argument is a failure. May be a failure itself;
  // must depend on its arguments and on the facts of this evaluation only.
  virtual Value Call(uint32_t index, std::span<const Value> arguments,
                     Scratch* scratch) const noexcept = 0;
};

// Seconds east of UTC that the named time zone keeps at a time; nullopt if there is no such zone.
using ZoneOffset = std::optional<int32_t> (*)(std::string_view zone, int64_t seconds);

struct Activation {
  // One per variable of the env, of its type; absent and unknown facts are failures kAbsent and
  // kUnknownFact. All strings are UTF-8.
  std::span<const Value> variables;
  const Host* host = nullptr;        // needed if the env has functions
  ZoneOffset zone_offset = nullptr;  // none: named zones are malformed
};

}  // namespace lineward::policy::cel

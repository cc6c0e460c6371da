#pragma once

// Time as an argument: wall time for records, monotonic time for waits. `ManualClock` in
// tests/support moves by hand.

#include <absl/time/time.h>

#include <chrono>
#include <cstdint>

namespace lineward::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC.
  virtual absl::Time Now() const = 0;
  // Never goes back; only differences mean something.
  virtual std::chrono::steady_clock::time_point Monotonic() const = 0;
};

// The machine's clocks. Any thread; lives for ever.
const Clock& SystemClock();

inline int64_t ToUnixMicros(absl::Time time) { return absl::ToUnixMicros(time); }
inline int64_t ToUnixMillis(absl::Time time) { return absl::ToUnixMillis(time); }

}  // namespace lineward::base

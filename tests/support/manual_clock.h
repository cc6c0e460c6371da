#pragma once

// A clock that stands still until the test moves it. Any thread.

#include "lineward/base/clock.h"
#include "lineward/base/mutex.h"

namespace lineward::support {

class ManualClock final : public base::Clock {
 public:
  // 2026-03-01T12:00:00Z, the instant of the design's examples.
  ManualClock();
  explicit ManualClock(absl::Time now);

  absl::Time Now() const override;
  std::chrono::steady_clock::time_point Monotonic() const override;

  // Moves both clocks.
  void Advance(absl::Duration duration);
  // Moves the wall clock alone, as a step of NTP does.
  void SetWall(absl::Time now);

 private:
  mutable base::Mutex mutex_;
  absl::Time now_ LW_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point monotonic_ LW_GUARDED_BY(mutex_);
};

}  // namespace lineward::support

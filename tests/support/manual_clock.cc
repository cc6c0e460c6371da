#include "tests/support/manual_clock.h"

namespace lineward::support {

ManualClock::ManualClock() : ManualClock(absl::FromUnixSeconds(1'772'366'400)) {}
ManualClock::ManualClock(absl::Time now) : now_(now) {}

absl::Time ManualClock::Now() const {
  base::MutexLock lock(&mutex_);
  return now_;
}

std::chrono::steady_clock::time_point ManualClock::Monotonic() const {
  base::MutexLock lock(&mutex_);
  return monotonic_;
}

void ManualClock::Advance(absl::Duration duration) {
  base::MutexLock lock(&mutex_);
  now_ += duration;
  monotonic_ += absl::ToChronoNanoseconds(duration);
}

void ManualClock::SetWall(absl::Time now) {
  base::MutexLock lock(&mutex_);
  now_ = now;
}

}  // namespace lineward::support

#include "lineward/base/backoff.h"

#include <algorithm>
#include <chrono>

#include "lineward/base/hash.h"
#include "lineward/base/mutex.h"

namespace lineward::base {
namespace {

constexpr absl::Duration kPauseMin = absl::Milliseconds(10);
constexpr absl::Duration kPauseMax = absl::Seconds(5);
constexpr int kStepsMax = 10;

}  // namespace

Backoff::Backoff(std::string_view seed) : random_(Xxh3(seed)) {}

absl::Duration Backoff::Next() {
  const absl::Duration pause = std::min(kPauseMin * (int64_t{1} << steps_), kPauseMax);
  steps_ = std::min(steps_ + 1, kStepsMax);
  random_ = Xxh3({reinterpret_cast<const char*>(&random_), sizeof(random_)});
  return pause * (0.8 + 0.4 * static_cast<double>(random_ % 1024) / 1024);
}

void WaitFor(absl::Duration duration, const std::stop_token& stop) {
  Mutex mutex;
  CondVar stopped;
  const std::stop_callback wake(stop, [&] {
    MutexLock lock(&mutex);
    stopped.NotifyAll();
  });
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(duration);
  MutexLock lock(&mutex);
  while (!stop.stop_requested() && stopped.WaitUntil(&mutex, deadline)) {
  }
}

}  // namespace lineward::base

#pragma once

// Pauses between attempts to reach a neighbour that is away.

#include <absl/time/time.h>

#include <cstdint>
#include <stop_token>
#include <string_view>

namespace lineward::base {

// 10 ms, doubled up to 5 s, each spread by 20 % so that a fleet does not come back together (stream
// design, section 5). One owner.
class Backoff {
 public:
  // Equal seeds give equal pauses.
  explicit Backoff(std::string_view seed);

  // The next pause of a row of failures.
  absl::Duration Next();
  // After a success.
  void Reset() { steps_ = 0; }

 private:
  int steps_ = 0;
  uint64_t random_;
};

// Sleeps so long, at most until `stop`. Any thread.
void WaitFor(absl::Duration duration, const std::stop_token& stop);

}  // namespace lineward::base

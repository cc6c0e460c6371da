#pragma once

// Runs the fold of one ledger: reads its partitions of `lineward.decisions` (static assignment,
// read_committed) and `lineward.keys`, folds, publishes, backs off while the log is away.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <memory>
#include <string>

#include "lineward/ledger/ledger.h"
#include "lineward/stream/transport.h"
#include "lineward/telemetry/health.h"
#include "lineward/telemetry/log.h"

namespace lineward::ledger {

struct FollowerOptions {
  absl::Duration poll = absl::Milliseconds(100);
  int64_t prefetch_bytes_max = int64_t{64} << 20;
  // Watches the folding thread as `ledger`; may be null, else it outlives the follower.
  telemetry::Health* health = nullptr;
};

// One thread of its own (`lw-ledger`), stopped and joined at destruction. All functions from any
// thread; `transport` and `ledger` outlive it.
class Follower {
 public:
  static absl::StatusOr<std::unique_ptr<Follower>> Start(stream::Transport* transport,
                                                         Ledger* ledger,
                                                         const FollowerOptions& options,
                                                         telemetry::Logger log);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Not OK: the store failed, the thread has ended; log it and exit 1.
  absl::Status FatalStatus() const;
  // Empty once ready: everything was read to its end since the start and the log answers.
  std::string NotReadyCause() const;

 private:
  struct Impl;
  explicit Follower(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::ledger

#pragma once

// The gate: for every promotion of its partitions one decision, released together with its record
// in one transaction or not at all (stream design, sections 1, 4, 6, 9; I1, I2, I4, I5).

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lineward/base/clock.h"
#include "lineward/control/follower.h"
#include "lineward/event/source_options.h"
#include "lineward/gate/metrics.h"
#include "lineward/stream/transport.h"
#include "lineward/telemetry/health.h"
#include "lineward/telemetry/log.h"

namespace lineward::gate {

inline constexpr int kLoopsMax = 16;
inline constexpr size_t kSourcesMax = 16;

struct GateOptions {
  // Names the seats: `lineward.gate.<instance_id>.<loop>`; unique, stable over restarts.
  std::string instance_id;
  // Threads, each with a consumer and a producer of its own; 1 to kLoopsMax.
  int loops = 1;
  // 1 to kSourcesMax topics, each once.
  std::vector<event::SourceOptions> sources = {event::SourceOptions()};
  // Key of the tenant, 32 bytes: seals what is personal (alg 1).
  std::string tenant_key;
  // Written into each row.
  std::string software_version = "0";
  uint32_t log_epoch = 1;
  std::string group_id = "lineward.gate";
  // A transaction is committed at this age, 10 ms to 1 s ...
  absl::Duration commit_interval = absl::Milliseconds(50);
  // ... or at one of these: what is lost and done again after a fault stays small (I7).
  uint32_t transaction_rows_max = 32'768;
  uint64_t transaction_bytes_max = uint64_t{32} << 20;
  // One that has not begun to commit at this age is aborted.
  absl::Duration transaction_age_max = absl::Seconds(5);
  // Difference to the broker's clock beyond which nothing is committed.
  absl::Duration max_clock_skew = absl::Seconds(5);
  absl::Duration session_timeout = absl::Seconds(10);
  absl::Duration max_poll_interval = absl::Seconds(60);
  const base::Clock* clock = &base::SystemClock();
  // Watches each loop as `gate-<loop>`; may be null, else it outlives the gate.
  telemetry::Health* health = nullptr;
  // Called once, from a loop's thread, when a loop ends for good: PERMISSION_DENIED (another
  // process has this seat: exit 2, not restarted), anything else exit 1. Must not wait for the
  // gate.
  std::function<void(const absl::Status&)> on_stopped = {};
};

// INVALID_ARGUMENT `GATE_OPTION_INVALID` or `SOURCE_OPTION_INVALID`, naming the option.
absl::Status Validate(const GateOptions& options);

// Runs the loops on threads of its own (`lw-gate-0`, ...). Any thread.
class Gate {
 public:
  // Returns at once; the loops wait for the follower's barrier, join the group and go on. What is
  // passed must outlive the gate. Fails only as Validate does.
  static absl::StatusOr<std::unique_ptr<Gate>> Start(GateOptions options,
                                                     stream::Transport* transport,
                                                     control::Follower* follower,
                                                     GateMetrics* metrics, telemetry::Logger log);
  // Drains and joins.
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Stops polling, seals, commits what is open, closes; returns when all loops ended. Bounded by
  // the producer's waits (8 s). A second call only waits.
  void Drain();

  // What the gate waits for (`control barrier: lineward.policies 812/4031`, `joining group
  // lineward.gate`, ...); empty when every loop has joined and could start a transaction.
  std::string NotReadyCause() const;

  // The first status with which a loop ended, OK while all run or after a drain.
  absl::Status StoppedBy() const;

  // Promotions whose decision is committed, since the start.
  uint64_t Committed() const;

 private:
  struct Impl;
  explicit Gate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::gate

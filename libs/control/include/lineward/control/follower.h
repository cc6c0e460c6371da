#pragma once

// Follows the four control topics and keeps the newest snapshot and the consent table (stream
// design, section 9). One per process.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/clock.h"
#include "lineward/control/consent.h"
#include "lineward/control/metrics.h"
#include "lineward/control/snapshot.h"
#include "lineward/policy/consent.h"
#include "lineward/stream/transport.h"
#include "lineward/telemetry/health.h"
#include "lineward/telemetry/log.h"

namespace lineward::control {

struct FollowerOptions {
  // Beyond it the process is not ready: a table that lost people would answer wrongly.
  uint64_t consent_subjects_max = 20'000'000;
  // Age of registry, policies or breakers beyond which a block is CONTROL_STALE.
  absl::Duration staleness_max = absl::Seconds(30);
  // A snapshot is made at most this often.
  absl::Duration snapshot_interval = absl::Milliseconds(20);
  // How often the ends of the topics are asked for.
  absl::Duration ends_interval = absl::Seconds(1);
  // Heads without two valid signatures are refused. They cannot be checked yet: true refuses all.
  bool require_signatures = false;
  const base::Clock* clock = &base::SystemClock();
  // Watches the follower's loop as `control`; may be null, else it outlives the follower.
  telemetry::Health* health = nullptr;
};

// Consent updates that are applied under one hold of the table's lock.
inline constexpr size_t kConsentBatchMax = 10'000;

// Buffers of `Pin::FindConsent`, one per thread.
struct ConsentScratch {
  ConsentTable::Entry entry;
  std::vector<policy::ConsentTransition> transitions;
  // Bits of the table's purposes in `set`; -1: unknown to it.
  std::vector<int16_t> bits;
  std::shared_ptr<const policy::PolicySet> set;
};

// One state of everything, held for one transaction: the snapshot by pointer, the consent table by
// a shared lock (the follower applies nothing to it meanwhile, so hold it shortly). Movable; one
// thread, which holds one pin at a time.
class Pin {
 public:
  Pin() = default;
  Pin(Pin&& other) noexcept;
  Pin& operator=(Pin&& other) noexcept;
  ~Pin();

  explicit operator bool() const { return follower_ != nullptr; }
  const ControlSnapshot& Snapshot() const { return *snapshot_; }
  std::shared_ptr<const ControlSnapshot> SharedSnapshot() const { return snapshot_; }
  // Next offsets of all four topics, in order of ControlTopic: block field 1.
  const std::array<int64_t, kControlTopics>& NextOffsets() const { return next_offsets_; }
  // Age of the consent table, and of the oldest of the other topics: block field 3.
  int64_t ConsentAgeMs() const { return consent_age_ms_; }
  int64_t OldestOtherAgeMs() const { return oldest_other_age_ms_; }
  // Another topic than consent is older than `staleness_max`: block flag, and 710.
  bool is_control_stale() const { return is_control_stale_; }

  // Consent of `subject` for all purposes under the snapshot's set, both times folded into one; a
  // subject nobody heard of has granted and withdrawn nothing. Purposes that the set does not know
  // are passed over. Allocates nothing once `scratch` has grown. Needs a policy set.
  policy::ConsentFacts FindConsent(std::string_view subject, int64_t event_time_us,
                                   int64_t decision_time_us, ConsentScratch* scratch) const;

  // Ends the pin before its destructor.
  void Release();

 private:
  friend class Follower;
  class Follower* follower_ = nullptr;
  std::shared_ptr<const ControlSnapshot> snapshot_;
  std::array<int64_t, kControlTopics> next_offsets_{};
  int64_t consent_age_ms_ = 0;
  int64_t oldest_other_age_ms_ = 0;
  bool is_control_stale_ = false;
};

// One thread of its own (`lw-control`), started and joined here; all functions may be called from
// any thread. An unreachable or unreadable topic only makes ages grow.
class Follower {
 public:
  // `transport` and `metrics` (may be null) must outlive the follower.
  static absl::StatusOr<std::unique_ptr<Follower>> Start(stream::Transport* transport,
                                                         const FollowerOptions& options,
                                                         FollowerMetrics* metrics,
                                                         telemetry::Logger log);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // True once all four topics were read to the ends that they had at the start and a valid policy
  // set is there, for as long as the consent table fits. Never without them: consume nothing.
  bool IsReady() const { return NotReadyCause().empty(); }
  // `control barrier: lineward.policies 812/4031`, `no valid policy set on lineward.policies`, ...;
  // empty once ready.
  std::string NotReadyCause() const;
  // Waits until ready, at most `timeout`; false if it is not.
  bool WaitReady(absl::Duration timeout) const;
  // Waits until registry records up to `seq` are in the snapshot; false on time-out.
  bool WaitRegistrySeq(uint64_t seq, absl::Duration timeout) const;

  // The newest snapshot; never null, empty before the barrier.
  std::shared_ptr<const ControlSnapshot> Snapshot() const;
  // One state for one transaction. Waits while the follower applies consent updates (some ms).
  Pin TakePin();

  // The first error of the topics in a row of failures (UNAVAILABLE, DATA_LOSS), OK meanwhile.
  absl::Status LastError() const;

 private:
  friend class Pin;
  struct Impl;
  explicit Follower(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::control

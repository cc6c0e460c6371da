#pragma once

// The snapshots of the control topics that this process has seen: what recorded decisions are
// explained with. It begins with the state found at the start, so a decision that was made under an
// older registry or policy set is REPLAY_FACTS_ABSENT; rebuilding those from
// `lineward.registry.facts` is not supported yet.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "lineward/base/mutex.h"
#include "lineward/control/follower.h"
#include "lineward/ledger/ports.h"

namespace lineward::services {

// One thread (`lw-history`) that follows the follower, joined at destruction. Any thread may ask.
class SnapshotHistory final : public ledger::ReplayFacts {
 public:
  // `follower` must outlive it.
  explicit SnapshotHistory(const control::Follower* follower);
  ~SnapshotHistory() override;

  absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> At(
      uint64_t registry_seq, std::string_view set_id) const override;

 private:
  void Run(const std::stop_token& stop);
  void Keep(std::shared_ptr<const control::ControlSnapshot> snapshot);

  const control::Follower* follower_;
  mutable base::Mutex mutex_;
  // Oldest first.
  std::deque<std::shared_ptr<const control::ControlSnapshot>> kept_ LW_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace lineward::services

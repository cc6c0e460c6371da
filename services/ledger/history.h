#pragma once

// Feeds the ledger's history of control snapshots: what recorded decisions are explained with.
// Those that this process has not seen itself are made anew from the facts and the policies.

#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>

#include "lineward/control/follower.h"
#include "lineward/ledger/ports.h"
#include "lineward/ledger/snapshot_history.h"
#include "lineward/registry/past.h"
#include "lineward/telemetry/health.h"

namespace lineward::services {

// One thread (`lw-history`) that follows the follower, joined at destruction. Any thread may ask.
class HistoryFeed final : public ledger::ReplayFacts {
 public:
  // `follower` must outlive it; `past` makes older snapshots.
  // `health` watches the loop as `history`; may be null, else it outlives the feed.
  HistoryFeed(const control::Follower* follower, std::unique_ptr<registry::Past> past,
              telemetry::Health* health);
  ~HistoryFeed() override;

  absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> At(
      uint64_t registry_seq, std::string_view set_id) const override;

 private:
  void Run(const std::stop_token& stop);

  const control::Follower* follower_;
  const std::unique_ptr<registry::Past> past_;
  telemetry::Health* health_;
  mutable ledger::SnapshotHistory history_;
  std::jthread thread_;
};

}  // namespace lineward::services

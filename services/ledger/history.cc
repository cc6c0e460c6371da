#include "services/ledger/history.h"

#include "lineward/base/thread.h"

namespace lineward::services {
namespace {

constexpr absl::Duration kRound = absl::Milliseconds(50);

}  // namespace

HistoryFeed::HistoryFeed(const control::Follower* follower, telemetry::Health* health)
    : follower_(follower),
      health_(health),
      thread_(base::StartThread("lw-history", [this](const std::stop_token& stop) { Run(stop); })) {
}

HistoryFeed::~HistoryFeed() {
  thread_.request_stop();
  thread_.join();
}

void HistoryFeed::Run(const std::stop_token& stop) {
  telemetry::LoopWatch watch(health_, "history");
  while (!stop.stop_requested()) {
    watch.Tick();
    const auto snapshot = follower_->Snapshot();
    history_.Note(snapshot);
    // Wakes with the next registry change; a change of the policy set alone is seen a round later.
    follower_->WaitRegistrySeq(snapshot->RegistrySeq() + 1, kRound);
  }
}

absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> HistoryFeed::At(
    uint64_t registry_seq, std::string_view set_id) const {
  return history_.At(registry_seq, set_id);
}

}  // namespace lineward::services

#include "services/ledger/history.h"

#include <utility>

#include "lineward/base/status.h"
#include "lineward/base/thread.h"
#include "lineward/ledger/reasons.h"

namespace lineward::services {
namespace {

constexpr absl::Duration kRound = absl::Milliseconds(50);

}  // namespace

HistoryFeed::HistoryFeed(const control::Follower* follower, std::unique_ptr<registry::Past> past,
                         telemetry::Health* health)
    : follower_(follower),
      past_(std::move(past)),
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
  auto seen = history_.At(registry_seq, set_id);
  if (seen.ok()) return seen;
  auto made = past_->At(registry_seq, set_id);
  if (!absl::IsNotFound(made.status())) return made;
  return base::NotFound(ledger::kReplayFactsAbsent, "{}", base::MessageOf(made.status()));
}

}  // namespace lineward::services

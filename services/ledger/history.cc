#include "services/ledger/history.h"

#include "lineward/base/status.h"
#include "lineward/base/thread.h"
#include "lineward/ledger/reasons.h"

namespace lineward::services {
namespace {

// Snapshots share what did not change, yet each holds tables of its own.
constexpr size_t kSnapshotsMax = 256;
constexpr absl::Duration kRound = absl::Milliseconds(50);

}  // namespace

SnapshotHistory::SnapshotHistory(const control::Follower* follower)
    : follower_(follower),
      thread_(base::StartThread("lw-history", [this](const std::stop_token& stop) { Run(stop); })) {
}

SnapshotHistory::~SnapshotHistory() {
  thread_.request_stop();
  thread_.join();
}

void SnapshotHistory::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto snapshot = follower_->Snapshot();
    Keep(snapshot);
    // Wakes with the next registry change; a change of the policy set alone is seen a round later.
    follower_->WaitRegistrySeq(snapshot->RegistrySeq() + 1, kRound);
  }
}

void SnapshotHistory::Keep(std::shared_ptr<const control::ControlSnapshot> snapshot) {
  if (snapshot->Policies() == nullptr) return;
  base::MutexLock lock(&mutex_);
  if (!kept_.empty() && kept_.back()->RegistrySeq() == snapshot->RegistrySeq() &&
      kept_.back()->PolicySetId() == snapshot->PolicySetId()) {
    return;
  }
  kept_.push_back(std::move(snapshot));
  if (kept_.size() > kSnapshotsMax) kept_.pop_front();
}

absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> SnapshotHistory::At(
    uint64_t registry_seq, std::string_view set_id) const {
  const auto newest = follower_->Snapshot();
  if (newest->RegistrySeq() == registry_seq && newest->PolicySetId() == set_id) return newest;
  if (newest->RegistrySeq() < registry_seq) {
    return base::Unavailable(ledger::kReplayFactsAbsent, "the registry is read up to {}, not {}",
                             newest->RegistrySeq(), registry_seq);
  }
  base::MutexLock lock(&mutex_);
  for (auto at = kept_.rbegin(); at != kept_.rend(); ++at) {
    if ((*at)->RegistrySeq() == registry_seq && (*at)->PolicySetId() == set_id) return *at;
  }
  return base::NotFound(ledger::kReplayFactsAbsent,
                        "registry at seq {} with `{}` is not kept by this process", registry_seq,
                        set_id);
}

}  // namespace lineward::services

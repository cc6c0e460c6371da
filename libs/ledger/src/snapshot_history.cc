#include "lineward/ledger/snapshot_history.h"

#include <utility>

#include "lineward/base/status.h"
#include "lineward/control/snapshot.h"
#include "lineward/ledger/reasons.h"

namespace lineward::ledger {

void SnapshotHistory::Note(std::shared_ptr<const control::ControlSnapshot> snapshot) {
  if (snapshot == nullptr || snapshot->Policies() == nullptr) return;
  base::MutexLock lock(&mutex_);
  if (!snapshots_.empty()) {
    const auto& newest = snapshots_.back();
    if (newest->RegistrySeq() == snapshot->RegistrySeq() &&
        newest->PolicySetId() == snapshot->PolicySetId()) {
      return;
    }
  }
  snapshots_.push_back(std::move(snapshot));
  if (snapshots_.size() > kSnapshotsMax) snapshots_.pop_front();
}

absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> SnapshotHistory::At(
    uint64_t registry_seq, std::string_view set_id) const {
  base::MutexLock lock(&mutex_);
  for (auto it = snapshots_.rbegin(); it != snapshots_.rend(); ++it) {
    if ((*it)->RegistrySeq() == registry_seq && (*it)->PolicySetId() == set_id) return *it;
  }
  return base::NotFound(kReplayFactsAbsent,
                        "registry seq {} under the policy set `{}` is not known here", registry_seq,
                        set_id);
}

}  // namespace lineward::ledger

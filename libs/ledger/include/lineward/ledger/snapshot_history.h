#pragma once

// `SnapshotHistory`: the control snapshots that this process has seen, so that decisions made under
// them can be explained. Decisions made before it started are explained as long as the registry and
// the set of now are those of then. Any thread.

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include "lineward/base/mutex.h"
#include "lineward/ledger/ports.h"

namespace lineward::ledger {

class SnapshotHistory final : public ReplayFacts {
 public:
  // Snapshots share what did not change, so a thousand of them cost little.
  static constexpr size_t kSnapshotsMax = 1'024;

  // Takes each new snapshot, in the order of their making; one that is known costs nothing.
  void Note(std::shared_ptr<const control::ControlSnapshot> snapshot);

  absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> At(
      uint64_t registry_seq, std::string_view set_id) const override;

 private:
  mutable base::Mutex mutex_;
  std::deque<std::shared_ptr<const control::ControlSnapshot>> snapshots_ LW_GUARDED_BY(mutex_);
};

}  // namespace lineward::ledger

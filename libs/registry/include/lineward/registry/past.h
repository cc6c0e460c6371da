#pragma once

// The registry and the policies as they were, made anew from `lineward.registry.facts` and
// `lineward.policies`, whose keys are never written twice: the history is complete.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/base/mutex.h"
#include "lineward/control/snapshot.h"
#include "lineward/stream/transport.h"

namespace lineward::registry {

// Hands the bytes of the facts after `after` up to `last` to `visit`, in order, and stops at its
// first error. UNAVAILABLE (NOT_READY) if `last` is not there yet.
using FactSource = std::function<absl::Status(
    uint64_t after, uint64_t last, const std::function<absl::Status(std::string_view)>& visit)>;

// Facts read from the topic itself, for processes without a registry (`Registry::ReadFacts` is
// faster). `transport` must outlive it.
FactSource FactsOfLog(stream::Transport* transport);

// Snapshots by registry seq and policy set. Each new one folds the facts from the first on (some us
// a fact) and reads the policies; the last `kKept` are kept. Any thread.
class Past {
 public:
  static constexpr size_t kKept = 16;

  // `transport` must outlive it.
  Past(stream::Transport* transport, FactSource facts);

  // NOT_FOUND (POLICY_SET_NOT_FOUND) if the set was never published; UNAVAILABLE if the facts or
  // the log cannot be read now; DATA_LOSS (FACT_INVALID) if the facts do not fold.
  absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> At(uint64_t registry_seq,
                                                                     std::string_view set_id) const;

 private:
  using Snapshot = std::shared_ptr<const control::ControlSnapshot>;
  struct Kept {
    uint64_t registry_seq = 0;
    std::string set_id;
    Snapshot snapshot;
  };
  absl::StatusOr<Snapshot> Make(uint64_t registry_seq, std::string_view set_id) const;
  absl::StatusOr<std::vector<std::string>> ReadChunks(std::string_view set_id) const;

  stream::Transport* const transport_;
  const FactSource facts_;
  mutable base::Mutex mutex_;
  mutable std::deque<Kept> kept_ LW_GUARDED_BY(mutex_);
};

}  // namespace lineward::registry

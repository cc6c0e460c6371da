#pragma once

// Follows `lineward.registry.facts` and `lineward.consent`, and keeps the state that readers see
// and the view on disk. Owned by the registry's thread.

#include <absl/status/status.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lineward/base/mutex.h"
#include "lineward/registry/registry.h"
#include "lineward/registry/state.h"
#include "registry/src/plan.h"
#include "registry/src/view.h"

namespace lineward::registry {

// What readers see; changed by the registry's thread.
struct SharedState {
  mutable base::Mutex seen_mutex;
  mutable base::CondVar seen_changed;
  uint64_t seen_seq LW_GUARDED_BY(seen_mutex) = 0;  // of `state`: what waits for it looks here

  mutable base::SharedMutex mutex;
  State state LW_GUARDED_BY(mutex);
  bool is_loaded LW_GUARDED_BY(mutex) = false;
  bool is_writer LW_GUARDED_BY(mutex) = false;
  std::string cause LW_GUARDED_BY(mutex) = "registry: reading facts";
  absl::Status fatal LW_GUARDED_BY(mutex);
};

class Fold {
 public:
  using Records = std::vector<std::pair<std::string, std::string>>;

  // All must outlive it; `metrics` may be null.
  Fold(stream::Transport* transport, const RegistryOptions& options, RegistryMetrics* metrics,
       SharedState* shared, View* view);

  // A copy of what the view holds; a view that cannot be read is emptied: UNAVAILABLE, try again.
  absl::StatusOr<State> Load();
  // The same into the state that readers see; empty if the view cannot be read.
  absl::Status LoadShared();
  // Takes what came meanwhile. DATA_LOSS (FACT_INVALID) if a fact does not fold; errors of the log;
  // errors of the store, see `View::Write`.
  absl::Status Follow();
  // Reads both topics to the ends that they have now; calls `between` now and then, whose error
  // ends it. Errors as Follow.
  absl::Status CatchUp(const std::function<absl::Status()>& between);
  // Takes what this instance committed: facts, and consent records by subject.
  absl::Status TakeOwn(const std::vector<PlannedFact>& facts, const Records& consents);
  // Closes the reader: the writer reads nothing.
  void Rest() { reader_.reset(); }

 private:
  absl::Status Open();
  absl::Status Begin(std::string_view cause);
  absl::Status Poll(absl::Duration wait);
  absl::Status TakeFact(const stream::RecordView& record, std::vector<PlannedFact>* facts);
  absl::Status CheckFirst(const stream::RecordView& record);
  void TakeConsent(const stream::RecordView& record);
  void NoteEnd(const stream::PartitionEvent& event);
  absl::Status Keep(const std::vector<PlannedFact>& facts);
  void TellSeq(uint64_t seq);

  stream::Transport* const transport_;
  const RegistryOptions& options_;
  RegistryMetrics* const metrics_;
  SharedState* const shared_;
  View* const view_;

  std::unique_ptr<stream::PartitionReader> reader_;
  bool is_first_checked_ = false;  // the fact at the view's position is the one it was
  int64_t facts_end_ = -1;         // up to which the topic was read, once its end was reached
  int64_t consent_end_ = -1;
};

}  // namespace lineward::registry

#pragma once

// The registry's thread: member of the writers' group, loader of what the topics hold, and, while
// it holds the seat, the one that commits. Owned by Registry.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lineward/base/bounded_queue.h"
#include "lineward/base/mutex.h"
#include "lineward/registry/registry.h"
#include "lineward/registry/state.h"
#include "registry/src/consents.h"
#include "registry/src/plan.h"
#include "registry/src/policy_sets.h"
#include "registry/src/requests.h"

namespace lineward::registry {

// What readers see; the writer's thread folds committed facts into it.
struct SharedState {
  mutable base::SharedMutex mutex;
  State state LW_GUARDED_BY(mutex);
  bool is_loaded LW_GUARDED_BY(mutex) = false;
  bool is_writer LW_GUARDED_BY(mutex) = false;
  std::string cause LW_GUARDED_BY(mutex) = "registry: reading facts";
  absl::Status fatal LW_GUARDED_BY(mutex);
};

class Writer {
 public:
  Writer(stream::Transport* transport, control::Follower* follower, const RegistryOptions& options,
         RegistryMetrics* metrics, telemetry::Logger log, SharedState* shared,
         base::BoundedQueue<std::shared_ptr<Request>>* queue);

  // Until `stop`; answers what is queued then with UNAVAILABLE.
  void Run(const std::stop_token& stop);

 private:
  using Records = std::vector<std::pair<std::string, std::string>>;
  // One transaction under construction.
  struct Batch {
    int64_t now_us = 0;
    std::vector<PlannedFact> facts;
    Records policies;
    std::vector<std::pair<std::shared_ptr<Request>, Answer>> done;
    std::vector<stream::OffsetToCommit> offsets;                    // of the topic `consents`
    std::vector<std::pair<std::string, std::string>> dead_letters;  // value, reason
    control::PolicyHead head;
    std::shared_ptr<const policy::PolicySet> set;
  };

  absl::Status Join();
  absl::Status HandleRebalance(const stream::Polled& polled);
  absl::Status BecomeWriter();
  void StopWriting(std::string_view cause);
  absl::Status Load();
  absl::Status OpenConsents();
  absl::Status Follow();
  absl::Status TakeFact(const stream::RecordView& record, State* state);
  void Fold(const std::vector<PlannedFact>& facts);

  void Gather(std::vector<std::shared_ptr<Request>>* requests);
  void Process(std::vector<std::shared_ptr<Request>> requests);
  absl::StatusOr<Answer> Stage(const Request& request, Batch* batch);
  absl::StatusOr<Answer> StageItems(const Request& request, Batch* batch);
  absl::StatusOr<Answer> StageConsents(const Request& request, Batch* batch);
  absl::StatusOr<Answer> StagePolicySet(const Request& request, Batch* batch);
  absl::StatusOr<Answer> Replay(const Request& request, const std::string& sha256,
                                bool* is_replayed) const;
  void TakeConsentRecords(Batch* batch);
  absl::Status CommitBatch(Batch* batch);
  absl::Status SendBatch(const Batch& batch);
  absl::Status Send(std::string_view topic, std::string_view key, std::string_view value);
  void Recover(Batch* batch, const absl::Status& failure);
  void Restage(const Batch& batch);
  absl::StatusOr<PurposeLookup> Lookup();
  void Finish(Request* request, absl::StatusOr<Answer> answer);
  void SetCause(std::string_view cause);
  std::shared_ptr<const policy::PolicySet> Policies();

  stream::Transport* const transport_;
  control::Follower* const follower_;
  const RegistryOptions options_;
  RegistryMetrics* const metrics_;
  const telemetry::Logger log_;
  SharedState* const shared_;
  base::BoundedQueue<std::shared_ptr<Request>>* const queue_;

  std::unique_ptr<stream::GroupConsumer> consumer_;
  std::unique_ptr<stream::TransactionalProducer> producer_;
  std::unique_ptr<stream::PartitionReader> facts_reader_;     // while following
  std::unique_ptr<stream::PartitionReader> consents_reader_;  // while writing
  std::vector<stream::TopicPartition> consents_partitions_;
  State draft_;           // shared state plus what is staged; while writing
  ConsentBook consents_;  // while writing
  control::PolicyHead head_;
  std::shared_ptr<const policy::PolicySet> own_set_;  // the newest that this writer published
  uint64_t own_epoch_ = 0;
  int64_t next_fact_offset_ = stream::kLogStart;
  bool is_assigned_ = false;
  bool is_writing_ = false;
  std::optional<telemetry::LoopWatch> watch_;  // while Run runs
};

}  // namespace lineward::registry

#pragma once

// The registry's thread: member of the writers' group, follower, and, while it holds the seat, the
// one that commits. Owned by Registry.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lineward/base/backoff.h"
#include "lineward/base/bounded_queue.h"
#include "lineward/registry/registry.h"
#include "lineward/registry/state.h"
#include "registry/src/consents.h"
#include "registry/src/fold.h"
#include "registry/src/plan.h"
#include "registry/src/policy_sets.h"
#include "registry/src/requests.h"
#include "registry/src/view.h"

namespace lineward::registry {

class Writer {
 public:
  Writer(stream::Transport* transport, control::Follower* follower, const RegistryOptions& options,
         RegistryMetrics* metrics, telemetry::Logger log, SharedState* shared, View* view,
         base::BoundedQueue<std::shared_ptr<Request>>* queue);

  // What the view holds is what readers see first. Before Run.
  absl::Status LoadView() { return fold_.LoadShared(); }
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
  absl::Status OpenProducer();
  absl::Status CatchUp();
  absl::Status LoadHead();
  absl::Status OpenConsents();
  absl::Status Follow();
  void End(const absl::Status& status);
  absl::Status KeepSeat();
  void LetSuccessorShow();

  void Gather(std::vector<std::shared_ptr<Request>>* requests);
  absl::Status Process(std::vector<std::shared_ptr<Request>> requests);
  absl::StatusOr<Answer> Stage(const Request& request, Batch* batch);
  absl::StatusOr<Answer> StageItems(const Request& request, Batch* batch);
  Answer ItemsAnswer(const Plan& plan, bool is_single) const;
  void StoreAnswer(const Request& request, const std::string& sha256, const Answer& answer,
                   Batch* batch);
  absl::StatusOr<Answer> StageConsents(const Request& request, Batch* batch);
  absl::StatusOr<Answer> StagePolicySet(const Request& request, Batch* batch);
  absl::StatusOr<Answer> Replay(const Request& request, const std::string& sha256,
                                bool* is_replayed) const;
  absl::Status TakeConsentRecords(Batch* batch);
  absl::Status KeepBatch(Batch* batch);
  absl::Status SendBatch(const Batch& batch);
  absl::Status Send(std::string_view topic, std::string_view key, std::string_view value);
  absl::Status Recover(Batch* batch, const absl::Status& failure);
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
  View* const view_;
  base::BoundedQueue<std::shared_ptr<Request>>* const queue_;

  std::unique_ptr<stream::GroupConsumer> consumer_;
  std::unique_ptr<stream::TransactionalProducer> producer_;
  std::unique_ptr<stream::PartitionReader> consents_reader_;  // while writing
  std::vector<stream::TopicPartition> consents_partitions_;
  Fold fold_;
  State draft_;           // shared state plus what is staged; while writing
  ConsentBook consents_;  // while writing
  control::PolicyHead head_;
  std::shared_ptr<const policy::PolicySet> own_set_;  // the newest that this writer published
  uint64_t own_epoch_ = 0;
  bool is_assigned_ = false;
  bool is_writing_ = false;
  base::Backoff backoff_{"registry"};
  std::optional<telemetry::LoopWatch> watch_;  // while Run runs
};

}  // namespace lineward::registry

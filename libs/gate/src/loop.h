#pragma once

// The exactly-once loop of one seat (stream design, section 6): takes promotions, decides, sends
// outputs and blocks in one transaction with the source offsets, and finds its way back after every
// status that the transport contract knows.

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "gate/src/partition.h"
#include "gate/src/resolver.h"
#include "gate/src/tally.h"
#include "lineward/base/backoff.h"
#include "lineward/base/mutex.h"
#include "lineward/event/decode.h"
#include "lineward/gate/gate.h"
#include "lineward/gate/output_headers.h"

namespace lineward::gate {

// What loops share; owned by Gate.
struct LoopContext {
  const GateOptions* options = nullptr;
  stream::Transport* transport = nullptr;
  control::Follower* follower = nullptr;
  GateMetrics* metrics = nullptr;
  telemetry::Logger log;
};

class Loop {
 public:
  Loop(LoopContext context, int index);
  ~Loop();

  // Until `stop`, then drains: OK. Any other end is final (see GateOptions::on_stopped).
  absl::Status Run(std::stop_token stop);

  std::string NotReadyCause() const;
  uint64_t Committed() const { return committed_rows_.load(std::memory_order_relaxed); }

 private:
  using Instant = std::chrono::steady_clock::time_point;

  // The open transaction.
  struct Transaction {
    bool is_open = false;
    Instant begun;
    int64_t begun_ms = 0;  // wall clock
    int64_t decision_time_ms = 0;
    uint64_t taken = 0;        // promotions
    uint64_t sealed_rows = 0;  // of blocks that were sent
    uint64_t sent = 0;         // records
    uint64_t bytes = 0;
  };
  // Nothing is consumed before the control topics were read (stream design, section 9).
  void WaitBarrier();
  absl::Status Open();
  absl::Status Step();
  // What must be done before promotions are taken again; OK once nothing is left.
  absl::Status Prepare();
  absl::Status Rebalanced(const stream::Polled& polled);
  absl::Status Assigned(std::span<const stream::TopicPartition> partitions);
  absl::Status Revoked(bool is_lost);
  void StopPartition(Partition& partition, const absl::Status& status);
  Partition* Find(std::string_view topic, int32_t partition);
  void DropAssignment();

  absl::Status Begin();
  absl::Status Take(Partition& partition, const stream::RecordView& record);
  absl::Status Decide(Partition& partition, const stream::RecordView& record, uint64_t gap);
  absl::Status SendOutput(Partition& partition, const stream::RecordView& record,
                          const event::Decoded& decoded, const decision::DecisionInput& input,
                          const decision::Decision& decision);
  absl::Status AddRow(Partition& partition, const decision::RowFacts& row, uint64_t gap);
  void OpenBlock(Partition& partition);
  absl::Status Seal(Partition& partition, SealTrigger trigger);
  // Send that waits while the producer's queue is full.
  absl::Status Send(const stream::OutRecord& record);
  bool IsDue() const;
  absl::Status Commit(SealTrigger trigger);
  absl::Status CheckDelivered(const stream::Delivered& delivered);
  absl::Status CommitOffsetsAside(const stream::GroupToken& token,
                                  std::span<const stream::OffsetToCommit> offsets);
  void Count(const Partition& partition, const stream::RecordView& record,
             const event::Decoded& decoded, const decision::Decision& decision);
  void CountCommitted();
  // `stream_consumer_lag_records`, from what the fetches told: nothing is asked on this path.
  void MeasureLag();

  // The answer to a failed step; a status other than OK is final.
  absl::Status Recover(const absl::Status& cause);
  void Abort();
  // Forgets what the open transaction did; a no-op without one.
  void DropTransaction();
  absl::Status Recycle();
  // Polls for 2.5 s to find out whether the seat is somebody else's.
  absl::Status WaitFenced();
  // A broker that dies may take the answer to our own join with it: then we fence ourselves. Joins
  // anew, once for each time that Kafka was away; `fenced` if it was not: a twin has the seat.
  absl::Status JoinAnew(const absl::Status& fenced);
  // Goes on from the committed offsets.
  absl::Status Rewind();
  absl::StatusOr<int64_t> StartOf(const Partition& partition);
  void Drain();

  void SetCause(std::string cause);
  std::string JoiningCause() const;
  std::string_view TailOf(const event::EventView* event, const decision::DecisionInput& input,
                          const decision::Decision& decision);
  Instant Now() const { return options_.clock->Monotonic(); }

  const LoopContext context_;
  const GateOptions& options_;
  const std::string seat_;
  const std::string watch_name_;
  telemetry::Logger log_;
  std::stop_token stop_;

  std::string cluster_;
  std::unique_ptr<stream::GroupConsumer> consumer_;
  std::unique_ptr<stream::TransactionalProducer> producer_;
  // Of the sabotage `offsets_outside_transaction`.
  std::unique_ptr<stream::TransactionalProducer> sabotage_producer_;
  bool is_initialised_ = false;
  // Also of a seat that got no partition.
  bool is_assigned_ = false;
  bool needs_rewind_ = false;
  std::optional<RecycleCause> needs_recycle_;
  // A rebalance that a wait has met.
  std::optional<stream::Polled> pending_rebalance_;
  // Membership was lost and no new assignment came yet.
  std::optional<Instant> unassigned_since_;

  decision::FragmentTable fragments_;
  std::deque<Source> sources_;
  std::deque<Partition> partitions_;
  absl::flat_hash_map<std::pair<const char*, int32_t>, Partition*> by_pointer_;

  control::Pin pin_;
  Resolver resolver_;
  event::Scratch scratch_;
  OutputHeaders output_headers_;
  std::vector<event::Header> event_headers_;
  const policy::PolicySet* policy_set_ = nullptr;
  std::shared_ptr<const policy::PolicySet> held_policy_set_;
  std::vector<std::string> tails_;  // by FragmentId of the model; empty: not made yet

  Transaction transaction_;
  Tally tally_;
  int64_t last_decision_time_ms_ = 0;
  std::optional<Instant> skewed_until_;
  std::deque<Instant> fenced_at_;
  base::Backoff backoff_;
  std::unique_ptr<telemetry::LocalHistogram> decide_seconds_;
  telemetry::Gauge* last_poll_ = nullptr;
  std::optional<telemetry::LoopWatch> watch_;  // while Run runs

  std::atomic<uint64_t> committed_rows_{0};
  mutable base::Mutex mutex_;
  std::string cause_ LW_GUARDED_BY(mutex_);
};

}  // namespace lineward::gate

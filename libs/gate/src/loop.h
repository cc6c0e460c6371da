#pragma once

// The exactly-once loop of one seat (stream design, section 6): takes promotions, decides, sends
// outputs and blocks in one transaction with the source offsets, and finds its way back after every
// status that the transport contract knows.

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "gate/src/resolver.h"
#include "lineward/base/mutex.h"
#include "lineward/decision/block.h"
#include "lineward/decision/decide.h"
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

  // A source topic: what its partitions have in common.
  struct Source {
    Source(const event::SourceOptions& source_options, decision::FragmentTable* fragments);

    event::SourceOptions options;
    std::array<std::string, 4> outputs;  // by Route - 1
    decision::Bytes16 digest{};
    decision::Decider decider;
    telemetry::Counter* dead_letters = nullptr;
    telemetry::Counter* future_events = nullptr;
    telemetry::Counter* offset_gaps = nullptr;
    std::array<telemetry::Counter*, event::kCauses + 1> decode_failures{};
    std::array<telemetry::Counter*, 4> produced{};  // by Route - 1
    std::array<uint64_t, 4> sent{};                 // likewise, in the open transaction
    std::unique_ptr<telemetry::LocalHistogram> event_bytes;
    uint64_t assigned = 0;
    telemetry::Gauge* assigned_partitions = nullptr;
  };

  struct Partition {
    Partition(Source* of, stream::TopicPartition partition, const decision::FragmentTable* table,
              decision::TenantSealer::Options sealing);

    Source* source;
    stream::TopicPartition name;
    std::string text;         // `promotions-3`: key of blocks
    std::string decision_id;  // `promotions-3-` and the offset of the promotion at hand
    size_t decision_id_prefix = 0;
    int32_t decisions_partition;
    decision::SourceName source_name;
    decision::BlockBuilder builder;
    decision::TenantSealer sealer;
    int64_t expected = 0;  // the next offset to take
    bool is_genesis = false;
    bool is_stopped = false;
    bool is_touched = false;     // has rows in the open transaction
    bool is_block_open = false;  // in the open transaction
    uint64_t rows = 0;           // of the open transaction
    uint64_t gaps = 0;           // likewise
    int64_t newest_timestamp_ms = 0;
    telemetry::Counter* consumed = nullptr;
    telemetry::Gauge* lag_seconds = nullptr;
    telemetry::Gauge* lag_records = nullptr;
  };

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
  // Counted in the open transaction, added to the metrics when it is committed.
  struct Pending {
    static constexpr size_t kReasonCodes = 1024;  // codes are under 1,000

    std::array<std::array<uint32_t, kReasonCodes>, kOutcomes> decisions{};
    absl::flat_hash_map<std::pair<policy::RuleIndex, bool>, uint64_t> rules;  // rule, is shadow
    absl::flat_hash_map<std::pair<decision::FragmentId, uint8_t>, uint64_t> purposes;
    std::array<uint64_t, policy::kObligationTypes> obligations{};
    std::array<uint64_t, kOutcomes> shadow_bound{};  // by a binding in shadow
    std::array<std::array<uint64_t, kOutcomes>, kOutcomes> shadow_differences{};  // real, shadow
    std::array<uint64_t, kRuleEffects> rule_errors{};
    std::array<std::vector<int64_t>, kOutcomes> timestamps_ms;
    std::array<uint64_t, kSealTriggers> sealed{};
    uint64_t keys = 0;  // key records
    RemovedHeaders removed;
    uint64_t invalid_traces = 0;
    std::array<double, kStages> stage_cpu_seconds{};
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
  void CountShadow();
  void CountProduced();
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
  // anew, once for each time that Kafka was away; `cause` if it was not: a twin has the seat.
  absl::Status JoinAnew(const absl::Status& cause);
  // Goes on from the committed offsets.
  absl::Status Rewind();
  absl::StatusOr<int64_t> StartOf(const Partition& partition);
  void Drain();

  // Sleeps, at most until the loop is stopped.
  void Wait(absl::Duration duration);
  // The next pause of a row of failures.
  absl::Duration NextBackoff();
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
  std::optional<Instant> away_at_;  // Kafka did not answer then

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
  Pending pending_;
  int64_t last_decision_time_ms_ = 0;
  std::optional<Instant> skewed_until_;
  std::deque<Instant> fenced_at_;
  int backoff_steps_ = 0;
  uint64_t backoff_seed_ = 0;
  std::unique_ptr<telemetry::LocalHistogram> decide_seconds_;
  telemetry::Gauge* last_poll_ = nullptr;
  std::optional<telemetry::LoopWatch> watch_;  // while Run runs

  std::atomic<uint64_t> committed_rows_{0};
  mutable base::Mutex mutex_;
  std::string cause_ LW_GUARDED_BY(mutex_);
};

}  // namespace lineward::gate

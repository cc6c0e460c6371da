#include "gate/src/loop.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "lineward/base/bytes.h"
#include "lineward/base/check.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/gate/log_events.h"
#include "lineward/gate/reasons.h"
#include "lineward/policy/reasons.h"
#include "lineward/stream/reasons.h"

namespace lineward::gate {
namespace {

constexpr absl::Duration kIdlePoll = absl::Milliseconds(100);
constexpr absl::Duration kBarrierPoll = absl::Milliseconds(100);
constexpr absl::Duration kQueueFullPoll = absl::Milliseconds(1);
// Retry after a skewed clock was seen.
constexpr absl::Duration kSkewPause = absl::Seconds(5);
// A fenced producer and a lost broker look alike: this long the seat is asked.
constexpr absl::Duration kFencedPoll = absl::Milliseconds(2500);
constexpr absl::Duration kFencedWindow = absl::Seconds(60);
constexpr size_t kFencedMax = 3;
// One promotion in so many is timed.
constexpr int64_t kTimedEvery = 64;

std::chrono::nanoseconds Nanos(absl::Duration duration) {
  return std::chrono::nanoseconds(absl::ToInt64Nanoseconds(duration));
}

absl::Duration Elapsed(std::chrono::steady_clock::time_point since,
                       std::chrono::steady_clock::time_point now) {
  return absl::FromChrono(now - since);
}

// Times what one promotion in `kTimedEvery` goes through and counts it for all of them. The clock
// is the steady one, which costs a tenth of the thread's; a lap in which the thread was put aside
// shows by its length and counts as nothing.
class Laps {
 public:
  explicit Laps(bool is_on) : is_on_(is_on) {
    if (is_on_) last_ = std::chrono::steady_clock::now();
  }
  // Adds the time since the last call.
  void Count(double* seconds) {
    if (!is_on_) return;
    const auto now = std::chrono::steady_clock::now();
    const auto lap = now - std::exchange(last_, now);
    if (lap < kLapMax) *seconds += std::chrono::duration<double>(lap).count() * kTimedEvery;
  }

 private:
  static constexpr std::chrono::microseconds kLapMax{100};
  const bool is_on_;
  std::chrono::steady_clock::time_point last_{};
};

// CPU of the calling thread.
double ThreadCpuSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The promotion written anew from what the decoder knows, as the sabotage `payload_reserialised`
// sends it: fields of the user's own are lost.
std::string Reserialised(const event::EventView& event) {
  const std::pair<uint64_t, std::string_view> fields[] = {
      {1, event.event_id}, {3, event.surface},     {4, event.subject_id},
      {5, event.item_id},  {6, event.model_name},  {7, event.model_version},
      {8, event.purpose},  {9, event.jurisdiction}};
  std::string bytes;
  for (const auto& [number, text] : fields) {
    base::AppendUv(&bytes, number << 3 | 2);
    base::AppendUv(&bytes, text.size());
    bytes.append(text);
  }
  return bytes;
}

}  // namespace

Loop::Loop(LoopContext context, int index)
    : context_(std::move(context)),
      options_(*context_.options),
      seat_(fmt::format("lineward.gate.{}.{}", options_.instance_id, index)),
      watch_name_(fmt::format("gate-{}", index)),
      log_(context_.log.For("gate")),
      tally_(context_.metrics),
      backoff_(seat_) {
  GateMetrics& metrics = *context_.metrics;
  for (const event::SourceOptions& source : options_.sources) {
    sources_.emplace_back(source, &fragments_, metrics);
  }
  decide_seconds_ = std::make_unique<telemetry::LocalHistogram>(metrics.decide_seconds);
  last_poll_ = metrics.last_poll_seconds->With({seat_});
  SetCause("starting");
}

Loop::~Loop() = default;

void Loop::SetCause(std::string cause) {
  base::MutexLock lock(&mutex_);
  cause_ = std::move(cause);
}

std::string Loop::JoiningCause() const {
  return fmt::format("joining group {}", options_.group_id);
}

std::string Loop::NotReadyCause() const {
  base::MutexLock lock(&mutex_);
  return cause_;
}

// --- Start.

void Loop::WaitBarrier() {
  if (base::IsSabotaged("no_barrier")) return;
  std::string last;
  while (!stop_.stop_requested() && !context_.follower->WaitReady(kBarrierPoll)) {
    watch_->Tick();
    std::string cause = context_.follower->NotReadyCause();
    if (cause != last) log_.Write(kGateBarrierWait, cause);
    last = cause;
    SetCause(std::move(cause));
  }
}

absl::Status Loop::Open() {
  watch_->TickBefore(telemetry::kNeighbourLimit);
  LW_ASSIGN_OR_RETURN(cluster_, context_.transport->LogId());
  stream::GroupOptions group{.group_id = options_.group_id,
                             .instance_id = seat_,
                             .session_timeout = options_.session_timeout,
                             .max_poll_interval = options_.max_poll_interval};
  stream::TransactionalOptions transactional{.transactional_id = seat_};
  for (const Source& source : sources_) {
    group.topics.push_back(source.options.topic);
    transactional.topics.insert(transactional.topics.end(), source.outputs.begin(),
                                source.outputs.end());
  }
  transactional.topics.emplace_back(stream::kDecisionsTopic);
  transactional.topics.emplace_back(stream::kKeysTopic);
  if (producer_ == nullptr) {
    LW_ASSIGN_OR_RETURN(producer_, context_.transport->OpenTransactionalProducer(transactional));
  }
  if (base::IsSabotaged("offsets_outside_transaction") && sabotage_producer_ == nullptr) {
    transactional.transactional_id += ".aside";
    LW_ASSIGN_OR_RETURN(sabotage_producer_,
                        context_.transport->OpenTransactionalProducer(transactional));
    LW_RETURN_IF_ERROR(sabotage_producer_->Init());
  }
  LW_ASSIGN_OR_RETURN(consumer_, context_.transport->OpenGroupConsumer(group));
  return absl::OkStatus();
}

absl::Status Loop::Run(std::stop_token stop) {
  stop_ = std::move(stop);
  watch_.emplace(options_.health, watch_name_);
  WaitBarrier();
  SetCause(JoiningCause());
  while (!stop_.stop_requested()) {
    watch_->Tick();
    const absl::Status status = consumer_ == nullptr ? Open() : Step();
    if (status.ok()) continue;
    watch_->TickBefore(telemetry::kNeighbourLimit);
    absl::Status final_status = Recover(status);
    if (final_status.ok()) continue;
    if (absl::IsPermissionDenied(final_status)) {
      final_status = base::Annotate(final_status, "seat `{}`", seat_);
    }
    SetCause(fmt::format("stopped: {}", base::MessageOf(final_status)));
    Drain();
    return final_status;
  }
  SetCause("draining");
  Drain();
  return absl::OkStatus();
}

void Loop::Drain() {
  watch_->TickBefore(telemetry::kNeighbourLimit);
  if (transaction_.is_open) {
    absl::Status status = Commit(SealTrigger::kDrain);
    if (!status.ok()) {
      log_.Write(kGateTransactionFailed, base::MessageOf(status));
      Abort();
    }
  }
  DropAssignment();
  consumer_.reset();
  producer_.reset();
  sabotage_producer_.reset();
  watch_.reset();
  log_.Write(kGateDrained, "closed", {{"seat", seat_}});
}

// --- Partitions.

absl::Status Loop::Step() {
  if (pending_rebalance_.has_value()) {
    const stream::Polled polled = *std::exchange(pending_rebalance_, std::nullopt);
    return Rebalanced(polled);
  }
  LW_RETURN_IF_ERROR(Prepare());
  const Instant now = Now();
  absl::Duration timeout = kIdlePoll;
  if (transaction_.is_open) {
    const absl::Duration age = Elapsed(transaction_.begun, now);
    if (age > options_.transaction_age_max) {
      return base::Aborted(kTransactionTooOld, "transaction open for {} ms, limit {} ms",
                           absl::ToInt64Milliseconds(age),
                           absl::ToInt64Milliseconds(options_.transaction_age_max));
    }
    timeout = std::clamp(options_.commit_interval - age, absl::ZeroDuration(), kIdlePoll);
  }
  LW_ASSIGN_OR_RETURN(const stream::Polled polled, consumer_->Poll(timeout));
  watch_->Tick();
  last_poll_->Set(absl::ToDoubleSeconds(options_.clock->Now() - absl::UnixEpoch()));
  if (polled.rebalance != stream::Rebalance::kNone) return Rebalanced(polled);
  if (!polled.records.empty()) LW_RETURN_IF_ERROR(base::FaultPoint("gate.after_poll"));
  for (const stream::RecordView& record : polled.records) {
    Partition* partition = Find(record.topic, record.partition);
    if (partition == nullptr || partition->is_stopped) continue;
    LW_RETURN_IF_ERROR(Take(*partition, record));
    if (IsDue()) LW_RETURN_IF_ERROR(Commit(SealTrigger::kCommit));
  }
  for (const stream::PartitionEvent& event : polled.events) {
    if (event.kind != stream::PartitionEvent::Kind::kStopped) continue;
    Partition* partition = Find(event.partition.topic, event.partition.partition);
    if (partition != nullptr) StopPartition(*partition, event.status);
  }
  if (polled.records.empty() && !transaction_.is_open) {
    // What the next transaction sees at least.
    const uint64_t seq = context_.follower->Snapshot()->RegistrySeq();
    context_.metrics->registry_seq->Set(static_cast<double>(seq));
    for (Partition& partition : partitions_) {
      if (std::exchange(partition.newest_timestamp_ms, 0) == 0) continue;
      partition.lag_seconds->Set(0);
      partition.lag_records->Set(0);
    }
  }
  if (transaction_.is_open && Elapsed(transaction_.begun, Now()) >= options_.commit_interval) {
    return Commit(SealTrigger::kCommit);
  }
  return absl::OkStatus();
}

absl::Status Loop::Prepare() {
  if (needs_recycle_.has_value() || needs_rewind_) watch_->TickBefore(telemetry::kNeighbourLimit);
  if (needs_recycle_.has_value() && is_assigned_) LW_RETURN_IF_ERROR(Recycle());
  if (needs_rewind_) LW_RETURN_IF_ERROR(Rewind());
  if (skewed_until_.has_value() && Now() >= *skewed_until_) {
    skewed_until_.reset();
    LW_RETURN_IF_ERROR(consumer_->Resume());
  }
  if (unassigned_since_.has_value() &&
      Elapsed(*unassigned_since_, Now()) > 2 * options_.session_timeout) {
    // The group forgot to tell: join anew.
    unassigned_since_.reset();
    consumer_.reset();
    return Open();
  }
  return absl::OkStatus();
}

Partition* Loop::Find(std::string_view topic, int32_t partition) {
  const auto known = by_pointer_.find({topic.data(), partition});
  if (known != by_pointer_.end()) return known->second;
  for (Partition& candidate : partitions_) {
    if (candidate.name.topic == topic && candidate.name.partition == partition) {
      by_pointer_[{topic.data(), partition}] = &candidate;
      return &candidate;
    }
  }
  return nullptr;
}

void Loop::StopPartition(Partition& partition, const absl::Status& status) {
  partition.is_stopped = true;
  log_.Write(kGatePartitionStopped, fmt::format("{}: {}", partition.text, base::MessageOf(status)),
             {{"topic", partition.name.topic},
              {"partition", partition.name.partition},
              {"offset", partition.expected}});
}

void Loop::DropAssignment() {
  for (Partition& partition : partitions_) {
    partition.sealer.Clear();
    const std::string number = std::to_string(partition.name.partition);
    context_.metrics->lag_seconds->Remove({partition.name.topic, number});
    context_.metrics->lag_records->Remove({partition.name.topic, number});
  }
  for (Source& source : sources_) source.assigned_partitions->Set(0);
  by_pointer_.clear();
  partitions_.clear();
  is_assigned_ = false;
  needs_rewind_ = false;
}

absl::Status Loop::Rebalanced(const stream::Polled& polled) {
  switch (polled.rebalance) {
    case stream::Rebalance::kNone:
      return absl::OkStatus();
    case stream::Rebalance::kAssigned:
      context_.metrics->rebalances[0]->Add();
      return Assigned(polled.partitions);
    case stream::Rebalance::kRevoked:
      context_.metrics->rebalances[1]->Add();
      return Revoked(/*is_lost=*/false);
    case stream::Rebalance::kLost:
      context_.metrics->rebalances[2]->Add();
      return Revoked(/*is_lost=*/true);
  }
  return absl::OkStatus();
}

absl::Status Loop::Assigned(std::span<const stream::TopicPartition> partitions) {
  if (transaction_.is_open) Abort();
  DropAssignment();
  unassigned_since_.reset();
  std::vector<uint64_t> assigned(sources_.size());
  for (const stream::TopicPartition& name : partitions) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      Source& source = sources_[i];
      if (source.options.topic != name.topic) continue;
      ++assigned[i];
      const decision::TenantSealer::Options sealing{
          .tenant_key = options_.tenant_key,
          .epoch = options_.log_epoch,
          .source = {cluster_, name.topic, static_cast<uint32_t>(name.partition)}};
      partitions_.emplace_back(&source, name, &fragments_, sealing, *context_.metrics);
    }
  }
  for (size_t i = 0; i < sources_.size(); ++i) {
    sources_[i].assigned_partitions->Set(static_cast<double>(assigned[i]));
  }
  is_assigned_ = true;
  needs_rewind_ = true;
  log_.Write(kGateAssigned, fmt::format("{} partitions", partitions.size()), {{"seat", seat_}});
  return absl::OkStatus();
}

absl::Status Loop::Revoked(bool is_lost) {
  if (transaction_.is_open) {
    if (is_lost) {
      Abort();
    } else if (const absl::Status status = Commit(SealTrigger::kRevoke); !status.ok()) {
      if (absl::IsPermissionDenied(status)) return status;
      log_.Write(kGateTransactionFailed, base::MessageOf(status));
      Abort();
    }
  }
  DropAssignment();
  if (is_lost) SetCause(JoiningCause());
  log_.Write(kGateRevoked, is_lost ? "lost" : "revoked", {{"seat", seat_}});
  return consumer_->Unassign();
}

absl::StatusOr<int64_t> Loop::StartOf(const Partition& partition) {
  const event::Start& start = partition.source->options.start;
  const std::span<const stream::TopicPartition> name(&partition.name, 1);
  switch (start.kind) {
    case event::Start::Kind::kOffset:
      return start.offset;
    case event::Start::Kind::kEarliest: {
      LW_ASSIGN_OR_RETURN(const std::vector<int64_t> offsets, consumer_->StartOffsets(name));
      return offsets.front();
    }
    case event::Start::Kind::kLatest: {
      LW_ASSIGN_OR_RETURN(const std::vector<int64_t> offsets, consumer_->EndOffsets(name));
      return offsets.front();
    }
  }
  return 0;
}

absl::Status Loop::Rewind() {
  if (!is_initialised_) {
    // Not before the group has given the seat: an older twin is told by the join, not by Init.
    LW_RETURN_IF_ERROR(producer_->Init());
    is_initialised_ = true;
  }
  std::vector<stream::TopicPartition> names;
  for (const Partition& partition : partitions_) {
    if (!partition.is_stopped) names.push_back(partition.name);
  }
  LW_ASSIGN_OR_RETURN(const std::vector<stream::CommittedOffset> committed,
                      consumer_->Committed(names));
  std::vector<stream::Position> positions;
  for (const stream::CommittedOffset& offset : committed) {
    Partition* partition = Find(offset.partition.topic, offset.partition.partition);
    LW_CHECK(partition != nullptr, "{} is not ours", stream::ToString(offset.partition));
    if (offset.offset.has_value()) {
      partition->expected = *offset.offset;
      partition->is_genesis = false;
    } else {
      LW_ASSIGN_OR_RETURN(partition->expected, StartOf(*partition));
      partition->is_genesis = partition->source->options.start.kind != event::Start::Kind::kOffset;
    }
    positions.push_back({partition->name, partition->expected});
  }
  LW_RETURN_IF_ERROR(consumer_->Assign(positions));
  // Find met names of Committed, not of records.
  by_pointer_.clear();
  if (skewed_until_.has_value()) LW_RETURN_IF_ERROR(consumer_->Pause());
  needs_rewind_ = false;
  SetCause("");
  return absl::OkStatus();
}

// --- One promotion.

absl::Status Loop::Begin() {
  if (producer_->NeedsRecycle()) {
    needs_recycle_ = RecycleCause::kSuspect;
    LW_RETURN_IF_ERROR(Recycle());
  }
  if (!base::IsSabotaged("no_barrier") && !context_.follower->IsReady()) {
    return base::Unavailable("", "control: {}", context_.follower->NotReadyCause());
  }
  pin_ = context_.follower->TakePin();
  const control::ControlSnapshot& snapshot = pin_.Snapshot();
  if (snapshot.Policies() == nullptr) {
    pin_.Release();
    return base::Unavailable("", "control: no valid policy set yet");
  }
  if (snapshot.Policies() != policy_set_) {
    tails_.clear();
    held_policy_set_ = snapshot.SharedPolicies();
    policy_set_ = held_policy_set_.get();
  }
  LW_RETURN_IF_ERROR(producer_->Begin());
  transaction_ = {};
  transaction_.is_open = true;
  transaction_.begun = Now();
  transaction_.begun_ms = base::ToUnixMillis(options_.clock->Now());
  last_decision_time_ms_ = std::max(last_decision_time_ms_, transaction_.begun_ms);
  transaction_.decision_time_ms = last_decision_time_ms_;
  resolver_.Use(pin_, transaction_.decision_time_ms);
  for (Partition& partition : partitions_) {
    partition.sealer.SetTime(transaction_.decision_time_ms);
  }
  return absl::OkStatus();
}

absl::Status Loop::Take(Partition& partition, const stream::RecordView& record) {
  if (record.offset < partition.expected) return absl::OkStatus();
  if (!transaction_.is_open) LW_RETURN_IF_ERROR(Begin());
  const auto gap = static_cast<uint64_t>(record.offset - partition.expected);
  LW_RETURN_IF_ERROR(Decide(partition, record, gap));
  ++transaction_.taken;
  partition.expected = record.offset + 1;
  partition.is_touched = true;
  ++partition.rows;
  partition.gaps += gap;
  partition.newest_timestamp_ms = record.timestamp_ms;
  if (partition.builder.rows() == decision::kRowsMax) return Seal(partition, SealTrigger::kRows);
  return absl::OkStatus();
}

absl::Status Loop::Decide(Partition& partition, const stream::RecordView& record, uint64_t gap) {
  const bool is_timed = record.offset % kTimedEvery == 0;
  const auto start = is_timed ? std::chrono::steady_clock::now() : Instant();
  const auto spent = [this](Stage stage) { return tally_.CpuOf(stage); };
  Laps laps(is_timed);
  event_headers_.clear();
  for (const stream::Header& header : record.headers) {
    event_headers_.push_back({header.name, header.value});
  }
  const event::Decoded decoded =
      event::Decode(event_headers_, record.value, partition.source->options, &scratch_);
  laps.Count(spent(Stage::kDecode));
  decision::DecisionInput input;
  input.offset = static_cast<uint64_t>(record.offset);
  input.decision_time_ms = transaction_.decision_time_ms;
  input.topic = partition.name.topic;
  input.event = decoded.event;
  input.cause = decoded.error.cause;
  input.trace_id = decoded.trace_id;
  input.replay_of = decoded.replay_of;
  input.payload = record.value.value_or(std::string_view());
  input.message_key = record.key;
  if (decoded.event != nullptr) resolver_.Resolve(*decoded.event, &input);
  const decision::Decision& decision = partition.source->decider.Decide(*policy_set_, input);
  laps.Count(spent(Stage::kDecide));
  if (is_timed) {
    decide_seconds_->Observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  LW_RETURN_IF_ERROR(base::FaultPoint("gate.after_decide"));
  LW_RETURN_IF_ERROR(SendOutput(partition, record, decoded, input, decision));
  laps.Count(spent(Stage::kSend));
  LW_RETURN_IF_ERROR(AddRow(partition, decision.row, gap));
  laps.Count(spent(Stage::kSeal));
  Count(partition, record, decoded, decision);
  return absl::OkStatus();
}

std::string_view Loop::TailOf(const event::EventView* event, const decision::DecisionInput& input,
                              const decision::Decision& decision) {
  const decision::FragmentId id = decision.row.model;
  if (id >= tails_.size()) tails_.resize(id + 1);
  std::string& tail = tails_[id];
  if (!tail.empty()) return tail;
  std::optional<crypto::Digest> weights;
  std::optional<decision::Bytes16> closure;
  if (decision.weights.size() == sizeof(crypto::Digest)) {
    weights.emplace();
    std::copy(decision.weights.begin(), decision.weights.end(), weights->begin());
  }
  if (input.closure.size() == sizeof(decision::Bytes16)) {
    closure.emplace();
    std::copy(input.closure.begin(), input.closure.end(), closure->begin());
  }
  crypto::Digest set{};
  std::copy(policy_set_->digest().begin(), policy_set_->digest().end(), set.begin());
  tail = event == nullptr
             ? DecisionTail("", "", std::nullopt, std::nullopt, set)
             : DecisionTail(event->model_name, event->model_version, weights, closure, set);
  return tail;
}

absl::Status Loop::SendOutput(Partition& partition, const stream::RecordView& record,
                              const event::Decoded& decoded, const decision::DecisionInput& input,
                              const decision::Decision& decision) {
  OutputFacts facts;
  facts.decision_id = partition.DecisionId(record.offset);
  facts.topic = partition.name.topic;
  facts.partition = partition.name.partition;
  facts.offset = record.offset;
  facts.outcome = static_cast<decision::Outcome>(decision.verdict.outcome);
  facts.reason = policy::ReasonName(decision.verdict.primary);
  facts.tail = TailOf(decoded.event, input, decision);
  facts.time_ms = transaction_.decision_time_ms;
  facts.obligations = decision.obligations;
  facts.is_shadow = decision.verdict.mode == policy::Mode::kShadow;
  facts.replay_of = decoded.replay_of;
  facts.trace_id = decoded.trace_id;
  facts.malformed = decoded.error;
  std::optional<std::string_view> value = record.value;
  if (!decoded.ok() && value.has_value() && value->size() > partition.source->options.max_bytes) {
    facts.truncated_from = value->size();
    value = value->substr(0, kTruncatedValueBytes);
  }
  std::string reserialised;
  if (base::IsSabotaged("payload_reserialised") && decoded.event != nullptr) {
    reserialised = Reserialised(*decoded.event);
    value = reserialised;
  }
  const stream::OutRecord output{.topic = partition.source->OutputOf(decision.row.route),
                                 .partition = partition.name.partition,
                                 .key = record.key,
                                 .value = value,
                                 .headers = output_headers_.Compose(record.headers, facts),
                                 .timestamp_ms = record.timestamp_ms};
  const absl::Status status = Send(output);
  if (absl::IsInvalidArgument(status)) {
    // Its outputs do not fit the source: nothing of it may go out, the others go on.
    StopPartition(partition, status);
    return base::Aborted(base::ReasonOf(status), "{}: {}", partition.text, base::MessageOf(status));
  }
  ++partition.source->sent[Source::IndexOf(decision.row.route)];
  return status;
}

void Loop::OpenBlock(Partition& partition) {
  decision::BlockContext context;
  context.source = partition.source_name;
  context.first = static_cast<uint64_t>(partition.expected);
  context.decision_time_ms = transaction_.decision_time_ms;
  std::copy(policy_set_->digest().begin(), policy_set_->digest().end(), context.policy_set.begin());
  if (partition.is_genesis) context.flags |= decision::kGenesis;
  if (pin_.is_control_stale()) context.flags |= decision::kControlStale;
  for (size_t i = 0; i < control::kControlTopics; ++i) {
    context.run.control[i] = static_cast<uint64_t>(pin_.NextOffsets()[i]);
  }
  context.run.registry_seq = pin_.Snapshot().RegistrySeq();
  context.run.control_age_ms = {static_cast<uint64_t>(pin_.ConsentAgeMs()),
                                static_cast<uint64_t>(pin_.OldestOtherAgeMs())};
  context.run.seat = seat_;
  context.run.software = options_.software_version;
  context.run.source_digest = partition.source->digest;
  context.personal_ids = partition.source->options.personal_ids;
  context.envelope = partition.source->options.envelope;
  partition.builder.Open(context);
  partition.is_block_open = true;
}

absl::Status Loop::AddRow(Partition& partition, const decision::RowFacts& row, uint64_t gap) {
  if (!partition.is_block_open) OpenBlock(partition);
  partition.builder.Skip(decision::GapReason::kNotDelivered, gap);
  absl::Status status = partition.builder.Append(row);
  if (!absl::IsResourceExhausted(status)) return status;
  partition.builder.Unskip(decision::GapReason::kNotDelivered, gap);
  LW_RETURN_IF_ERROR(Seal(partition, SealTrigger::kBytes));
  OpenBlock(partition);
  partition.builder.Skip(decision::GapReason::kNotDelivered, gap);
  return partition.builder.Append(row);
}

absl::Status Loop::Seal(Partition& partition, SealTrigger trigger) {
  const double cpu_before = ThreadCpuSeconds();
  const decision::SealedBlock block = partition.builder.Seal(partition.sealer);
  *tally_.CpuOf(Stage::kSeal) += ThreadCpuSeconds() - cpu_before;
  partition.is_block_open = false;
  // The next block of this source is not its first.
  partition.is_genesis = false;
  for (const decision::KeyRecord& key : partition.sealer.TakeRecords()) {
    LW_RETURN_IF_ERROR(Send({.topic = stream::kKeysTopic,
                             .partition = partition.decisions_partition,
                             .key = key.key,
                             .value = key.value}));
    tally_.CountKey();
  }
  LW_RETURN_IF_ERROR(base::FaultPoint("gate.after_seal"));
  LW_RETURN_IF_ERROR(Send({.topic = stream::kDecisionsTopic,
                           .partition = partition.decisions_partition,
                           .key = partition.text,
                           .value = block.bytes}));
  transaction_.sealed_rows += block.header.rows;
  tally_.CountBlock(trigger);
  return absl::OkStatus();
}

absl::Status Loop::Send(const stream::OutRecord& record) {
  while (true) {
    absl::Status status = producer_->Send(record);
    if (status.ok()) {
      ++transaction_.sent;
      transaction_.bytes += stream::PayloadBytes(record);
      return status;
    }
    if (!absl::IsResourceExhausted(status)) return status;
    if (Elapsed(transaction_.begun, Now()) > options_.transaction_age_max) {
      return base::Aborted(kTransactionTooOld, "the producer's queue stays full");
    }
    producer_->Poll(kQueueFullPoll);
  }
}

void Loop::Count(const Partition& partition, const stream::RecordView& record,
                 const event::Decoded& decoded, const decision::Decision& decision) {
  tally_.Count(decision, record.timestamp_ms);
  tally_.CountRemoved(output_headers_.removed());
  partition.source->CountIntake(record, decoded, transaction_.begun_ms);
  if (decoded.trace_id.has_value()) return;
  const bool has_header =
      std::any_of(event_headers_.begin(), event_headers_.end(),
                  [](const event::Header& header) { return header.name == "traceparent"; });
  const bool has_field = decoded.ok() && !decoded.event->traceparent.empty();
  if (has_header || has_field) tally_.CountInvalidTrace();
}

// --- Commit.

bool Loop::IsDue() const {
  return transaction_.is_open && (transaction_.taken >= options_.transaction_rows_max ||
                                  transaction_.bytes >= options_.transaction_bytes_max);
}

absl::Status Loop::CheckDelivered(const stream::Delivered& delivered) {
  if (transaction_.sealed_rows != transaction_.taken || delivered.records != transaction_.sent) {
    context_.metrics->reconciliation_failures->Add();
    absl::Status status = base::Aborted(
        kReconciliationFailed, "{} promotions taken, {} rows sealed; {} records sent, {} delivered",
        transaction_.taken, transaction_.sealed_rows, transaction_.sent, delivered.records);
    log_.Write(kGateReconciliationFailed, base::MessageOf(status));
    return status;
  }
  // The log stamped the blocks between Begin and now, if both clocks agree.
  const int64_t now_ms = base::ToUnixMillis(options_.clock->Now());
  int64_t skew_ms = 0;
  if (delivered.newest_append_ms.has_value()) {
    skew_ms = std::max(skew_ms, *delivered.newest_append_ms - now_ms);
  }
  if (delivered.oldest_append_ms.has_value()) {
    skew_ms = std::max(skew_ms, transaction_.begun_ms - *delivered.oldest_append_ms);
  }
  context_.metrics->clock_skew_seconds->Set(static_cast<double>(skew_ms) / 1e3);
  const int64_t skew_max_ms = absl::ToInt64Milliseconds(options_.max_clock_skew);
  if (skew_ms <= skew_max_ms || base::IsSabotaged("no_clock_check")) return absl::OkStatus();
  skewed_until_ = Now() + Nanos(kSkewPause);
  const absl::Status status = base::Aborted(
      kClockSkewed, "clock differs from the broker's by {} ms, limit {} ms", skew_ms, skew_max_ms);
  log_.Write(kGateClockSkewed, base::MessageOf(status));
  return status;
}

absl::Status Loop::CommitOffsetsAside(const stream::GroupToken& token,
                                      std::span<const stream::OffsetToCommit> offsets) {
  LW_RETURN_IF_ERROR(sabotage_producer_->Begin());
  LW_RETURN_IF_ERROR(sabotage_producer_->SendOffsets(token, offsets));
  return sabotage_producer_->Commit();
}

absl::Status Loop::Commit(SealTrigger trigger) {
  watch_->TickBefore(telemetry::kNeighbourLimit);
  const Instant begun = Now();
  for (Partition& partition : partitions_) {
    if (partition.is_block_open) LW_RETURN_IF_ERROR(Seal(partition, trigger));
  }
  const uint64_t registry_seq = pin_.Snapshot().RegistrySeq();
  resolver_.Release();
  pin_.Release();
  LW_ASSIGN_OR_RETURN(const stream::Delivered delivered, producer_->Flush());
  LW_RETURN_IF_ERROR(CheckDelivered(delivered));
  std::vector<stream::OffsetToCommit> offsets;
  for (const Partition& partition : partitions_) {
    if (partition.is_touched) offsets.push_back({partition.name, partition.expected, ""});
  }
  LW_ASSIGN_OR_RETURN(const stream::GroupToken token, consumer_->Token());
  if (sabotage_producer_ != nullptr) {
    LW_RETURN_IF_ERROR(CommitOffsetsAside(token, offsets));
  } else {
    LW_RETURN_IF_ERROR(producer_->SendOffsets(token, offsets));
  }
  LW_RETURN_IF_ERROR(producer_->Commit());

  context_.metrics->registry_seq->Set(static_cast<double>(registry_seq));
  context_.metrics->commit_seconds->Observe(absl::ToDoubleSeconds(Elapsed(begun, Now())));
  CountCommitted();
  for (Partition& partition : partitions_) partition.sealer.Commit();
  DropTransaction();
  backoff_.Reset();
  MeasureLag();
  watch_->Tick();
  return absl::OkStatus();
}

void Loop::CountCommitted() {
  context_.metrics->transactions[static_cast<size_t>(TransactionResult::kCommitted)]->Add();
  committed_rows_.fetch_add(transaction_.taken, std::memory_order_relaxed);
  const int64_t now_ms = base::ToUnixMillis(options_.clock->Now());
  tally_.Publish(*policy_set_, fragments_, now_ms);
  for (const Partition& partition : partitions_) {
    if (partition.is_touched) partition.Publish(now_ms);
  }
  for (const Source& source : sources_) source.Publish();
  decide_seconds_->Flush();
}

void Loop::MeasureLag() {
  for (const Partition& partition : partitions_) {
    const std::optional<int64_t> end = consumer_->FetchedEnd(partition.name);
    if (!end.has_value()) continue;
    const int64_t behind = std::max<int64_t>(*end - partition.expected, 0);
    partition.lag_records->Set(static_cast<double>(behind));
  }
}

// --- Recovery.

void Loop::DropTransaction() {
  resolver_.Release();
  pin_.Release();
  transaction_ = {};
  tally_.Clear();
  for (Source& source : sources_) source.sent.fill(0);
  for (Partition& partition : partitions_) partition.DropTransaction();
  // No block is open now.
  if (fragments_.is_full()) {
    fragments_.Clear();
    tails_.clear();
    for (Source& source : sources_) source.decider.ForgetFragments();
  }
}

void Loop::Abort() {
  if (transaction_.is_open && !producer_->Abort().ok()) {
    needs_recycle_ = RecycleCause::kUnknown;
  }
  if (transaction_.is_open) {
    context_.metrics->transactions[static_cast<size_t>(TransactionResult::kAborted)]->Add();
  }
  for (Partition& partition : partitions_) partition.sealer.Abort();
  DropTransaction();
}

absl::Status Loop::Recover(const absl::Status& cause) {
  log_.Write(absl::IsUnavailable(cause) ? kGateUnavailable : kGateTransactionFailed,
             base::MessageOf(cause), {{"seat", seat_}, {"reason", base::ReasonOf(cause)}});
  const bool had_transaction = transaction_.is_open;
  // Until the next rewind succeeds.
  SetCause(std::string(base::MessageOf(cause)));
  switch (cause.code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
      Abort();
      needs_rewind_ = is_assigned_ && !base::IsSabotaged("no_rewind");
      base::WaitFor(backoff_.Next(), stop_);
      return absl::OkStatus();
    case absl::StatusCode::kFailedPrecondition:
      Abort();
      DropAssignment();
      unassigned_since_ = Now();
      return absl::OkStatus();
    case absl::StatusCode::kUnknown: {
      if (had_transaction) {
        context_.metrics->transactions[static_cast<size_t>(TransactionResult::kUnknown)]->Add();
      }
      const bool is_fenced = producer_->IsFenced();
      for (Partition& partition : partitions_) partition.sealer.Abort();
      DropTransaction();
      needs_recycle_ = is_fenced ? RecycleCause::kFenced : RecycleCause::kUnknown;
      needs_rewind_ = is_assigned_;
      return is_fenced ? WaitFenced() : absl::OkStatus();
    }
    case absl::StatusCode::kUnavailable: {
      // Also without a transaction: what the last Poll handed over was not taken.
      Abort();
      needs_rewind_ = is_assigned_;
      base::WaitFor(backoff_.Next(), stop_);
      if (consumer_ == nullptr || !needs_rewind_) return absl::OkStatus();
      // Keeps the membership alive while the way back is retried.
      const auto polled = consumer_->Poll(absl::ZeroDuration());
      if (absl::IsPermissionDenied(polled.status())) return JoinAnew(polled.status());
      if (polled.ok() && polled->rebalance != stream::Rebalance::kNone) {
        pending_rebalance_ = *polled;
      }
      return absl::OkStatus();
    }
    case absl::StatusCode::kPermissionDenied:
      return JoinAnew(cause);
    default:
      return cause;
  }
}

absl::Status Loop::JoinAnew(const absl::Status& fenced) {
  if (consumer_ == nullptr || consumer_->SinceBroken() > kFencedWindow) return fenced;
  Abort();
  DropAssignment();
  consumer_.reset();
  return absl::OkStatus();
}

absl::Status Loop::WaitFenced() {
  const Instant now = Now();
  fenced_at_.push_back(now);
  while (Elapsed(fenced_at_.front(), now) > kFencedWindow) fenced_at_.pop_front();
  if (fenced_at_.size() >= kFencedMax) {
    return base::PermissionDenied(stream::kSeatTaken, "fenced {} times within {} s",
                                  fenced_at_.size(), absl::ToInt64Seconds(kFencedWindow));
  }
  (void)consumer_->Pause();
  const auto deadline = std::chrono::steady_clock::now() + Nanos(kFencedPoll);
  while (!stop_.stop_requested() && std::chrono::steady_clock::now() < deadline) {
    const auto polled = consumer_->Poll(kIdlePoll);
    if (absl::IsPermissionDenied(polled.status())) return JoinAnew(polled.status());
    if (!polled.ok()) {
      base::WaitFor(kIdlePoll, stop_);
      continue;
    }
    if (polled->rebalance == stream::Rebalance::kAssigned) {
      pending_rebalance_ = *polled;
      break;
    }
    if (polled->rebalance != stream::Rebalance::kNone) LW_RETURN_IF_ERROR(Rebalanced(*polled));
  }
  (void)consumer_->Resume();
  return absl::OkStatus();
}

absl::Status Loop::Recycle() {
  const RecycleCause cause = *needs_recycle_;
  LW_RETURN_IF_ERROR(producer_->Recycle());
  is_initialised_ = true;
  needs_recycle_.reset();
  context_.metrics->recycles[static_cast<size_t>(cause)]->Add();
  log_.Write(kGateRecycled, "a new producer", {{"seat", seat_}});
  return absl::OkStatus();
}

}  // namespace lineward::gate

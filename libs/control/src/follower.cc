#include "lineward/control/follower.h"

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <thread>
#include <utility>

#include "control/src/state.h"
#include "lineward/base/backoff.h"
#include "lineward/base/check.h"
#include "lineward/base/fault.h"
#include "lineward/base/mutex.h"
#include "lineward/base/status.h"
#include "lineward/base/thread.h"
#include "lineward/control/log_events.h"
#include "lineward/control/reasons.h"

namespace lineward::control {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

// Waits on conditions come back at least this often, to look at the stop token.
constexpr std::chrono::milliseconds kTick{100};
constexpr absl::Duration kPollMax = absl::Milliseconds(10);

int64_t MillisSince(TimePoint then, TimePoint now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - then).count();
}

size_t Index(ControlTopic topic) { return static_cast<size_t>(topic); }

struct ConsentUpdate {
  std::string subject;
  std::optional<ConsentRecord> record;  // nullopt: deleted
};

}  // namespace

struct Follower::Impl {
  Impl(stream::Transport* transport_in, const FollowerOptions& options_in,
       FollowerMetrics* metrics_in, telemetry::Logger log_in)
      : transport(transport_in),
        options(options_in),
        metrics(metrics_in),
        log(std::move(log_in)),
        state(options_in.require_signatures) {
    for (size_t i = 0; i < kControlTopics; ++i) {
      partitions.push_back({std::string(TopicName(static_cast<ControlTopic>(i))), 0});
    }
    base::MutexLock lock(&mutex);
    current = state.Build(base::ToUnixMicros(options.clock->Now()));
  }

  void Run(std::stop_token stop_in);
  absl::Status Open();
  absl::Status Step();
  void Take(const stream::RecordView& record);
  void ApplyConsent();
  absl::Status AskForEnds();
  void NoteReached();
  void Publish();
  void Tell();
  void UpdateMetrics();
  void ShowPolicySet(const ControlSnapshot& snapshot);
  std::string CauseLocked() const LW_REQUIRES(mutex);
  std::string NotReadyCause() const {
    base::MutexLock lock(&mutex);
    return CauseLocked();
  }

  // Constant after construction.
  stream::Transport* const transport;
  const FollowerOptions options;
  FollowerMetrics* const metrics;
  telemetry::Logger log;
  std::vector<stream::TopicPartition> partitions;

  // The follower's thread alone.
  std::stop_token stop;
  std::optional<telemetry::LoopWatch> watch;  // while Run runs
  std::unique_ptr<stream::PartitionReader> reader;
  ControlState state;
  std::array<int64_t, kControlTopics> next{};  // everything below was read
  std::vector<ConsentUpdate> consent_updates;
  // Set and epoch in `policy_info`; empty: none yet.
  std::pair<std::string, std::string> shown_set;
  // Per topic the end that it had at `at` and that was not reached yet. A newer one is taken up
  // only then: a topic that grows for ever would else never be fresh.
  struct AskedEnd {
    int64_t end = 0;
    TimePoint at;
  };
  std::array<std::optional<AskedEnd>, kControlTopics> asked_ends;
  TimePoint ask_after;
  TimePoint publish_after;

  mutable base::Mutex mutex;
  mutable base::CondVar changed;  // anything below
  std::shared_ptr<const ControlSnapshot> current LW_GUARDED_BY(mutex);
  ConsentTable table;  // written under `mutex` while no pin is held; read under a pin
  int pins LW_GUARDED_BY(mutex) = 0;
  bool is_writer_waiting LW_GUARDED_BY(mutex) = false;
  int64_t table_next LW_GUARDED_BY(mutex) = 0;
  size_t subjects LW_GUARDED_BY(mutex) = 0;
  std::optional<std::array<int64_t, kControlTopics>> barrier LW_GUARDED_BY(mutex);
  std::array<int64_t, kControlTopics> read_to LW_GUARDED_BY(mutex){};
  bool is_barrier_reached LW_GUARDED_BY(mutex) = false;
  std::array<TimePoint, kControlTopics> fresh_at LW_GUARDED_BY(mutex){};
  absl::Status last_error LW_GUARDED_BY(mutex);

  std::jthread thread;  // last: it uses all above
};

void Follower::Impl::Run(std::stop_token stop_in) {
  stop = std::move(stop_in);
  base::Backoff backoff("control");
  watch.emplace(options.health, "control");
  while (!stop.stop_requested()) {
    watch->Tick();
    absl::Status status = reader == nullptr ? Open() : Step();
    {
      base::MutexLock lock(&mutex);
      last_error = status;
    }
    if (status.ok()) {
      backoff.Reset();
      continue;
    }
    log.Write(kControlUnavailable, base::MessageOf(status));
    UpdateMetrics();
    watch->TickBefore(telemetry::kNeighbourLimit);
    // A reader that failed starts anew where everything was read to.
    reader = nullptr;
    base::WaitFor(backoff.Next(), stop);
  }
  watch.reset();
}

absl::Status Follower::Impl::Open() {
  watch->TickBefore(telemetry::kNeighbourLimit);
  LW_ASSIGN_OR_RETURN(std::unique_ptr<stream::PartitionReader> opened, transport->OpenReader({}));
  std::vector<stream::Position> positions;
  for (size_t i = 0; i < kControlTopics; ++i) {
    positions.push_back({partitions[i], next[i] == 0 ? stream::kLogStart : next[i]});
  }
  LW_RETURN_IF_ERROR(opened->Assign(positions));
  reader = std::move(opened);
  const absl::Status asked = AskForEnds();
  if (!asked.ok()) reader = nullptr;
  return asked;
}

absl::Status Follower::Impl::AskForEnds() {
  watch->TickBefore(telemetry::kNeighbourLimit);
  const TimePoint now = options.clock->Monotonic();
  ask_after = now + absl::ToChronoNanoseconds(options.ends_interval);
  absl::StatusOr<std::vector<int64_t>> ends = reader->EndOffsets(partitions);
  if (!ends.ok()) return base::AnnotateWith(ends.status(), "ends of the control topics");
  LW_CHECK(ends->size() == kControlTopics);
  for (size_t i = 0; i < kControlTopics; ++i) {
    if (!asked_ends[i]) asked_ends[i] = {.end = (*ends)[i], .at = now};
  }
  base::MutexLock lock(&mutex);
  if (barrier) return absl::OkStatus();
  barrier.emplace();
  std::copy(ends->begin(), ends->end(), barrier->begin());
  return absl::OkStatus();
}

absl::Status Follower::Impl::Step() {
  LW_ASSIGN_OR_RETURN(const stream::Polled polled, reader->Poll(kPollMax));
  for (const stream::RecordView& record : polled.records) Take(record);
  absl::Status stopped;
  for (const stream::PartitionEvent& event : polled.events) {
    for (size_t i = 0; i < kControlTopics; ++i) {
      if (partitions[i].topic != event.partition.topic) continue;
      if (event.kind == stream::PartitionEvent::Kind::kEndReached) {
        next[i] = std::max(next[i], event.offset);
      } else {
        stopped = base::Annotate(event.status, "{}", partitions[i].topic);
      }
    }
  }
  ApplyConsent();
  LW_RETURN_IF_ERROR(base::FaultPoint("control.after_apply"));
  Tell();
  NoteReached();
  if (options.clock->Monotonic() >= ask_after) {
    LW_RETURN_IF_ERROR(AskForEnds());
    NoteReached();
    UpdateMetrics();
  }
  return stopped;
}

void Follower::Impl::Take(const stream::RecordView& record) {
  size_t topic = 0;
  while (topic < kControlTopics && partitions[topic].topic != record.topic) ++topic;
  if (topic == kControlTopics || record.offset < next[topic]) return;
  next[topic] = record.offset + 1;
  const std::string_view key = record.key.value_or(std::string_view());
  switch (static_cast<ControlTopic>(topic)) {
    case ControlTopic::kRegistry:
      state.ApplyRegistry(key, record.value, record.offset);
      return;
    case ControlTopic::kPolicies:
      state.ApplyPolicies(key, record.value, record.offset);
      return;
    case ControlTopic::kBreakers:
      state.ApplyBreakers(record.offset);
      return;
    case ControlTopic::kConsent:
      break;
  }
  const std::optional<std::string_view> subject = SubjectOfKey(key);
  if (!subject) return;
  ConsentUpdate update{.subject = std::string(*subject), .record = std::nullopt};
  if (record.value) {
    absl::StatusOr<ConsentRecord> decoded = DecodeConsentRecord(*record.value);
    if (decoded.ok()) {
      update.record = *std::move(decoded);
    } else {
      log.Write(kControlRecordRefused, base::MessageOf(decoded.status()),
                {{"topic", record.topic}, {"offset", record.offset}});
    }
  }
  consent_updates.push_back(std::move(update));
}

// Applies what was read of consent while no transaction holds a pin; new ones wait meanwhile.
void Follower::Impl::ApplyConsent() {
  bool is_full_now = false;
  {
    base::MutexLock lock(&mutex);
    read_to = next;
    LW_CHECK(consent_updates.size() <= kConsentBatchMax);
    is_writer_waiting = !consent_updates.empty();
    while (is_writer_waiting && pins > 0 && !stop.stop_requested()) changed.WaitFor(&mutex, kTick);
    if (stop.stop_requested()) return;
    for (const ConsentUpdate& update : consent_updates) {
      if (update.record) {
        table.Put(update.subject, *update.record);
      } else {
        table.Erase(update.subject);
      }
    }
    consent_updates.clear();
    table_next = next[Index(ControlTopic::kConsent)];
    is_writer_waiting = false;
    const bool was_full = subjects > options.consent_subjects_max;
    subjects = table.Subjects();
    is_full_now = !was_full && subjects > options.consent_subjects_max;
    changed.NotifyAll();
  }
  if (is_full_now) log.Write(kControlConsentFull, NotReadyCause());
}

void Follower::Impl::NoteReached() {
  // Takes each topic for read to its end: neither the barrier nor the ages hold anything back.
  const bool is_sabotaged = base::IsSabotaged("no_barrier");
  bool is_barrier_new = false;
  {
    base::MutexLock lock(&mutex);
    for (size_t i = 0; i < kControlTopics; ++i) {
      if (!asked_ends[i] || (next[i] < asked_ends[i]->end && !is_sabotaged)) continue;
      fresh_at[i] = std::max(fresh_at[i], asked_ends[i]->at);
      asked_ends[i].reset();
    }
    if (barrier && !is_barrier_reached) {
      size_t reached = 0;
      for (size_t i = 0; i < kControlTopics; ++i) reached += next[i] >= (*barrier)[i] ? 1 : 0;
      is_barrier_new = reached == kControlTopics || is_sabotaged;
    }
  }
  // The barrier opens only once its snapshot is there.
  const TimePoint now = options.clock->Monotonic();
  const int64_t now_us = base::ToUnixMicros(options.clock->Now());
  if (is_barrier_new || (now >= publish_after && state.IsDirty(now_us))) Publish();
  if (!is_barrier_new) return;
  {
    base::MutexLock lock(&mutex);
    is_barrier_reached = true;
    changed.NotifyAll();
  }
  log.Write(kControlBarrierReached, "the control topics were read to their ends");
}

void Follower::Impl::Publish() {
  publish_after = options.clock->Monotonic() + absl::ToChronoNanoseconds(options.snapshot_interval);
  std::shared_ptr<const ControlSnapshot> built =
      state.Build(base::ToUnixMicros(options.clock->Now()));
  Tell();
  ShowPolicySet(*built);
  base::MutexLock lock(&mutex);
  current.swap(built);
  changed.NotifyAll();
}

void Follower::Impl::ShowPolicySet(const ControlSnapshot& snapshot) {
  constexpr size_t kShownBytes = 3 + 12;  // `ps-` and 12 hex digits
  if (metrics == nullptr || snapshot.Policies() == nullptr) return;
  const std::pair now(snapshot.PolicySetId().substr(0, kShownBytes),
                      std::to_string(snapshot.PolicyEpoch()));
  if (now == shown_set) return;
  if (!shown_set.first.empty()) {
    metrics->policy_info->Remove({"current", shown_set.first, shown_set.second});
  }
  metrics->policy_info->With({"current", now.first, now.second})->Set(1);
  shown_set = now;
}

void Follower::Impl::Tell() {
  for (const Note& note : state.TakeNotes()) {
    const std::string_view topic = TopicName(note.topic);
    switch (note.kind) {
      case Note::Kind::kRecordRefused:
        log.Write(kControlRecordRefused, base::MessageOf(note.status),
                  {{"topic", topic}, {"offset", note.offset}});
        break;
      case Note::Kind::kSetInForce:
        log.Write(kControlPolicyInForce, "a policy set is in force", {{"offset", note.offset}});
        if (metrics == nullptr) break;
        metrics->policy_last_load_successful->Set(1);
        metrics->policy_last_load_success_timestamp_seconds->Set(
            static_cast<double>(absl::ToUnixSeconds(options.clock->Now())));
        break;
      case Note::Kind::kHeadRefused:
        log.Write(kControlPolicyRefused, base::MessageOf(note.status), {{"offset", note.offset}});
        if (metrics == nullptr) break;
        metrics->policy_last_load_successful->Set(0);
        metrics->policy_reload_failures[static_cast<size_t>(note.refusal)]->Add();
        break;
      case Note::Kind::kHeadDeleted:
        log.Write(kControlPolicyDeleted, "the policy head was deleted: nothing is allowed",
                  {{"offset", note.offset}});
        break;
    }
  }
}

void Follower::Impl::UpdateMetrics() {
  if (metrics == nullptr) return;
  const TimePoint now = options.clock->Monotonic();
  base::MutexLock lock(&mutex);
  for (size_t i = 0; i < kControlTopics; ++i) {
    const bool was_fresh = fresh_at[i] != TimePoint{};
    const double age = was_fresh ? std::chrono::duration<double>(now - fresh_at[i]).count() : 0;
    const bool is_fresh = was_fresh && age <= absl::ToDoubleSeconds(options.staleness_max);
    metrics->control_age_seconds[i]->Set(age);
    metrics->control_ready[i]->Set(is_barrier_reached && is_fresh ? 1 : 0);
  }
}

std::string Follower::Impl::CauseLocked() const {
  if (!barrier) {
    if (last_error.ok()) return "control barrier: ends of the control topics";
    return fmt::format("control barrier: {}", base::MessageOf(last_error));
  }
  if (!is_barrier_reached) {
    for (size_t i = 0; i < kControlTopics; ++i) {
      if (read_to[i] >= (*barrier)[i]) continue;
      return fmt::format("control barrier: {} {}/{}", partitions[i].topic, read_to[i],
                         (*barrier)[i]);
    }
    return "control barrier: snapshot";
  }
  if (subjects > options.consent_subjects_max) {
    return fmt::format("consent of {} people, at most {}", subjects, options.consent_subjects_max);
  }
  if (current->Policies() == nullptr) return "no valid policy set on lineward.policies";
  return "";
}

Follower::Follower(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Follower::~Follower() {
  impl_->thread.request_stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  base::MutexLock lock(&impl_->mutex);
  LW_CHECK(impl_->pins == 0, "{} pins outlive their follower", impl_->pins);
}

absl::StatusOr<std::unique_ptr<Follower>> Follower::Start(stream::Transport* transport,
                                                          const FollowerOptions& options,
                                                          FollowerMetrics* metrics,
                                                          telemetry::Logger log) {
  auto impl = std::make_unique<Impl>(transport, options, metrics, std::move(log));
  Impl* running = impl.get();
  std::unique_ptr<Follower> follower(new Follower(std::move(impl)));
  running->thread =
      base::StartThread("lw-control", [running](std::stop_token stop) { running->Run(stop); });
  return follower;
}

std::string Follower::NotReadyCause() const { return impl_->NotReadyCause(); }

bool Follower::WaitReady(absl::Duration timeout) const {
  const TimePoint until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  base::MutexLock lock(&impl_->mutex);
  while (!impl_->CauseLocked().empty()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    impl_->changed.WaitUntil(&impl_->mutex,
                             std::min(until, std::chrono::steady_clock::now() + kTick));
  }
  return true;
}

bool Follower::WaitRegistrySeq(uint64_t seq, absl::Duration timeout) const {
  const TimePoint until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  base::MutexLock lock(&impl_->mutex);
  while (impl_->current->RegistrySeq() < seq) {
    if (std::chrono::steady_clock::now() >= until) return false;
    impl_->changed.WaitUntil(&impl_->mutex,
                             std::min(until, std::chrono::steady_clock::now() + kTick));
  }
  return true;
}

std::shared_ptr<const ControlSnapshot> Follower::Snapshot() const {
  base::MutexLock lock(&impl_->mutex);
  return impl_->current;
}

absl::Status Follower::LastError() const {
  base::MutexLock lock(&impl_->mutex);
  return impl_->last_error;
}

Pin Follower::TakePin() {
  const TimePoint now = impl_->options.clock->Monotonic();
  Pin pin;
  base::MutexLock lock(&impl_->mutex);
  while (impl_->is_writer_waiting) impl_->changed.WaitFor(&impl_->mutex, kTick);
  ++impl_->pins;
  pin.follower_ = this;
  pin.snapshot_ = impl_->current;
  pin.next_offsets_ = pin.snapshot_->NextOffsets();
  pin.next_offsets_[Index(ControlTopic::kConsent)] = impl_->table_next;
  for (size_t i = 0; i < kControlTopics; ++i) {
    const int64_t age_ms = std::max<int64_t>(0, MillisSince(impl_->fresh_at[i], now));
    if (i == Index(ControlTopic::kConsent)) {
      pin.consent_age_ms_ = age_ms;
    } else {
      pin.oldest_other_age_ms_ = std::max(pin.oldest_other_age_ms_, age_ms);
    }
  }
  pin.is_control_stale_ =
      pin.oldest_other_age_ms_ > absl::ToInt64Milliseconds(impl_->options.staleness_max);
  return pin;
}

Pin::Pin(Pin&& other) noexcept { *this = std::move(other); }

Pin& Pin::operator=(Pin&& other) noexcept {
  if (this == &other) return *this;
  Release();
  follower_ = std::exchange(other.follower_, nullptr);
  snapshot_ = std::move(other.snapshot_);
  next_offsets_ = other.next_offsets_;
  consent_age_ms_ = other.consent_age_ms_;
  oldest_other_age_ms_ = other.oldest_other_age_ms_;
  is_control_stale_ = other.is_control_stale_;
  return *this;
}

Pin::~Pin() { Release(); }

void Pin::Release() {
  if (follower_ == nullptr) return;
  Follower::Impl& impl = *std::exchange(follower_, nullptr)->impl_;
  base::MutexLock lock(&impl.mutex);
  if (--impl.pins == 0) impl.changed.NotifyAll();
}

policy::ConsentFacts Pin::FindConsent(std::string_view subject, int64_t event_time_us,
                                      int64_t decision_time_us, ConsentScratch* scratch) const {
  LW_CHECK(follower_ != nullptr && snapshot_->Policies() != nullptr);
  const policy::Taxonomy& taxonomy = snapshot_->Policies()->taxonomy();
  const ConsentTable& table = follower_->impl_->table;
  table.Find(subject, &scratch->entry);
  if (scratch->set != snapshot_->SharedPolicies()) {
    scratch->set = snapshot_->SharedPolicies();
    scratch->bits.clear();
  }
  const std::span<const std::string> purposes = table.Purposes();
  while (scratch->bits.size() < purposes.size()) {
    const auto bit = taxonomy.Purpose(purposes[scratch->bits.size()]);
    scratch->bits.push_back(bit ? static_cast<int16_t>(*bit) : int16_t{-1});
  }
  scratch->transitions.clear();
  for (const ConsentTable::Transition& known : scratch->entry.transitions) {
    const int16_t bit = scratch->bits[known.purpose];
    if (bit < 0) continue;
    scratch->transitions.push_back({.purpose = static_cast<uint8_t>(bit),
                                    .change = known.transition.change,
                                    .effective_at_us = known.transition.effective_at_us,
                                    .received_at_us = known.transition.received_at_us,
                                    .taxonomy_version = known.transition.taxonomy_version});
  }
  policy::SortTransitions(&scratch->transitions);
  policy::ConsentFacts facts =
      policy::FoldConsent(taxonomy, scratch->transitions, event_time_us, decision_time_us);
  facts.is_erased = scratch->entry.is_erased;
  facts.is_before_record =
      scratch->entry.reaches_back_to_us && event_time_us < *scratch->entry.reaches_back_to_us;
  facts.age_ms = consent_age_ms_;
  facts.snapshot =
      static_cast<uint64_t>(next_offsets_[static_cast<size_t>(ControlTopic::kConsent)]);
  return facts;
}

}  // namespace lineward::control

#include "registry/src/fold.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <array>
#include <optional>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/control/consent.h"
#include "lineward/registry/reasons.h"
#include "lineward/stream/topics.h"

namespace lineward::registry {
namespace {

constexpr absl::Duration kCatchUpPoll = absl::Milliseconds(50);

std::array<stream::TopicPartition, 2> Partitions() {
  return {
      {{.topic = std::string(stream::kFactsTopic)}, {.topic = std::string(stream::kConsentTopic)}}};
}

}  // namespace

Fold::Fold(stream::Transport* transport, const RegistryOptions& options, RegistryMetrics* metrics,
           SharedState* shared, View* view)
    : transport_(transport), options_(options), metrics_(metrics), shared_(shared), view_(view) {}

absl::Status Fold::Open() {
  LW_ASSIGN_OR_RETURN(auto reader, transport_->OpenReader({}));
  const auto partitions = Partitions();
  LW_ASSIGN_OR_RETURN(const auto ends, reader->EndOffsets(partitions));
  if (view_->Mark().read_offset >= ends[0] || view_->NextConsent().value_or(0) > ends[1]) {
    LW_RETURN_IF_ERROR(
        Begin(fmt::format("the log ends before the view: {} facts, {} consent", ends[0], ends[1])));
  }
  const FactMark& mark = view_->Mark();
  const std::array<stream::Position, 2> positions = {
      {{.partition = partitions[0],
        .offset = mark.read_offset < 0 ? stream::kLogStart : mark.read_offset},
       {.partition = partitions[1], .offset = view_->NextConsent().value_or(stream::kLogStart)}}};
  LW_RETURN_IF_ERROR(reader->Assign(positions));
  is_first_checked_ = mark.read_offset < 0;
  facts_end_ = -1;
  consent_end_ = -1;
  reader_ = std::move(reader);
  return absl::OkStatus();
}

// Forgets everything that was folded.
absl::Status Fold::Begin(std::string_view cause) {
  shared_->mutex.Lock();
  shared_->state = State();
  shared_->is_loaded = false;
  shared_->mutex.Unlock();
  TellSeq(0);
  return view_->Empty(cause);
}

absl::StatusOr<State> Fold::Load() {
  auto state = view_->Load();
  if (!absl::IsDataLoss(state.status())) return state;
  LW_RETURN_IF_ERROR(Begin(base::MessageOf(state.status())));
  reader_.reset();
  return base::Unavailable(kRegistryNotReady, "the view is made anew");
}

absl::Status Fold::LoadShared() {
  auto state = Load();
  if (absl::IsUnavailable(state.status())) return view_->Health();
  LW_RETURN_IF_ERROR(state.status());
  const uint64_t seq = state->Seq();
  shared_->mutex.Lock();
  shared_->state = *std::move(state);
  shared_->mutex.Unlock();
  TellSeq(seq);
  return absl::OkStatus();
}

absl::Status Fold::Follow() { return Poll(absl::ZeroDuration()); }

absl::Status Fold::CatchUp(const std::function<absl::Status()>& between) {
  reader_.reset();
  LW_RETURN_IF_ERROR(Open());
  LW_ASSIGN_OR_RETURN(const auto ends, reader_->EndOffsets(Partitions()));
  while (facts_end_ < ends[0] || consent_end_ < ends[1]) {
    LW_RETURN_IF_ERROR(Poll(kCatchUpPoll));
    LW_RETURN_IF_ERROR(between());
  }
  return absl::OkStatus();
}

absl::Status Fold::Poll(absl::Duration wait) {
  if (reader_ == nullptr) LW_RETURN_IF_ERROR(Open());
  LW_ASSIGN_OR_RETURN(const stream::Polled polled, reader_->Poll(wait));
  std::vector<PlannedFact> facts;
  for (const stream::RecordView& record : polled.records) {
    if (record.topic == stream::kConsentTopic) {
      TakeConsent(record);
      continue;
    }
    if (!is_first_checked_) {
      const absl::Status same = CheckFirst(record);
      if (absl::IsFailedPrecondition(same)) {
        reader_.reset();
        return Begin(base::MessageOf(same));
      }
      LW_RETURN_IF_ERROR(same);
    }
    LW_RETURN_IF_ERROR(TakeFact(record, &facts));
  }
  LW_RETURN_IF_ERROR(Keep(facts));
  for (const stream::PartitionEvent& event : polled.events) {
    if (event.kind == stream::PartitionEvent::Kind::kStopped) return event.status;
    NoteEnd(event);
  }
  if (metrics_ != nullptr && !facts.empty() && facts_end_ < 0) {
    const int64_t now_us = absl::ToUnixMicros(options_.clock->Now());
    const int64_t age_us = now_us - facts.back().fact.recorded_at_us;
    metrics_->fold_lag_seconds->Set(static_cast<double>(age_us) / 1e6);
  }
  return absl::OkStatus();
}

// Another log of the same name gives itself away by its fact at the view's position.
// FAILED_PRECONDITION if it is not the one that was read there.
absl::Status Fold::CheckFirst(const stream::RecordView& record) {
  const FactMark& mark = view_->Mark();
  LW_ASSIGN_OR_RETURN(const auto known, view_->FindFact(mark.read_seq));
  is_first_checked_ = true;
  if (record.offset == mark.read_offset && record.value.has_value() && known == *record.value) {
    return absl::OkStatus();
  }
  return base::FailedPrecondition(kFactInvalid,
                                  "{}-0 offset {} does not hold the fact {} of the view",
                                  stream::kFactsTopic, mark.read_offset, mark.read_seq);
}

absl::Status Fold::TakeFact(const stream::RecordView& record, std::vector<PlannedFact>* facts) {
  if (!record.value.has_value()) return absl::OkStatus();
  const uint64_t known = facts->empty() ? view_->Mark().seq : facts->back().fact.seq;
  const auto seq = ParseFactKey(record.key.value_or(""));
  if (!seq.has_value()) {
    return base::DataLoss(kFactInvalid, "{}-0 offset {}: a key that is no fact's",
                          stream::kFactsTopic, record.offset);
  }
  if (*seq > known) {
    auto fact = DecodeFact(*record.value);
    absl::Status status = fact.status();
    if (fact.ok()) {
      shared_->mutex.Lock();
      status = shared_->state.Apply(*fact, *record.value);
      if (!status.ok()) shared_->state.Rollback();
      shared_->mutex.Unlock();
    }
    if (!status.ok()) {
      return base::DataLoss(kFactInvalid, "{}-0 offset {}: {}", stream::kFactsTopic, record.offset,
                            base::MessageOf(status));
    }
    facts->push_back({.fact = *std::move(fact), .bytes = std::string(*record.value)});
  }
  view_->StageFactRead(record.offset, *seq);
  return absl::OkStatus();
}

void Fold::TakeConsent(const stream::RecordView& record) {
  const auto subject = control::SubjectOfKey(record.key.value_or(""));
  if (subject.has_value()) view_->StageConsent(*subject, record.value);
  view_->StageNextConsent(record.offset + 1);
}

void Fold::NoteEnd(const stream::PartitionEvent& event) {
  if (event.partition.topic == stream::kFactsTopic) {
    facts_end_ = event.offset;
    if (metrics_ != nullptr) metrics_->fold_lag_seconds->Set(0);
  } else {
    consent_end_ = event.offset;
  }
  if (facts_end_ < 0 || consent_end_ < 0) return;
  shared_->mutex.Lock();
  shared_->is_loaded = true;
  shared_->mutex.Unlock();
}

absl::Status Fold::TakeOwn(const std::vector<PlannedFact>& facts, const Records& consents) {
  shared_->mutex.Lock();
  for (const PlannedFact& planned : facts) {
    const absl::Status status = shared_->state.Apply(planned.fact, planned.bytes);
    LW_CHECK(status.ok(), "a committed fact does not fold: {}", base::MessageOf(status));
  }
  shared_->mutex.Unlock();
  for (const auto& [subject, record] : consents) view_->StageConsent(subject, record);
  return Keep(facts);
}

// Commits staged facts in the shared state, then writes all that is staged in the view.
absl::Status Fold::Keep(const std::vector<PlannedFact>& facts) {
  if (!facts.empty()) {
    const int64_t now_us = absl::ToUnixMicros(options_.clock->Now());
    shared_->mutex.Lock();
    view_->StageFacts(shared_->state, facts);
    shared_->state.Commit();
    view_->StageForgotten(
        shared_->state.ForgetAnswers(now_us - absl::ToInt64Microseconds(options_.answers_kept)));
    const size_t edges = shared_->state.Graph().EdgeCount();
    shared_->mutex.Unlock();
    if (metrics_ != nullptr) {
      metrics_->seq->Set(static_cast<double>(facts.back().fact.seq));
      metrics_->edges->Set(static_cast<double>(edges));
    }
  }
  LW_RETURN_IF_ERROR(view_->HasStaged() ? view_->Write() : absl::OkStatus());
  if (!facts.empty()) TellSeq(facts.back().fact.seq);
  return absl::OkStatus();
}

void Fold::TellSeq(uint64_t seq) {
  base::MutexLock lock(&shared_->seen_mutex);
  shared_->seen_seq = seq;
  shared_->seen_changed.NotifyAll();
}

}  // namespace lineward::registry

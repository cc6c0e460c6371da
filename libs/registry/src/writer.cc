#include "registry/src/writer.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "lineward/base/check.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/base/thread.h"
#include "lineward/control/records.h"
#include "lineward/crypto/sha256.h"
#include "lineward/registry/log_events.h"
#include "lineward/registry/reasons.h"
#include "registry/src/field_reader.h"
#include "registry/src/publish.h"
#include "registry/src/views.h"

namespace lineward::registry {
namespace {

using document::Json;

constexpr char kGroup[] = "lineward-registry";
constexpr absl::Duration kIdlePoll = absl::Milliseconds(20);
constexpr absl::Duration kLoadPoll = absl::Milliseconds(50);
// How long a fenced writer asks its group who has the seat, before it takes it back.
constexpr absl::Duration kSuccessorShows = absl::Milliseconds(2'500);

std::string RequestSubject(const Caller& caller) {
  return fmt::format("requests/{}\n{}\n{}", caller.actor, caller.route, caller.request_id);
}

Json TextList(const std::vector<std::string>& texts) {
  Json list = Json::EmptyList();
  for (const std::string& text : texts) list.Append(text);
  return list;
}

std::string_view MetricKind(const Request& request) {
  if (request.kind == RequestKind::kConsents) return "consent";
  if (request.kind == RequestKind::kPolicySet) return "policy";
  switch (request.item_kind) {
    case FactKind::kModel:
    case FactKind::kModelVersion:
      return "model";
    case FactKind::kRun:
      return "run";
    case FactKind::kDataset:
    case FactKind::kDatasetVersion:
    case FactKind::kEdge:
    case FactKind::kRequest:
      return "dataset";
  }
  return "dataset";
}

}  // namespace

Writer::Writer(stream::Transport* transport, control::Follower* follower,
               const RegistryOptions& options, RegistryMetrics* metrics, telemetry::Logger log,
               SharedState* shared, View* view, base::BoundedQueue<std::shared_ptr<Request>>* queue)
    : transport_(transport),
      follower_(follower),
      options_(options),
      metrics_(metrics),
      log_(std::move(log)),
      shared_(shared),
      view_(view),
      queue_(queue),
      fold_(transport, options_, metrics, shared, view),
      consents_([view](std::string_view subject) { return view->FindConsent(subject); }) {}

void Writer::Run(const std::stop_token& stop) {
  watch_.emplace(options_.health, "registry");
  while (!stop.stop_requested()) {
    watch_->Tick();
    absl::Status status = Join();
    if (status.ok()) status = base::FaultPoint("registry.after_join");
    if (status.ok() && !is_writing_) status = Follow();
    if (status.ok()) {
      std::vector<std::shared_ptr<Request>> requests;
      Gather(&requests);
      if (is_writing_) {
        status = Process(std::move(requests));
      } else {
        for (const auto& request : requests) {
          Finish(request.get(),
                 base::Unavailable(kNoWriter, "this instance follows: the writer is elsewhere"));
        }
      }
      if (status.ok()) continue;
    }
    // A store that failed once, a lost seat and a fact that does not fold need a new process.
    const absl::Status stored = view_->Health();
    if (!stored.ok() || absl::IsPermissionDenied(status) || absl::IsDataLoss(status)) {
      End(stored.ok() ? status : stored);
      break;
    }
    watch_->TickBefore(telemetry::kNeighbourLimit);
    StopWriting(base::MessageOf(status));
    consumer_.reset();
    log_.Write(kRegistryUnavailable, base::MessageOf(status));
    base::WaitFor(backoff_.Next(), stop);
  }
  watch_.reset();
  queue_->Close();
  while (const auto request = queue_->Pop(std::chrono::nanoseconds(0))) {
    Finish(request->get(), base::Unavailable(kRegistryNotReady, "the process is stopping"));
  }
}

void Writer::End(const absl::Status& status) {
  log_.Write(kRegistryEnded, base::MessageOf(status));
  shared_->mutex.Lock();
  shared_->fatal = status;
  shared_->mutex.Unlock();
  StopWriting(base::MessageOf(status));
}

absl::Status Writer::Join() {
  if (consumer_ == nullptr) {
    watch_->TickBefore(telemetry::kNeighbourLimit);
    is_assigned_ = false;
    LW_ASSIGN_OR_RETURN(consumer_, transport_->OpenGroupConsumer(
                                       {.group_id = kGroup,
                                        .instance_id = "lineward.registry." + options_.instance_id,
                                        .topics = {std::string(stream::kOpenLineageTopic)}}));
  }
  LW_ASSIGN_OR_RETURN(const stream::Polled polled,
                      consumer_->Poll(is_writing_ ? absl::ZeroDuration() : kIdlePoll));
  LW_RETURN_IF_ERROR(HandleRebalance(polled));
  if (is_assigned_ && !is_writing_) return BecomeWriter();
  return absl::OkStatus();
}

absl::Status Writer::HandleRebalance(const stream::Polled& polled) {
  switch (polled.rebalance) {
    case stream::Rebalance::kNone:
      return absl::OkStatus();
    case stream::Rebalance::kAssigned:
      is_assigned_ = !polled.partitions.empty();
      if (!is_assigned_) backoff_.Reset();
      return consumer_->Assign({});
    case stream::Rebalance::kRevoked:
    case stream::Rebalance::kLost:
      is_assigned_ = false;
      StopWriting("registry: the group moved the seat");
      return consumer_->Unassign();
  }
  return absl::OkStatus();
}

absl::Status Writer::BecomeWriter() {
  watch_->TickBefore(telemetry::kNeighbourLimit);
  SetCause("registry: taking the writer's seat");
  LW_RETURN_IF_ERROR(OpenProducer());
  LW_RETURN_IF_ERROR(CatchUp());
  LW_RETURN_IF_ERROR(LoadHead());
  LW_RETURN_IF_ERROR(OpenConsents());
  fold_.Rest();
  watch_->TickBefore(telemetry::kNeighbourLimit);
  LW_ASSIGN_OR_RETURN(draft_, fold_.Load());
  control::RegistryRecord writer;
  writer.writer = control::WriterAddress{.address = options_.address, .epoch = 0};
  LW_RETURN_IF_ERROR(producer_->Begin());
  LW_RETURN_IF_ERROR(
      Send(stream::kRegistryTopic, control::kWriterKey, control::EncodeRegistryRecord(writer)));
  LW_RETURN_IF_ERROR(producer_->Commit());
  is_writing_ = true;
  backoff_.Reset();
  shared_->mutex.Lock();
  shared_->is_writer = true;
  shared_->cause.clear();
  shared_->mutex.Unlock();
  if (metrics_ != nullptr) metrics_->writer->Set(1);
  log_.Write(kRegistryWriting, fmt::format("writing from fact {} on", draft_.Seq() + 1));
  return absl::OkStatus();
}

absl::Status Writer::OpenProducer() {
  if (producer_ != nullptr) return absl::OkStatus();
  stream::TransactionalOptions options{.transactional_id = kGroup};
  options.topics = {std::string(stream::kFactsTopic), std::string(stream::kRegistryTopic),
                    std::string(stream::kConsentTopic), std::string(stream::kPoliciesTopic)};
  LW_ASSIGN_OR_RETURN(producer_, transport_->OpenTransactionalProducer(options));
  const absl::Status init = producer_->Init();
  if (!init.ok()) producer_.reset();
  return init;
}

void Writer::StopWriting(std::string_view cause) {
  const bool was_writing = is_writing_;
  is_writing_ = false;
  producer_.reset();
  consents_reader_.reset();
  consents_partitions_.clear();
  consents_.Clear();
  draft_ = State();
  if (metrics_ != nullptr) metrics_->writer->Set(0);
  shared_->mutex.Lock();
  shared_->is_writer = false;
  shared_->cause = cause;
  shared_->mutex.Unlock();
  if (was_writing) log_.Write(kRegistryFollowing, cause);
}

// A long history must not cost the seat: the group expects a poll now and then.
absl::Status Writer::KeepSeat() {
  watch_->Tick();
  LW_ASSIGN_OR_RETURN(const stream::Polled membership, consumer_->Poll(absl::ZeroDuration()));
  LW_RETURN_IF_ERROR(HandleRebalance(membership));
  if (is_assigned_) return absl::OkStatus();
  return base::Unavailable(kNoWriter, "the seat moved while facts were read");
}

absl::Status Writer::CatchUp() {
  return fold_.CatchUp([this] { return KeepSeat(); });
}

// Reads the policies to their end, for the head in force.
absl::Status Writer::LoadHead() {
  head_ = control::PolicyHead();
  LW_ASSIGN_OR_RETURN(auto reader, transport_->OpenReader({}));
  const stream::Position start{.partition = {.topic = std::string(stream::kPoliciesTopic)}};
  LW_ASSIGN_OR_RETURN(const auto ends, reader->EndOffsets({&start.partition, 1}));
  LW_RETURN_IF_ERROR(reader->Assign({&start, 1}));
  bool is_end = false;
  while (!is_end) {
    LW_ASSIGN_OR_RETURN(const stream::Polled polled, reader->Poll(kLoadPoll));
    for (const stream::RecordView& record : polled.records) {
      if (record.key != control::kHeadKey || !record.value.has_value()) continue;
      LW_ASSIGN_OR_RETURN(head_, control::DecodePolicyHead(*record.value));
    }
    for (const stream::PartitionEvent& event : polled.events) {
      if (event.kind == stream::PartitionEvent::Kind::kStopped) return event.status;
      is_end = event.offset >= ends[0];
    }
    LW_RETURN_IF_ERROR(KeepSeat());
  }
  return absl::OkStatus();
}

absl::Status Writer::OpenConsents() {
  if (options_.consents_topic.empty()) return absl::OkStatus();
  LW_ASSIGN_OR_RETURN(auto admin, transport_->OpenAdmin());
  const auto partitions = admin->Partitions(options_.consents_topic);
  if (absl::IsNotFound(partitions.status())) return absl::OkStatus();
  if (!partitions.ok()) return partitions.status();
  consents_partitions_.clear();
  for (int32_t i = 0; i < *partitions; ++i) {
    consents_partitions_.push_back({.topic = options_.consents_topic, .partition = i});
  }
  LW_ASSIGN_OR_RETURN(const auto committed, consumer_->Committed(consents_partitions_));
  std::vector<stream::Position> positions;
  for (size_t i = 0; i < committed.size(); ++i) {
    positions.push_back({.partition = consents_partitions_[i],
                         .offset = committed[i].offset.value_or(stream::kLogStart)});
  }
  LW_ASSIGN_OR_RETURN(consents_reader_, transport_->OpenReader({}));
  return consents_reader_->Assign(positions);
}

absl::Status Writer::Follow() {
  LW_RETURN_IF_ERROR(fold_.Follow());
  shared_->mutex.Lock();
  if (shared_->is_loaded && !is_assigned_) shared_->cause.clear();
  shared_->mutex.Unlock();
  return absl::OkStatus();
}

void Writer::Gather(std::vector<std::shared_ptr<Request>>* requests) {
  const auto wait = absl::ToChronoNanoseconds(options_.group_wait);
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (requests->size() < options_.group_max) {
    const auto left = deadline - std::chrono::steady_clock::now();
    auto request = queue_->Pop(std::max(left, std::chrono::steady_clock::duration::zero()));
    if (!request.has_value()) break;
    requests->push_back(*std::move(request));
  }
}

std::shared_ptr<const policy::PolicySet> Writer::Policies() {
  const auto snapshot = follower_->Snapshot();
  if (own_set_ != nullptr && snapshot->PolicyEpoch() < own_epoch_) return own_set_;
  return snapshot->SharedPolicies();
}

absl::StatusOr<PurposeLookup> Writer::Lookup() {
  auto set = Policies();
  if (set == nullptr) {
    return base::Unavailable(
        kRegistryNotReady,
        "no policy set is in force, so purposes cannot be checked: publish one "
        "first");
  }
  return LookupOf(std::move(set));
}

// Answers `requests` after one commit of all that they bring. Not OK: the writer is none any more.
absl::Status Writer::Process(std::vector<std::shared_ptr<Request>> requests) {
  Batch batch;
  batch.now_us = absl::ToUnixMicros(options_.clock->Now());
  batch.head = head_;
  for (const auto& request : requests) {
    const size_t facts_before = batch.facts.size();
    bool is_replayed = false;
    const std::string sha256 = crypto::Sha256Hex(document::Canonical(request->body));
    absl::StatusOr<Answer> answer = Replay(*request, sha256, &is_replayed);
    if (!is_replayed && answer.ok()) {
      answer = Stage(*request, &batch);
      if (answer.ok()) StoreAnswer(*request, sha256, *answer, &batch);
    }
    if (!answer.ok() || request->caller.validate_only) {
      batch.facts.resize(facts_before);
      Restage(batch);
    }
    if (!answer.ok() || is_replayed || request->caller.validate_only) {
      Finish(request.get(), std::move(answer));
    } else {
      batch.done.emplace_back(request, *std::move(answer));
    }
  }
  const absl::Status taken = TakeConsentRecords(&batch);
  if (!taken.ok()) {
    LW_RETURN_IF_ERROR(Recover(&batch, taken));
    return absl::IsDataLoss(taken) ? taken : absl::OkStatus();
  }
  const bool has_work = !batch.facts.empty() || !batch.policies.empty() || consents_.HasChanges() ||
                        !batch.offsets.empty();
  if (has_work) {
    watch_->TickBefore(telemetry::kNeighbourLimit);
    absl::Status sent = SendBatch(batch);
    if (sent.ok()) sent = producer_->Commit();
    if (!sent.ok()) return Recover(&batch, sent);
  }
  // From here on it is written, whatever becomes of the view.
  const absl::Status kept = has_work ? KeepBatch(&batch) : absl::OkStatus();
  for (auto& [request, answer] : batch.done) Finish(request.get(), std::move(answer));
  return kept;
}

// A committed request is answered the same way again for as long as its answer is kept.
void Writer::StoreAnswer(const Request& request, const std::string& sha256, const Answer& answer,
                         Batch* batch) {
  if (request.caller.validate_only || request.caller.request_id.empty() ||
      request.kind == RequestKind::kConsents) {
    return;
  }
  Json body;
  body.Set("sha256", sha256);
  body.Set("status", answer.http_status);
  body.Set("response", answer.body);
  auto stored = AppendFact(&draft_,
                           Fact{.kind = FactKind::kRequest,
                                .subject = RequestSubject(request.caller),
                                .valid_from_us = batch->now_us,
                                .actor = request.caller.actor,
                                .request_id = request.caller.request_id,
                                .origin = request.caller.origin,
                                .body = std::move(body)},
                           batch->now_us);
  LW_CHECK(stored.ok(), "an answer does not fold: {}", base::MessageOf(stored.status()));
  batch->facts.push_back(*std::move(stored));
}

// Undoes what a refused request staged: back to the last commit, then the batch's facts again.
void Writer::Restage(const Batch& batch) {
  draft_.Rollback();
  for (const PlannedFact& planned : batch.facts) {
    const absl::Status status = draft_.Apply(planned.fact, planned.bytes);
    LW_CHECK(status.ok(), "a staged fact does not apply again: {}", base::MessageOf(status));
  }
}

absl::StatusOr<Answer> Writer::Replay(const Request& request, const std::string& sha256,
                                      bool* is_replayed) const {
  if (request.caller.request_id.empty()) return Answer{};
  const StoredAnswer* const stored = draft_.FindAnswer(RequestSubject(request.caller));
  if (stored == nullptr) return Answer{};
  if (stored->body_sha256 != sha256) {
    return base::AlreadyExists(kRequestIdReused, "request id `{}` was used with another body",
                               request.caller.request_id);
  }
  *is_replayed = true;
  return Answer{.http_status = stored->http_status, .body = stored->body, .is_replayed = true};
}

absl::StatusOr<Answer> Writer::Stage(const Request& request, Batch* batch) {
  switch (request.kind) {
    case RequestKind::kRegister:
    case RequestKind::kRegisterOne:
      return StageItems(request, batch);
    case RequestKind::kConsents:
      return StageConsents(request, batch);
    case RequestKind::kPolicySet:
      return StagePolicySet(request, batch);
  }
  LW_CHECK(false, "unknown request kind");
}

absl::StatusOr<Answer> Writer::StageItems(const Request& request, Batch* batch) {
  const bool is_single = request.kind == RequestKind::kRegisterOne;
  LW_ASSIGN_OR_RETURN(const PurposeLookup purposes, Lookup());
  std::vector<Violation> violations;
  std::vector<Item> items;
  if (is_single) {
    Json body = Json::EmptyObject();
    for (const auto& [name, value] : request.body.members()) {
      if (name != "request_id") body.Set(name, value);
    }
    auto item = ParseItem(body, request.item_kind, "", purposes, &violations);
    if (item.has_value()) items.push_back(*std::move(item));
  } else {
    FieldReader reader(request.body, "", &violations);
    reader.Get("request_id");
    const Json* const list = reader.Require("items");
    if (list != nullptr && !list->is_list()) {
      reader.Report("items", "is a list");
    } else if (list != nullptr && list->items().size() > kItemsMax) {
      return base::InvalidArgument(kTooManyItems, "{} items; at most {} are taken at once",
                                   list->items().size(), kItemsMax);
    } else if (list != nullptr) {
      for (size_t i = 0; i < list->items().size(); ++i) {
        auto item = ParseItem(list->items()[i], std::nullopt, fmt::format("items[{}].", i),
                              purposes, &violations);
        if (item.has_value()) items.push_back(*std::move(item));
      }
    }
    reader.Finish();
  }
  LW_RETURN_IF_ERROR(StatusOf(violations, kInvalidField));
  LW_ASSIGN_OR_RETURN(Plan plan, PlanItems(&draft_, std::move(items),
                                           {.actor = request.caller.actor,
                                            .request_id = request.caller.request_id,
                                            .origin = request.caller.origin,
                                            .now_us = batch->now_us}));
  Answer answer = ItemsAnswer(plan, is_single);
  for (PlannedFact& planned : plan.facts) batch->facts.push_back(std::move(planned));
  return answer;
}

Answer Writer::ItemsAnswer(const Plan& plan, bool is_single) const {
  Json body;
  bool is_any_created = false;
  Json rows = Json::EmptyList();
  for (const PlannedItem& item : plan.items) {
    is_any_created = is_any_created || item.is_created;
    Json row;
    row.Set("name", item.name);
    row.Set("created", item.is_created);
    row.Set("pending_change", Json());
    row.Set("warnings", TextList(item.warnings));
    if (is_single) {
      const Entity* const entity = draft_.Find(item.name);
      body = row;
      body.Set("resource", ViewOf(draft_, *entity));
      body.Set("etag", EtagOf(*entity));
    }
    rows.Append(std::move(row));
  }
  if (!is_single) body.Set("items", std::move(rows));
  body.Set("registry_seq", std::to_string(draft_.Seq()));
  return Answer{.http_status = is_any_created ? 201 : 200, .body = document::Canonical(body)};
}

absl::StatusOr<Answer> Writer::StageConsents(const Request& request, Batch* batch) {
  const Json* const list = request.body.Find("items");
  if (list == nullptr || !list->is_list()) {
    return base::InvalidArgument(kInvalidField, "`items`: is a list");
  }
  if (list->items().size() > kConsentItemsMax) {
    return base::InvalidArgument(kTooManyItems, "{} items; at most {} are taken at once",
                                 list->items().size(), kConsentItemsMax);
  }
  LW_ASSIGN_OR_RETURN(const PurposeLookup purposes, Lookup());
  const int64_t taxonomy_version = Policies()->taxonomy().version();
  int64_t accepted = 0;
  int64_t unchanged = 0;
  Json refused = Json::EmptyList();
  const auto refuse = [&refused](size_t index, std::string_view reason) {
    Json row;
    row.Set("index", static_cast<int64_t>(index));
    row.Set("reason", reason);
    refused.Append(std::move(row));
  };
  for (size_t i = 0; i < list->items().size(); ++i) {
    const ParsedConsent parsed = ParseConsent(list->items()[i], purposes, taxonomy_version);
    if (!parsed.item.has_value()) {
      refuse(i, parsed.refused);
      continue;
    }
    if (request.caller.validate_only) {
      ++accepted;
      continue;
    }
    LW_ASSIGN_OR_RETURN(const ConsentBook::Folded folded,
                        consents_.Fold(*parsed.item, batch->now_us));
    switch (folded) {
      case ConsentBook::Folded::kAccepted:
        ++accepted;
        break;
      case ConsentBook::Folded::kUnchanged:
        ++unchanged;
        break;
      case ConsentBook::Folded::kErased:
        refuse(i, kSubjectErased);
        break;
    }
  }
  Json body;
  body.Set("accepted", accepted);
  body.Set("unchanged", unchanged);
  body.Set("refused", std::move(refused));
  return Answer{.http_status = 200, .body = document::Canonical(body)};
}

absl::StatusOr<Answer> Writer::StagePolicySet(const Request& request, Batch* batch) {
  if (options_.require_signatures) {
    return base::FailedPrecondition(
        kSignatureRequired,
        "policy sets need two signatures here, which are not supported yet: publish with "
        "`policy.require_signatures: false` (embedded transport or environment dev)");
  }
  LW_ASSIGN_OR_RETURN(const ProposedSet proposed, ReadProposal(request.body));
  const std::string& current = batch->head.set_id;
  if (!proposed.base_id.empty() && proposed.base_id != current) {
    return base::FailedPrecondition(kPolicyBaseStale, "base `{}` is not in force; `{}` is",
                                    proposed.base_id, current.empty() ? "none" : current);
  }
  const bool is_new = proposed.set->id() != current;
  if (is_new && !request.caller.validate_only) {
    control::PolicyHead head;
    head.set_id = proposed.set->id();
    head.epoch = batch->head.epoch + 1;
    head.base_id = current;
    head.created_us = batch->now_us;
    auto records = RecordsOf(proposed, head);
    batch->policies.insert(batch->policies.end(), records.begin(), records.end());
    batch->head = head;
    batch->set = proposed.set;
  }
  Json body;
  body.Set("policy_set", proposed.set->id());
  body.Set("epoch", std::to_string(batch->head.epoch));
  body.Set("state", request.caller.validate_only ? "VALID" : "ACTIVE");
  body.Set("changed", is_new);
  body.Set("rules", static_cast<int64_t>(proposed.set->rule_count()));
  body.Set("bindings", static_cast<int64_t>(proposed.set->binding_count()));
  body.Set("tests_passed", static_cast<int64_t>(proposed.tests_passed));
  body.Set("warnings", TextList(proposed.warnings));
  return Answer{.http_status = is_new ? 201 : 200, .body = document::Canonical(body)};
}

// Items of the user's topic: folded like those of a call; what is refused goes to the dead letters.
absl::Status Writer::TakeConsentRecords(Batch* batch) {
  if (consents_reader_ == nullptr) return absl::OkStatus();
  const auto purposes = Lookup();
  if (!purposes.ok()) return absl::OkStatus();  // they wait for a policy set
  LW_ASSIGN_OR_RETURN(const auto polled, consents_reader_->Poll(absl::ZeroDuration()));
  const int64_t taxonomy_version = Policies()->taxonomy().version();
  std::map<int32_t, int64_t> next;
  for (const stream::RecordView& record : polled.records) {
    next[record.partition] = record.offset + 1;
    const std::string_view value = record.value.value_or("");
    const ParsedConsent parsed = ParseConsentRecord(value, *purposes, taxonomy_version);
    std::string_view refused = parsed.refused;
    if (parsed.item.has_value()) {
      LW_ASSIGN_OR_RETURN(const ConsentBook::Folded folded,
                          consents_.Fold(*parsed.item, batch->now_us));
      if (folded == ConsentBook::Folded::kErased) refused = kSubjectErased;
    }
    if (refused.empty()) continue;
    batch->dead_letters.emplace_back(value, refused);
    log_.Write(kRegistryConsentDeadLetter, "a consent item was refused",
               {{"topic", record.topic},
                {"partition", static_cast<int64_t>(record.partition)},
                {"offset", record.offset},
                {"reason", refused}});
  }
  for (const auto& [partition, offset] : next) {
    batch->offsets.push_back(
        {.partition = {.topic = options_.consents_topic, .partition = partition}, .next = offset});
  }
  return absl::OkStatus();
}

// Takes a committed batch into the state that readers see, the view and the draft.
absl::Status Writer::KeepBatch(Batch* batch) {
  LW_RETURN_IF_ERROR(fold_.TakeOwn(batch->facts, consents_.Changed()));
  draft_.Commit();
  consents_.Clear();
  head_ = batch->head;
  if (batch->set != nullptr) {
    own_set_ = batch->set;
    own_epoch_ = head_.epoch;
    log_.Write(kRegistryPolicyPublished, fmt::format("epoch {}", head_.epoch),
               {{"policy_set", head_.set_id}});
  }
  const int64_t keep_from = batch->now_us - absl::ToInt64Microseconds(options_.answers_kept);
  draft_.ForgetAnswers(keep_from);
  return absl::OkStatus();
}

absl::Status Writer::SendBatch(const Batch& batch) {
  if (producer_->NeedsRecycle()) LW_RETURN_IF_ERROR(producer_->Recycle());
  LW_RETURN_IF_ERROR(producer_->Begin());
  for (const PlannedFact& planned : batch.facts) {
    LW_RETURN_IF_ERROR(Send(stream::kFactsTopic, FactKey(planned.fact.seq), planned.bytes));
  }
  if (!batch.facts.empty()) {
    for (const auto& [key, value] : ChangedRecords(draft_)) {
      LW_RETURN_IF_ERROR(Send(stream::kRegistryTopic, key, value));
    }
    control::RegistryRecord mark;
    mark.seq_mark = control::SeqMark{
        .seq = draft_.Seq(), .recorded_at_us = draft_.RecordedAtUs(), .chain = draft_.Chain()};
    LW_RETURN_IF_ERROR(
        Send(stream::kRegistryTopic, control::kSeqKey, control::EncodeRegistryRecord(mark)));
  }
  for (const auto& [key, value] : consents_.Changed()) {  // by subject
    LW_RETURN_IF_ERROR(Send(stream::kConsentTopic, control::ConsentKey(key), value));
  }
  for (const auto& [key, value] : batch.policies) {
    LW_RETURN_IF_ERROR(Send(stream::kPoliciesTopic, key, value));
  }
  for (const auto& [value, reason] : batch.dead_letters) {
    const std::array<stream::Header, 1> headers = {{{.name = "lineward-reason", .value = reason}}};
    LW_RETURN_IF_ERROR(producer_->Send(
        {.topic = stream::kConsentsDeadLetterTopic, .value = value, .headers = headers}));
  }
  if (batch.offsets.empty()) return absl::OkStatus();
  LW_ASSIGN_OR_RETURN(const stream::GroupToken token, consumer_->Token());
  return producer_->SendOffsets(token, batch.offsets);
}

absl::Status Writer::Send(std::string_view topic, std::string_view key, std::string_view value) {
  const stream::OutRecord record{.topic = topic, .key = key, .value = value};
  absl::Status status = producer_->Send(record);
  for (int tries = 0; absl::IsResourceExhausted(status) && tries < 5'000; ++tries) {
    producer_->Poll(absl::Milliseconds(1));
    status = producer_->Send(record);
  }
  return status;
}

// After a failed commit: finds out what happened by reading the facts to their end, answers
// accordingly, and gives the seat's state up: it begins anew from what the topics hold.
absl::Status Writer::Recover(Batch* batch, const absl::Status& failure) {
  log_.Write(kRegistryCommitFailed, base::MessageOf(failure));
  const bool is_unknown = absl::IsUnknown(failure);
  if (producer_->IsFenced()) LetSuccessorShow();
  bool is_known = !is_unknown;
  bool is_committed = false;
  if (is_unknown && is_assigned_ && !batch->facts.empty() && producer_->Recycle().ok() &&
      CatchUp().ok()) {
    const auto written = view_->FindFact(batch->facts.back().fact.seq);
    is_known = written.ok();
    is_committed = is_known && *written == batch->facts.back().bytes;
  }
  for (auto& [request, answer] : batch->done) {
    if (is_committed) {
      Finish(request.get(), std::move(answer));
    } else if (is_known) {
      Finish(request.get(), base::Unavailable(kRegistryNotReady, "not written: {}; try again",
                                              base::MessageOf(failure)));
    } else {
      Finish(request.get(),
             base::Unavailable(kRegistryNotReady,
                               "it may have been written: {}; try again with the same body",
                               base::MessageOf(failure)));
    }
  }
  StopWriting(base::MessageOf(failure));
  return absl::OkStatus();
}

// A fenced writer may have a successor, of whom its group has not told it yet: two that take the
// seat from each other for ever would write nothing.
void Writer::LetSuccessorShow() {
  const absl::Time until = absl::Now() + kSuccessorShows;
  while (is_assigned_ && absl::Now() < until) {
    const auto polled = consumer_->Poll(kIdlePoll);
    if (!polled.ok() || !HandleRebalance(*polled).ok()) return;
  }
}

void Writer::Finish(Request* request, absl::StatusOr<Answer> answer) {
  if (metrics_ != nullptr) {
    const std::string_view kind = MetricKind(*request);
    const bool is_conflict = absl::IsAlreadyExists(answer.status());
    const std::string_view result = !answer.ok()          ? (is_conflict ? "conflict" : "failed")
                                    : answer->is_replayed ? "replayed"
                                                          : "ok";
    metrics_->writes->With({kind, result})->Add();
    const auto took = std::chrono::steady_clock::now() - request->queued;
    metrics_->write_seconds->Observe(std::chrono::duration<double>(took).count());
  }
  request->answer.set_value(std::move(answer));
}

void Writer::SetCause(std::string_view cause) {
  shared_->mutex.Lock();
  shared_->cause = cause;
  shared_->mutex.Unlock();
}

}  // namespace lineward::registry

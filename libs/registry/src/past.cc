#include "lineward/registry/past.h"

#include <absl/time/time.h>

#include <map>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/control/past.h"
#include "lineward/control/policy_records.h"
#include "lineward/registry/reasons.h"
#include "lineward/registry/state.h"
#include "lineward/stream/topics.h"
#include "registry/src/publish.h"

namespace lineward::registry {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(50);

// Hands each record of `topic` to `visit`, up to the end that the topic has now or until `visit`
// gives false.
absl::Status ReadTopic(
    stream::Transport* transport, std::string_view topic,
    const std::function<absl::StatusOr<bool>(const stream::RecordView&)>& visit) {
  LW_ASSIGN_OR_RETURN(auto reader, transport->OpenReader({}));
  const stream::Position start{.partition = {.topic = std::string(topic)}};
  LW_ASSIGN_OR_RETURN(const auto ends, reader->EndOffsets({&start.partition, 1}));
  LW_RETURN_IF_ERROR(reader->Assign({&start, 1}));
  for (;;) {
    LW_ASSIGN_OR_RETURN(const stream::Polled polled, reader->Poll(kPoll));
    for (const stream::RecordView& record : polled.records) {
      LW_ASSIGN_OR_RETURN(const bool goes_on, visit(record));
      if (!goes_on) return absl::OkStatus();
    }
    for (const stream::PartitionEvent& event : polled.events) {
      if (event.kind == stream::PartitionEvent::Kind::kStopped) return event.status;
      if (event.offset >= ends[0]) return absl::OkStatus();
    }
  }
}

}  // namespace

FactSource FactsOfLog(stream::Transport* transport) {
  return [transport](uint64_t after, uint64_t last,
                     const std::function<absl::Status(std::string_view)>& visit) -> absl::Status {
    uint64_t next = after + 1;
    const auto take = [&](const stream::RecordView& record) -> absl::StatusOr<bool> {
      if (next > last) return false;
      if (ParseFactKey(record.key.value_or("")) != next) return true;
      ++next;
      LW_RETURN_IF_ERROR(visit(record.value.value_or("")));
      return next <= last;
    };
    if (next <= last) LW_RETURN_IF_ERROR(ReadTopic(transport, stream::kFactsTopic, take));
    if (next > last) return absl::OkStatus();
    return base::Unavailable(kRegistryNotReady, "registry seq {} is not on the log yet; {} is",
                             last, next - 1);
  };
}

Past::Past(stream::Transport* transport, FactSource facts)
    : transport_(transport), facts_(std::move(facts)) {}

absl::StatusOr<Past::Snapshot> Past::At(uint64_t registry_seq, std::string_view set_id) const {
  {
    base::MutexLock lock(&mutex_);
    for (const Kept& kept : kept_) {
      if (kept.registry_seq == registry_seq && kept.set_id == set_id) return kept.snapshot;
    }
  }
  LW_ASSIGN_OR_RETURN(Snapshot snapshot, Make(registry_seq, set_id));
  base::MutexLock lock(&mutex_);
  kept_.push_back(
      {.registry_seq = registry_seq, .set_id = std::string(set_id), .snapshot = snapshot});
  if (kept_.size() > kKept) kept_.pop_front();
  return snapshot;
}

absl::StatusOr<Past::Snapshot> Past::Make(uint64_t registry_seq, std::string_view set_id) const {
  LW_ASSIGN_OR_RETURN(const std::vector<std::string> chunks, ReadChunks(set_id));
  State state;
  const auto fold = [&state](std::string_view bytes) -> absl::Status {
    const auto fact = DecodeFact(bytes);
    absl::Status status = fact.status();
    if (fact.ok()) status = state.Apply(*fact, bytes);
    if (!status.ok()) {
      return base::DataLoss(kFactInvalid, "fact {}: {}", state.Seq() + 1, base::MessageOf(status));
    }
    state.Commit();
    return absl::OkStatus();
  };
  LW_RETURN_IF_ERROR(facts_(0, registry_seq, fold));
  const control::SeqMark mark{
      .seq = state.Seq(), .recorded_at_us = state.RecordedAtUs(), .chain = state.Chain()};
  return control::SnapshotOf(AllRecords(state), mark, set_id, chunks);
}

absl::StatusOr<std::vector<std::string>> Past::ReadChunks(std::string_view set_id) const {
  std::map<uint32_t, std::string> found;
  LW_RETURN_IF_ERROR(ReadTopic(transport_, stream::kPoliciesTopic,
                               [&](const stream::RecordView& record) -> absl::StatusOr<bool> {
                                 const auto chunk = control::ParseChunkKey(record.key.value_or(""));
                                 if (chunk.has_value() && chunk->first == set_id &&
                                     record.value.has_value()) {
                                   found[chunk->second] = *record.value;
                                 }
                                 return true;
                               }));
  if (found.empty()) {
    return base::NotFound(kPolicySetNotFound, "policy set `{}` was never published here", set_id);
  }
  std::vector<std::string> chunks;
  for (auto& [number, bytes] : found) chunks.push_back(std::move(bytes));
  return chunks;
}

}  // namespace lineward::registry

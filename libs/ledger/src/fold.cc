#include "ledger/src/fold.h"

#include <algorithm>
#include <utility>

#include "lineward/audit/entry.h"
#include "lineward/base/bytes.h"
#include "lineward/base/check.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/decision/reasons.h"
#include "lineward/ledger/reasons.h"
#include "lineward/stream/topics.h"

namespace lineward::ledger {
namespace {

// The first build knows one epoch.
constexpr uint32_t kEpoch = 1;

std::string PlaceText(int32_t partition, int64_t offset) {
  return fmt::format("{}-{} offset {}", stream::kDecisionsTopic, partition, offset);
}

std::string SourceText(const decision::SourceName& source) {
  return fmt::format("source `{}-{}`", source.topic, source.partition);
}

// What breaks a block is damage of the record, whatever the parser calls it.
absl::Status AsDamage(const absl::Status& status, std::string_view place) {
  return base::DataLoss(base::ReasonOf(status), "{}: {}", place, base::MessageOf(status));
}

HotBlock KeepBlock(const decision::BlockView& view) {
  HotBlock block;
  block.header_text = view.header_text();
  block.raw_scan = view.raw_scan();
  const auto ident = view.stored_ident();
  block.ident_codec = ident.codec;
  block.ident_raw_length = ident.raw_length;
  block.ident = ident.stored;
  return block;
}

}  // namespace

absl::StatusOr<FoldState> FoldState::From(Options options, const SegmentRecord* newest) {
  FoldState fold;
  fold.options_ = std::move(options);
  for (const int32_t number : fold.options_.partitions) {
    fold.partitions_[number].view.partition = number;
  }
  if (newest == nullptr) return fold;
  for (const PartitionMark& mark : newest->partitions) {
    const auto it = fold.partitions_.find(mark.partition);
    if (it == fold.partitions_.end()) {
      return base::FailedPrecondition(
          kLedgerMismatch, "the store holds partition {}, which is not configured", mark.partition);
    }
    Partition& partition = it->second;
    LW_ASSIGN_OR_RETURN(partition.tree, audit::LogTree::From(mark.log_size, mark.edge));
    partition.pending_first = mark.log_size;
    partition.view.has_begun = mark.log_size > 0;
    partition.view.log_size = mark.log_size;
    partition.view.next_offset = mark.next_offset;
  }
  for (const BlockRecord& block : newest->blocks) {
    const auto it = fold.partitions_.find(block.log);
    if (it != fold.partitions_.end()) it->second.view.last_decision_ms = block.decision_time_ms;
  }
  for (const SourceMark& mark : newest->sources) {
    fold.sources_[*mark.source] = {mark.source, mark.partition, mark.start, mark.next};
  }
  return fold;
}

FoldState::Partition* FoldState::Find(int32_t partition) {
  const auto it = partitions_.find(partition);
  LW_CHECK(it != partitions_.end(), "partition {} is not ours", partition);
  return &it->second;
}

void FoldState::AppendEntry(Partition* partition, std::string_view entry) {
  base::AppendU16(&partition->pending, static_cast<uint16_t>(entry.size()));
  partition->pending += entry;
  partition->tree.Append(entry);
  partition->view.log_size = partition->tree.size();
}

absl::Status FoldState::Begin(int32_t number, int64_t first_offset) {
  Partition* partition = Find(number);
  if (partition->view.has_begun) return absl::OkStatus();
  audit::Genesis genesis;
  genesis.origin = audit::DecisionLogOrigin(options_.fleet, number, kEpoch);
  genesis.cluster = options_.log_id;
  genesis.topic = stream::kDecisionsTopic;
  genesis.partition = number;
  genesis.start = first_offset;
  AppendEntry(partition, audit::PrintGenesis(genesis));
  partition->view.has_begun = true;
  partition->view.next_offset = first_offset;
  return absl::OkStatus();
}

absl::Status FoldState::CheckContinuity(int32_t partition,
                                        const decision::BlockHeader& header) const {
  const auto it = sources_.find(header.source);
  // The first block of a source sets its start.
  if (it == sources_.end()) return absl::OkStatus();
  const SourceView& source = it->second;
  const std::string name = SourceText(header.source);
  if (source.partition != partition) {
    return base::DataLoss(kAuditOffsetGap, "{}: its blocks lie in partition {}", name,
                          source.partition);
  }
  if ((header.flags & decision::kGenesis) != 0) {
    return base::DataLoss(kAuditOffsetGap, "{}: begins anew at {}, its last block ended at {}",
                          name, header.first, source.next);
  }
  if (header.first > source.next) {
    return base::DataLoss(kAuditOffsetGap, "{}: block begins at {}, the last one ended at {}", name,
                          header.first, source.next);
  }
  if (header.first < source.next && (header.flags & decision::kAtLeastOnce) == 0) {
    return base::DataLoss(kAuditOffsetOverlap, "{}: block begins at {}, the last one ended at {}",
                          name, header.first, source.next);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const HotBlock>> FoldState::Take(int32_t number, int64_t offset,
                                                                std::string_view value) {
  Partition* partition = Find(number);
  PartitionView& view = partition->view;
  LW_CHECK(view.has_begun, "partition {} has no log yet", number);
  if (!view.halted.ok()) return view.halted;
  if (offset < view.next_offset) return std::shared_ptr<const HotBlock>();

  const std::string place = PlaceText(number, offset);
  const auto halt = [&](const absl::Status& status) {
    view.halted = AsDamage(status, place);
    return view.halted;
  };
  const auto block = decision::BlockView::Parse(value);
  if (!block.ok()) return halt(block.status());
  if (const auto verified = block->Verify(); !verified.ok()) return halt(verified);
  LW_RETURN_IF_ERROR(base::FaultPoint("ledger.fold.parsed"));
  const decision::BlockHeader& header = block->header();
  if (const auto continues = CheckContinuity(number, header); !continues.ok()) {
    return halt(continues);
  }

  const auto known = sources_.find(header.source);
  auto name = known != sources_.end() ? known->second.name
                                      : std::make_shared<const decision::SourceName>(header.source);
  const uint64_t last_next = known != sources_.end() ? known->second.next : header.first;
  const uint64_t live_from = std::min(std::max(header.first, last_next), header.next);
  auto index = IndexBlock(*block, live_from);
  if (!index.ok()) return halt(index.status());

  auto hot = std::make_shared<HotBlock>(KeepBlock(*block));
  hot->index = std::move(*index);
  const auto& offsets = block->scan().offsets;
  const auto live = std::lower_bound(offsets.begin(), offsets.end(), live_from);
  hot->record = {name,
                 number,
                 view.log_size,
                 header.first,
                 header.next,
                 live_from,
                 static_cast<uint32_t>(offsets.end() - live),
                 header.decision_time_ms,
                 BucketDay(header.decision_time_ms, options_.bucket_width_days)};
  AppendEntry(partition, hot->header_text);
  view.next_offset = offset + 1;
  view.last_decision_ms = header.decision_time_ms;
  view.is_at_end = false;
  if (known == sources_.end()) {
    sources_[header.source] = {name, number, header.first, header.next};
  } else {
    known->second.next = std::max(known->second.next, header.next);
  }
  return std::shared_ptr<const HotBlock>(std::move(hot));
}

void FoldState::Halt(int32_t partition, const absl::Status& why) {
  Find(partition)->view.halted = why;
}

void FoldState::NoteEnd(int32_t partition, absl::Time now) {
  PartitionView& view = Find(partition)->view;
  view.is_at_end = true;
  view.was_at_end = true;
  view.end_time = now;
}

void FoldState::NoteIdle(absl::Time now) {
  for (auto& [number, partition] : partitions_) {
    if (partition.view.is_at_end) partition.view.end_time = now;
  }
}

std::vector<PartitionView> FoldState::Partitions() {
  std::vector<PartitionView> views;
  for (auto& [number, partition] : partitions_) {
    if (partition.rooted_size != partition.tree.size()) {
      partition.view.root = partition.tree.Root();
      partition.rooted_size = partition.tree.size();
    }
    views.push_back(partition.view);
  }
  return views;
}

std::vector<SourceView> FoldState::Sources() const {
  std::vector<SourceView> views;
  for (const auto& [name, source] : sources_) views.push_back(source);
  return views;
}

SegmentRecord FoldState::StateRecord() const {
  SegmentRecord record;
  for (const auto& [number, partition] : partitions_) {
    record.partitions.push_back({number,
                                 partition.view.next_offset,
                                 partition.tree.size(),
                                 {partition.tree.edge().begin(), partition.tree.edge().end()}});
  }
  for (const auto& [name, source] : sources_) {
    record.sources.push_back({source.name, source.partition, source.start, source.next});
  }
  return record;
}

std::vector<LogRun> FoldState::TakeRuns() {
  std::vector<LogRun> runs;
  for (auto& [number, partition] : partitions_) {
    if (partition.pending.empty()) continue;
    runs.push_back({number, audit::kEntriesLevel, partition.pending_first,
                    std::exchange(partition.pending, {})});
    partition.pending_first = partition.tree.size();
    for (const audit::HashRun& hashes : partition.tree.TakeRuns()) {
      LogRun run{number, hashes.level, hashes.first, {}};
      for (const crypto::Digest& hash : hashes.hashes) run.bytes += crypto::AsBytes(hash);
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

}  // namespace lineward::ledger

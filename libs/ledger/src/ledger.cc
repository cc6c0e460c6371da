#include "lineward/ledger/ledger.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <utility>

#include "ledger/src/ledger_impl.h"
#include "ledger/src/log_events.h"
#include "lineward/audit/entry.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/base/thread.h"
#include "lineward/ledger/reasons.h"
#include "lineward/store/reasons.h"
#include "lineward/stream/topics.h"

namespace lineward::ledger {
namespace {

constexpr size_t kSealingMax = 2;  // beside the open segment: bounds memory (I7)
// A slow disk is no stuck loop; a segment takes seconds.
constexpr std::chrono::minutes kStoreLimit{2};
constexpr uint32_t kSegmentRowsForAge = 4'096;  // a younger seal is not worth its files
constexpr auto kSealWait = std::chrono::seconds(1);
// Families of the next bucket are made this long before it begins.
constexpr absl::Duration kBucketAhead = absl::Hours(1);
constexpr size_t kTenantKeyBytes = 32;

int32_t RetentionDays(absl::Duration retention) {
  return static_cast<int32_t>(retention / absl::Hours(24));
}

}  // namespace

// --- Opening.

absl::Status Ledger::Impl::Open() {
  if (options.partitions.empty()) {
    options.partitions.resize(stream::kDecisionsPartitions);
    std::iota(options.partitions.begin(), options.partitions.end(), 0);
  }
  std::sort(options.partitions.begin(), options.partitions.end());
  if (!audit::IsFleetName(options.fleet)) {
    return base::InvalidArgument(kLedgerMismatch, "`{}` is no name of a fleet", options.fleet);
  }
  if (!options.tenant_key.empty() && options.tenant_key.size() != kTenantKeyBytes) {
    return base::InvalidArgument(kKeyAbsent, "the tenant key has {} bytes, wanted {}",
                                 options.tenant_key.size(), kTenantKeyBytes);
  }
  options.segment_rows = std::max<uint32_t>(options.segment_rows, 1);
  bucket_width_days = BucketWidthDays(options.rows_retention);
  const std::filesystem::path folder(options.data_dir);
  SegmentStore::Options store_options;
  store_options.path = (folder / "segments").string();
  store_options.block_cache_bytes = options.block_cache_bytes;
  store_options.retention_days = RetentionDays(options.rows_retention);
  LW_ASSIGN_OR_RETURN(store, SegmentStore::Open(std::move(store_options)));
  LW_ASSIGN_OR_RETURN(keys, KeyTable::Open((folder / "work").string(), options.tenant_key));
  LW_RETURN_IF_ERROR(PrepareBuckets());
  LW_ASSIGN_OR_RETURN(auto opening, store->ReadAll());
  LW_ASSIGN_OR_RETURN(
      fold, FoldState::From({options.fleet, options.log_id, options.partitions, bucket_width_days},
                            opening.newest.get()));
  if (opening.newest != nullptr) next_segment = opening.newest->number + 1;
  LW_RETURN_IF_ERROR(CheckIdentity());
  {
    auto first = std::make_shared<Tail>();
    first->stored = std::make_shared<SegmentList>(std::move(opening.segments));
    first->partitions = fold->Partitions();
    first->sources = fold->Sources();
    base::MutexLock lock(&mutex);
    tail = std::move(first);
  }
  sealer = base::StartThread("lw-ledger-seal",
                             [this](const std::stop_token& stop) { RunSealing(stop); });
  return absl::OkStatus();
}

// The logs say which fleet and which Kafka they were made for.
absl::Status Ledger::Impl::CheckIdentity() {
  for (const PartitionView& partition : fold->Partitions()) {
    if (!partition.has_begun) continue;
    LW_ASSIGN_OR_RETURN(const auto entry, store->ReadEntry(partition.partition, 0));
    if (!entry) {
      return base::DataLoss(store::kStoreDamaged, "ledger `{}`: log {} has no genesis",
                            options.data_dir, partition.partition);
    }
    LW_ASSIGN_OR_RETURN(const auto genesis, audit::ParseGenesis(*entry));
    if (genesis.cluster != options.log_id) {
      return base::FailedPrecondition(kLedgerMismatch,
                                      "ledger `{}`: made for the log `{}`, configured is `{}`",
                                      options.data_dir, genesis.cluster, options.log_id);
    }
    const std::string origin = audit::DecisionLogOrigin(options.fleet, partition.partition, 1);
    if (genesis.origin != origin) {
      return base::FailedPrecondition(kLedgerMismatch,
                                      "ledger `{}`: made for `{}`, configured is `{}`",
                                      options.data_dir, genesis.origin, origin);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(LedgerOptions options, LedgerDeps deps) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(deps));
  LW_RETURN_IF_ERROR(impl->Open());
  const auto segments = impl->CurrentTail()->stored->size();
  impl->deps.log.Write(kLedgerOpened, "ledger opened",
                       {{"segments", static_cast<uint64_t>(segments)}});
  return std::unique_ptr<Ledger>(new Ledger(std::move(impl)));
}

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Ledger::~Ledger() {
  impl_->sealer.request_stop();
  impl_->changed.NotifyAll();
}

const LedgerOptions& Ledger::options() const { return impl_->options; }

// --- The fold.

std::vector<ResumePoint> Ledger::Resume() const {
  std::vector<ResumePoint> points;
  for (const PartitionView& partition : impl_->fold->Partitions()) {
    ResumePoint point{partition.partition, {}};
    if (partition.has_begun) point.next_offset = partition.next_offset;
    points.push_back(point);
  }
  return points;
}

absl::Status Ledger::Begin(int32_t partition, int64_t first_offset) {
  return impl_->fold->Begin(partition, first_offset);
}

absl::Status Ledger::Fold(int32_t partition, int64_t offset, std::string_view value) {
  const auto block = impl_->fold->Take(partition, offset, value);
  if (!block.ok()) {
    impl_->deps.log.Write(kLedgerPartitionHalted, base::MessageOf(block.status()),
                          {{"partition", partition}, {"reason", base::ReasonOf(block.status())}});
    return block.status();
  }
  if (*block == nullptr) return absl::OkStatus();
  return impl_->Add(*block);
}

void Ledger::NoteEnd(int32_t partition) {
  impl_->fold->NoteEnd(partition, impl_->deps.clock->Now());
}

void Ledger::NoteIdle() { impl_->fold->NoteIdle(impl_->deps.clock->Now()); }

void Ledger::Halt(int32_t partition, absl::Status why) { impl_->fold->Halt(partition, why); }

absl::Status Ledger::Impl::Add(std::shared_ptr<const HotBlock> block) {
  if (open == nullptr) {
    open = std::make_shared<HotSegment>(next_segment++);
    open_count = 0;
    open_rows = 0;
    open_bytes = 0;
    opened_at = deps.clock->Monotonic();
    open_time_ms_min = block->record.decision_time_ms;
    open_time_ms_max = block->record.decision_time_ms;
  }
  open_rows += block->record.rows;
  open_bytes += block->bytes();
  open_time_ms_min = std::min(open_time_ms_min, block->record.decision_time_ms);
  open_time_ms_max = std::max(open_time_ms_max, block->record.decision_time_ms);
  if (deps.metrics != nullptr) {
    deps.metrics->rows_folded->Add(block->record.rows);
    deps.metrics->blocks_folded->Add();
    if (fold->WasAtEnd(block->record.log)) {
      becoming_visible.emplace_back(block->record.decision_time_ms, block->record.rows);
    }
  }
  open->slots[open_count++] = std::move(block);
  const bool is_full = open_rows >= options.segment_rows || open_bytes >= options.segment_bytes ||
                       open_count == kSegmentBlocksMax;
  return is_full ? Rotate() : absl::OkStatus();
}

HotView Ledger::Impl::OpenView() const {
  return {open, open_count, open_rows, open_bytes, open_time_ms_min, open_time_ms_max};
}

bool Ledger::Impl::IsSealDue() const {
  if (open == nullptr) return false;
  const auto age = absl::FromChrono(deps.clock->Monotonic() - opened_at);
  return age >= options.segment_max_age ||
         (age >= options.segment_age && open_rows >= kSegmentRowsForAge);
}

// Hands the open segment to the sealing thread; waits while too many are being sealed.
absl::Status Ledger::Impl::Rotate() {
  SealJob job;
  job.segment = open;
  job.record = fold->StateRecord();
  job.record.number = open->number;
  for (uint32_t i = 0; i < open_count; ++i) job.record.blocks.push_back(open->slots[i]->record);
  job.runs = fold->TakeRuns();
  const HotView view = OpenView();
  {
    base::MutexLock lock(&mutex);
    while (sealing.size() >= kSealingMax && failed.ok()) {
      if (fold_watch != nullptr) fold_watch->Tick();
      changed.WaitFor(&mutex, kSealWait);
    }
    if (!failed.ok()) return failed;
    sealing.push_back(view);
    jobs.push_back(std::move(job));
    changed.NotifyAll();
  }
  open = nullptr;
  PublishTail();
  return absl::OkStatus();
}

void Ledger::Impl::PublishTail() {
  auto next = std::make_shared<Tail>();
  next->partitions = fold->Partitions();
  next->sources = fold->Sources();
  std::shared_ptr<const Tail> published;
  {
    base::MutexLock lock(&mutex);
    next->stored = tail->stored;
    next->hot = sealing;
    if (open != nullptr) next->hot.push_back(OpenView());
    published = std::move(next);
    tail = published;
    changed.NotifyAll();
  }
  if (deps.metrics != nullptr) MeasureTail(*published);
}

void Ledger::Impl::MeasureTail(const Tail& published) {
  uint64_t hot_rows = 0;
  uint64_t hot_bytes = 0;
  for (const HotView& hot : published.hot) {
    hot_rows += hot.rows;
    hot_bytes += hot.bytes;
  }
  deps.metrics->hot_rows->Set(static_cast<double>(hot_rows));
  deps.metrics->hot_bytes->Set(static_cast<double>(hot_bytes));
  size_t at_end = 0;
  for (const PartitionView& view : published.partitions) {
    at_end += view.was_at_end ? 1 : 0;
    deps.metrics->log_size->With({fmt::format("decisions-{}", view.partition)})
        ->Set(static_cast<double>(view.log_size));
  }
  deps.metrics->rebuild_progress_ratio->Set(static_cast<double>(at_end) /
                                            static_cast<double>(published.partitions.size()));
  const int64_t now_ms = absl::ToUnixMillis(deps.clock->Now());
  telemetry::LocalHistogram ages(deps.metrics->visible_age_seconds);
  for (const auto& [decision_time_ms, rows] : becoming_visible) {
    ages.Observe(static_cast<double>(std::max<int64_t>(now_ms - decision_time_ms, 0)) / 1e3, rows);
  }
  ages.Flush();
  becoming_visible.clear();
}

absl::Status Ledger::Publish() {
  LW_RETURN_IF_ERROR(Health());
  LW_RETURN_IF_ERROR(impl_->keys->Flush());
  if (impl_->IsSealDue()) return impl_->Rotate();
  impl_->PublishTail();
  return absl::OkStatus();
}

absl::Status Ledger::FoldKey(int32_t partition, int64_t offset, std::optional<std::string_view> key,
                             std::optional<std::string_view> value) {
  const absl::Status status = impl_->keys->Fold(partition, offset, key, value);
  if (!absl::IsInvalidArgument(status)) return status;
  impl_->deps.log.Write(kLedgerKeyRefused, base::MessageOf(status),
                        {{"partition", partition}, {"offset", offset}});
  return absl::OkStatus();
}

void Ledger::SetFoldWatch(telemetry::LoopWatch* watch) { impl_->fold_watch = watch; }

int64_t Ledger::KeysNext(int32_t partition) const { return impl_->keys->Next(partition); }

absl::Status Ledger::SealAll() {
  if (impl_->open != nullptr) LW_RETURN_IF_ERROR(impl_->Rotate());
  base::MutexLock lock(&impl_->mutex);
  while (!impl_->sealing.empty() && impl_->failed.ok()) {
    impl_->changed.WaitFor(&impl_->mutex, kSealWait);
  }
  return impl_->failed;
}

// --- The sealing thread.

void Ledger::Impl::RunSealing(const std::stop_token& stop) {
  telemetry::LoopWatch watch(deps.health, "ledger-seal");
  auto prepared_at = deps.clock->Monotonic();
  while (!stop.stop_requested()) {
    watch.TickBefore(kStoreLimit);
    SealJob job;
    {
      base::MutexLock lock(&mutex);
      if (jobs.empty()) changed.WaitFor(&mutex, kSealWait);
      if (!jobs.empty()) {
        job = std::move(jobs.front());
        jobs.pop_front();
      }
    }
    absl::Status status;
    if (job.segment != nullptr) status = StoreNext(job);
    if (status.ok() && deps.clock->Monotonic() - prepared_at >= std::chrono::minutes(1)) {
      status = PrepareBuckets();
      prepared_at = deps.clock->Monotonic();
    }
    if (status.ok()) continue;
    deps.log.Write(kLedgerStoreFailed, base::MessageOf(status));
    base::MutexLock lock(&mutex);
    failed = status;
    changed.NotifyAll();
    return;
  }
}

absl::Status Ledger::Impl::StoreNext(const SealJob& job) {
  LW_RETURN_IF_ERROR(base::FaultPoint("ledger.seal.before"));
  const auto started = deps.clock->Monotonic();
  LW_RETURN_IF_ERROR(store->Store(job));
  LW_RETURN_IF_ERROR(base::FaultPoint("ledger.seal.after"));
  if (deps.metrics != nullptr) {
    deps.metrics->segment_ingest_seconds->Observe(
        std::chrono::duration<double>(deps.clock->Monotonic() - started).count());
  }
  deps.log.Write(kLedgerSegmentStored, "segment stored",
                 {{"segment", static_cast<uint64_t>(job.record.number)},
                  {"blocks", static_cast<uint64_t>(job.record.blocks.size())}});
  auto summary = std::make_shared<const SegmentSummary>(Summarise(job.record));
  base::MutexLock lock(&mutex);
  auto stored = std::make_shared<SegmentList>(*tail->stored);
  stored->push_back(std::move(summary));
  auto next = std::make_shared<Tail>(*tail);
  next->stored = std::move(stored);
  const auto is_stored = [&](const HotView& view) {
    return view.segment->number == job.record.number;
  };
  std::erase_if(next->hot, is_stored);
  std::erase_if(sealing, is_stored);
  tail = std::move(next);
  changed.NotifyAll();
  return absl::OkStatus();
}

absl::Status Ledger::Impl::PrepareBuckets() {
  const absl::Time now = deps.clock->Now();
  for (const absl::Time time : {now, now + kBucketAhead}) {
    LW_RETURN_IF_ERROR(
        store->PrepareBucket(BucketDay(absl::ToUnixMillis(time), bucket_width_days)));
  }
  return absl::OkStatus();
}

// --- State.

absl::Status Ledger::Health() const {
  {
    base::MutexLock lock(&impl_->mutex);
    if (!impl_->failed.ok()) return impl_->failed;
  }
  return impl_->store->Health();
}

absl::Status Ledger::CheckFreeSpace() const {
  LW_ASSIGN_OR_RETURN(const uint64_t free, store::FreeBytes(impl_->store->path()));
  if (impl_->deps.metrics != nullptr) {
    impl_->deps.metrics->disk_free_bytes->Set(static_cast<double>(free));
  }
  if (free >= impl_->options.min_free_bytes) return absl::OkStatus();
  return base::ResourceExhausted(store::kStoreFull, "`{}`: {} B free, wanted {} B",
                                 impl_->options.data_dir, free, impl_->options.min_free_bytes);
}

std::string Ledger::NotReadyCause() const {
  const absl::Status health = Health();
  if (!health.ok()) return std::string(base::MessageOf(health));
  int rebuilding = 0;
  const auto tail = impl_->CurrentTail();
  for (const PartitionView& partition : tail->partitions) {
    // A halted partition is an alert, not a reason to take the whole ledger away.
    if (partition.halted.ok() && !partition.was_at_end) ++rebuilding;
  }
  if (rebuilding == 0) return "";
  return fmt::format("{} of {} partitions are not read to their end yet", rebuilding,
                     tail->partitions.size());
}

std::vector<PartitionState> Ledger::Partitions() const {
  std::vector<PartitionState> states;
  for (const PartitionView& view : impl_->CurrentTail()->partitions) {
    states.push_back(
        {view.partition, view.log_size, view.next_offset, view.is_at_end, view.halted});
  }
  return states;
}

LedgerStats Ledger::Stats() const {
  const auto tail = impl_->CurrentTail();
  LedgerStats stats;
  stats.segments = tail->stored->size();
  for (const auto& summary : *tail->stored) {
    stats.rows += summary->rows;
    stats.blocks += summary->blocks;
  }
  for (const HotView& hot : tail->hot) {
    stats.hot_rows += hot.rows;
    stats.hot_bytes += hot.bytes;
    stats.blocks += hot.count;
  }
  stats.rows += stats.hot_rows;
  stats.store_bytes = impl_->store->Bytes();
  base::MutexLock lock(&impl_->mutex);
  stats.sealing_segments = impl_->sealing.size();
  return stats;
}

}  // namespace lineward::ledger

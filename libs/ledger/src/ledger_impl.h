#pragma once

// The inside of `Ledger`: one fold thread, one sealing thread, queries from any.

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ledger/src/fold.h"
#include "ledger/src/key_table.h"
#include "ledger/src/query_engine.h"
#include "ledger/src/query_gate.h"
#include "ledger/src/segment_store.h"
#include "ledger/src/tail.h"
#include "lineward/base/mutex.h"
#include "lineward/ledger/ledger.h"

namespace lineward::ledger {

struct Ledger::Impl {
  Impl(LedgerOptions ledger_options, LedgerDeps ledger_deps)
      : options(std::move(ledger_options)),
        deps(std::move(ledger_deps)),
        gate(options.query_threads, options.query_queue) {}

  absl::Status Open();
  absl::Status CheckIdentity();

  // Fold thread.
  absl::Status Add(std::shared_ptr<const HotBlock> block);
  bool IsSealDue() const;
  absl::Status Rotate();
  void PublishTail();
  void MeasureTail(const Tail& published);
  HotView OpenView() const;

  // Sealing thread.
  void RunSealing(const std::stop_token& stop);
  absl::Status StoreNext(const SealJob& job);
  absl::Status PrepareBuckets();

  std::shared_ptr<const Tail> CurrentTail() const {
    base::MutexLock lock(&mutex);
    return tail;
  }
  QueryEngine Engine() const {
    return QueryEngine(CurrentTail(), store.get(),
                       {options.query_blocks, options.query_time, options.stale_after}, deps.clock);
  }
  absl::StatusOr<std::optional<FilterNode>> Resolve(std::string_view filter,
                                                    bool may_read_subject) const;
  absl::Status ResolveSubjects(FilterNode* node) const;
  void CountAnswered(const AnswerMeta& meta, telemetry::Histogram* LedgerMetrics::* kind,
                     std::chrono::steady_clock::time_point started) const;
  absl::StatusOr<FoundBlock> BlockOf(QueryEngine& engine, const FoundDecision& found) const;

  // Constant after Open.
  LedgerOptions options;
  LedgerDeps deps;
  std::unique_ptr<SegmentStore> store;
  std::unique_ptr<KeyTable> keys;
  int32_t bucket_width_days = 7;

  // Of the fold thread.
  std::optional<FoldState> fold;
  std::shared_ptr<HotSegment> open;
  uint32_t open_count = 0;
  uint64_t open_rows = 0;
  uint64_t open_bytes = 0;
  int64_t open_time_ms_min = 0;
  int64_t open_time_ms_max = 0;
  std::chrono::steady_clock::time_point opened_at;
  uint32_t next_segment = 1;
  telemetry::LoopWatch* fold_watch = nullptr;
  // Decision time and rows of blocks that the next tail makes visible, unless it is a rebuild.
  std::vector<std::pair<int64_t, uint32_t>> becoming_visible;

  // Queries wait here, each under its own small lock.
  mutable QueryGate gate;

  mutable base::Mutex mutex;
  mutable base::CondVar changed;  // a tail was published, a segment stored, or the store failed
  std::shared_ptr<const Tail> tail LW_GUARDED_BY(mutex) = std::make_shared<Tail>();
  std::deque<SealJob> jobs LW_GUARDED_BY(mutex);
  std::vector<HotView> sealing LW_GUARDED_BY(mutex);
  absl::Status failed LW_GUARDED_BY(mutex);

  std::jthread sealer;  // last: joined first
};

}  // namespace lineward::ledger

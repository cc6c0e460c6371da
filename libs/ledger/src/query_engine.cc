#include "ledger/src/query_engine.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/ledger/reasons.h"

namespace lineward::ledger {
namespace {

constexpr int64_t kFirstMs = std::numeric_limits<int64_t>::min();
constexpr int64_t kLastMs = std::numeric_limits<int64_t>::max();
// Watching reads this many blocks in one go; a client that lags comes again.
constexpr uint32_t kWatchBlocksMax = 256;

// Milliseconds t with t >= time.
int64_t CeilMs(absl::Time time) {
  const int64_t ms = absl::ToUnixMillis(time);
  return absl::FromUnixMillis(ms) < time ? ms + 1 : ms;
}

RowPlace PlaceOf(const PagePosition& position) {
  return {position.decision_time_ms, position.topic, position.partition, position.cluster,
          position.offset};
}

// The place of the block's row with that offset.
RowPlace PlaceIn(const BlockRecord& block, uint64_t offset) {
  return {block.decision_time_ms, block.source->topic, block.source->partition,
          block.source->cluster, offset};
}

}  // namespace

int64_t FromMs(const std::optional<absl::Time>& from) { return from ? CeilMs(*from) : kFirstMs; }

int64_t UntilMs(const std::optional<absl::Time>& until) { return until ? CeilMs(*until) : kLastMs; }

bool ComesBefore(const RowPlace& a, const RowPlace& b) {
  if (a.time_ms != b.time_ms) return a.time_ms > b.time_ms;
  const auto source = [](const RowPlace& place) {
    return std::tie(place.topic, place.partition, place.cluster);
  };
  if (source(a) != source(b)) return source(a) < source(b);
  return a.offset > b.offset;
}

AnswerMeta MetaOf(const Tail& tail, absl::Time now, absl::Duration stale_after) {
  AnswerMeta meta;
  meta.as_of = now;
  for (const PartitionView& partition : tail.partitions) {
    const absl::Time known_at =
        partition.end_time != absl::InfinitePast() || partition.last_decision_ms == 0
            ? partition.end_time
            : absl::FromUnixMillis(partition.last_decision_ms);
    // What was folded since may be newer than the last time at the end.
    const absl::Time as_of =
        partition.is_at_end ? partition.end_time
                            : std::max(known_at, absl::FromUnixMillis(partition.last_decision_ms));
    meta.as_of = std::min(meta.as_of, std::max(as_of, absl::UnixEpoch()));
    std::string reason;
    if (!partition.halted.ok()) {
      reason = "halted: " + base::ReasonOf(partition.halted);
    } else if (!partition.was_at_end) {
      reason = partition.has_begun ? "rebuilding" : "not reached yet";
    } else if (now - as_of > stale_after) {
      reason = "lagging";
    }
    if (!reason.empty()) meta.missing.push_back({partition.partition, reason});
  }
  meta.is_complete = meta.missing.empty();
  meta.ledger_lag_ms = std::max<int64_t>(0, absl::ToInt64Milliseconds(now - meta.as_of));
  return meta;
}

std::vector<LogSize> LogSizesOf(const Tail& tail) {
  std::vector<LogSize> sizes;
  for (const PartitionView& partition : tail.partitions) {
    sizes.push_back({partition.partition, partition.log_size});
  }
  return sizes;
}

QueryEngine::QueryEngine(std::shared_ptr<const Tail> tail, const SegmentStore* store,
                         QueryLimits limits, const base::Clock* clock)
    : tail_(std::move(tail)),
      store_(store),
      limits_(limits),
      clock_(clock),
      started_(clock->Monotonic()),
      meta_(MetaOf(*tail_, clock->Now(), limits.stale_after)) {}

bool QueryEngine::IsOverBudget() const {
  return meta_.scanned_blocks >= limits_.blocks_max ||
         clock_->Monotonic() - started_ >= absl::ToChronoNanoseconds(limits_.time_max);
}

std::vector<QueryEngine::Segment> QueryEngine::SegmentsIn(int64_t from_ms, int64_t until_ms) const {
  std::vector<Segment> segments;
  const auto is_in = [&](int64_t min, int64_t max) { return max >= from_ms && min < until_ms; };
  for (const auto& summary : *tail_->stored) {
    if (summary->blocks == 0 || !is_in(summary->time_ms_min, summary->time_ms_max)) continue;
    segments.push_back({HotView{}, summary->number, summary->rows, summary->time_ms_min,
                        summary->time_ms_max, summary.get()});
  }
  for (const HotView& hot : tail_->hot) {
    if (hot.count == 0 || !is_in(hot.time_ms_min, hot.time_ms_max)) continue;
    segments.push_back(
        {hot, hot.segment->number, hot.rows, hot.time_ms_min, hot.time_ms_max, nullptr});
  }
  return segments;
}

absl::StatusOr<std::unique_ptr<SegmentView>> QueryEngine::Open(const Segment& segment) {
  if (segment.is_hot()) return ViewOf(segment.hot);
  return ViewOf(*store_, segment.number, &cache_);
}

// --- One decision.

absl::StatusOr<std::optional<FoundBlock>> QueryEngine::FindOffset(
    const decision::SourceName& source, uint64_t offset) {
  for (const HotView& hot : tail_->hot) {
    for (uint32_t i = 0; i < hot.count; ++i) {
      const HotBlock& block = *hot.segment->slots[i];
      if (*block.record.source != source || offset < block.record.live_from ||
          offset >= block.record.next) {
        continue;
      }
      LW_ASSIGN_OR_RETURN(auto view, ReadHot(block, /*with_ident=*/true));
      return std::optional<FoundBlock>({block.record, std::move(view)});
    }
  }
  LW_ASSIGN_OR_RETURN(const auto place, store_->FindOffset(source, offset));
  if (!place) return std::optional<FoundBlock>();
  LW_ASSIGN_OR_RETURN(const auto record, store_->Record(place->segment));
  const BlockRecord& block = record->blocks.at(place->ordinal);
  if (offset >= block.next) return std::optional<FoundBlock>();
  LW_ASSIGN_OR_RETURN(auto view, store_->ReadBlock(block, *place, /*with_ident=*/true));
  return std::optional<FoundBlock>({block, std::move(view)});
}

absl::StatusOr<std::optional<FoundBlock>> QueryEngine::FindEntry(int32_t log, uint64_t entry) {
  for (const HotView& hot : tail_->hot) {
    for (uint32_t i = 0; i < hot.count; ++i) {
      const HotBlock& block = *hot.segment->slots[i];
      if (block.record.log != log || block.record.entry != entry) continue;
      LW_ASSIGN_OR_RETURN(auto view, ReadHot(block, /*with_ident=*/true));
      return std::optional<FoundBlock>({block.record, std::move(view)});
    }
  }
  LW_ASSIGN_OR_RETURN(const auto place, store_->FindEntry(log, entry));
  if (!place) return std::optional<FoundBlock>();
  LW_ASSIGN_OR_RETURN(const auto record, store_->Record(place->segment));
  const BlockRecord& block = record->blocks.at(place->ordinal);
  LW_ASSIGN_OR_RETURN(auto view, store_->ReadBlock(block, *place, /*with_ident=*/true));
  return std::optional<FoundBlock>({block, std::move(view)});
}

namespace {

absl::StatusOr<FoundDecision> DecisionAt(const BlockRecord& record, const decision::BlockView& view,
                                         std::shared_ptr<const decision::BlockHeader> header,
                                         uint32_t row) {
  FoundDecision found;
  found.header = std::move(header);
  LW_ASSIGN_OR_RETURN(found.row, view.Row(row));
  found.log_partition = record.log;
  found.log_entry = record.entry;
  found.index = row;
  return found;
}

}  // namespace

absl::StatusOr<DecisionAnswer> QueryEngine::Get(const DecisionId& id) {
  std::vector<SourceView> sources;
  for (const SourceView& source : tail_->sources) {
    if (source.name->topic == id.topic && source.name->partition == id.partition) {
      sources.push_back(source);
    }
  }
  if (id.epoch != 1) sources.clear();
  for (const SourceView& source : sources) {
    if (id.offset >= source.next) continue;
    LW_ASSIGN_OR_RETURN(const auto block, FindOffset(*source.name, id.offset));
    const auto row = block ? block->view.Find(id.offset) : std::nullopt;
    if (!row) continue;
    auto header = std::make_shared<decision::BlockHeader>(block->view.header());
    LW_ASSIGN_OR_RETURN(auto found,
                        DecisionAt(block->record, block->view, std::move(header), *row));
    meta_.scanned_blocks = 1;
    meta_.scanned_rows = 1;
    DecisionAnswer answer;
    answer.decision = std::move(found);
    answer.meta = std::move(meta_);
    return answer;
  }
  return WhyAbsent(id, sources);
}

absl::Status QueryEngine::WhyAbsent(const DecisionId& id,
                                    const std::vector<SourceView>& sources) const {
  const std::string name = PrintDecisionId(id);
  if (sources.empty()) {
    // Its blocks may lie in a partition that is not read to its end.
    if (!meta_.is_complete && id.epoch == 1) {
      return base::NotFound(kDecisionNotYetVisible,
                            "`{}`: no block of its source is folded, {} ms behind", name,
                            meta_.ledger_lag_ms);
    }
    return base::NotFound(kDecisionNotFound, "`{}`: no block of this source was ever folded", name);
  }
  const SourceView& source = sources.back();
  if (id.offset >= source.next) {
    return base::NotFound(kDecisionNotYetVisible, "`{}`: folded up to {}, {} ms behind", name,
                          source.next, meta_.ledger_lag_ms);
  }
  if (id.offset < source.start) {
    return base::NotFound(kDecisionNotFound, "`{}`: the first block of its source begins at {}",
                          name, source.start);
  }
  return base::NotFound(kDecisionNotFound, "`{}`: the offset lies in a gap that its block declares",
                        name);
}

// --- Lists.

// One page: segments are opened as their newest block comes up, blocks are merged by place.
class QueryEngine::ListRun {
 public:
  ListRun(QueryEngine* engine, const ListRequest& request, const FilterNode* filter)
      : engine_(*engine),
        request_(request),
        filter_(filter),
        rows_max_(std::min(request.page_size, kPageRowsMax)),
        sizes_(request.after ? request.after->log_sizes : LogSizesOf(engine->tail())),
        frontier_(request.after) {}

  absl::StatusOr<DecisionPage> Run() {
    const int64_t from = FromMs(request_.from);
    int64_t until = UntilMs(request_.until);
    if (request_.after) until = std::min(until, request_.after->decision_time_ms + 1);
    segments_ = engine_.SegmentsIn(from, until);
    std::sort(segments_.begin(), segments_.end(), [](const Segment& a, const Segment& b) {
      return std::tie(a.time_ms_max, a.number) < std::tie(b.time_ms_max, b.number);
    });
    from_ms_ = from;
    until_ms_ = until;
    bool has_worked = false;
    while (!IsFull()) {
      if (has_worked && engine_.IsOverBudget()) return EndEarly();
      has_worked = true;
      // Newest segments last: one that may hold a block before the best candidate is opened first.
      if (!segments_.empty() &&
          (heap_.empty() || segments_.back().time_ms_max >= Top().record().decision_time_ms)) {
        LW_RETURN_IF_ERROR(OpenNext());
        continue;
      }
      if (heap_.empty()) break;
      LW_RETURN_IF_ERROR(TakeBlock());
    }
    return Finish();
  }

 private:
  struct Candidate {
    std::shared_ptr<SegmentView> segment;
    uint32_t number = 0;  // of the segment
    size_t ordinal = 0;
    const BlockRecord& record() const { return segment->record(ordinal); }
    RowPlace place() const { return PlaceIn(record(), record().next); }
  };
  // For std heap functions: the first in list order is on top.
  struct IsLater {
    bool operator()(const Candidate& a, const Candidate& b) const {
      if (base::IsSabotaged("place_by_segment")) return a.number < b.number;
      return ComesBefore(b.place(), a.place());
    }
  };

  const Candidate& Top() const { return heap_.front(); }

  bool IsVisible(const BlockRecord& block) const {
    for (const LogSize& size : sizes_) {
      if (size.partition == block.log) return block.entry < size.entries;
    }
    return false;
  }

  absl::Status OpenNext() {
    const Segment segment = std::move(segments_.back());
    segments_.pop_back();
    LW_ASSIGN_OR_RETURN(std::shared_ptr<SegmentView> view, engine_.Open(segment));
    BlockSet wanted(view->blocks(), true);
    if (filter_ != nullptr) {
      LW_ASSIGN_OR_RETURN(wanted, Plan(*filter_, *view));
    }
    for (size_t i = 0; i < view->blocks(); ++i) {
      if (!wanted.Has(i)) continue;
      const BlockRecord& block = view->record(i);
      if (block.rows == 0 || block.decision_time_ms < from_ms_ ||
          block.decision_time_ms >= until_ms_ || !IsVisible(block)) {
        continue;
      }
      // Its last place in the list is that of `live_from`.
      if (request_.after &&
          !ComesBefore(PlaceOf(*request_.after), PlaceIn(block, block.live_from))) {
        continue;
      }
      heap_.push_back({view, segment.number, i});
      std::push_heap(heap_.begin(), heap_.end(), IsLater());
    }
    return absl::OkStatus();
  }

  bool IsFull() const { return page_.decisions.size() >= rows_max_ || bytes_ >= kPageBytesMax; }

  absl::Status TakeBlock() {
    std::pop_heap(heap_.begin(), heap_.end(), IsLater());
    const Candidate candidate = std::move(heap_.back());
    heap_.pop_back();
    const BlockRecord& block = candidate.record();
    ++engine_.meta_.scanned_blocks;
    const bool with_ident = filter_ == nullptr || NeedsIdent(*filter_);
    LW_ASSIGN_OR_RETURN(auto view, candidate.segment->Read(candidate.ordinal, with_ident));
    LW_ASSIGN_OR_RETURN(const BlockRows rows, BlockRows::Of(view));
    std::vector<uint32_t> matching;
    for (uint32_t i = view.rows(); i-- > 0;) {
      const uint64_t offset = view.scan().offsets[i];
      if (offset < block.live_from) break;
      if (request_.after && !ComesBefore(PlaceOf(*request_.after), PlaceIn(block, offset))) {
        continue;
      }
      ++engine_.meta_.scanned_rows;
      if (filter_ == nullptr || rows.Matches(*filter_, i)) matching.push_back(i);
    }
    if (matching.empty()) {
      SetFrontier(PlaceIn(block, block.live_from));
      return absl::OkStatus();
    }
    const decision::BlockView* full = &view;
    std::optional<decision::BlockView> with_rows;
    if (!with_ident) {
      LW_ASSIGN_OR_RETURN(with_rows, candidate.segment->Read(candidate.ordinal, true));
      full = &*with_rows;
    }
    auto header = std::make_shared<const decision::BlockHeader>(full->header());
    for (const uint32_t row : matching) {
      if (IsFull()) return absl::OkStatus();
      LW_ASSIGN_OR_RETURN(auto found, DecisionAt(block, *full, header, row));
      bytes_ += found.row.bytes().size();
      SetFrontier(PlaceIn(block, found.row.offset));
      page_.decisions.push_back(std::move(found));
    }
    return absl::OkStatus();
  }

  // Everything up to `place` is done with.
  void SetFrontier(const RowPlace& place) {
    frontier_ = PagePosition{place.time_ms,   std::string(place.topic),
                             place.partition, std::string(place.cluster),
                             place.offset,    sizes_};
  }

  // The page is full, or all is read.
  absl::StatusOr<DecisionPage> Finish() {
    if (IsFull()) page_.next = frontier_;
    page_.meta = std::move(engine_.meta_);
    return std::move(page_);
  }

  // The budget is spent: the next page goes on where nothing was looked at yet.
  absl::StatusOr<DecisionPage> EndEarly() {
    if (!segments_.empty() &&
        (heap_.empty() || segments_.back().time_ms_max >= Top().record().decision_time_ms)) {
      const int64_t time = segments_.back().time_ms_max;
      // Before every place of that millisecond, unless a row of it was given already.
      const RowPlace start{time, "", 0, "", std::numeric_limits<uint64_t>::max()};
      if (!frontier_ || ComesBefore(PlaceOf(*frontier_), start)) SetFrontier(start);
    } else if (!heap_.empty()) {
      const BlockRecord& block = Top().record();
      const RowPlace start = PlaceIn(block, block.next);
      if (!frontier_ || ComesBefore(PlaceOf(*frontier_), start)) SetFrontier(start);
    } else {
      return Finish();
    }
    page_.next = frontier_;
    page_.meta = std::move(engine_.meta_);
    return std::move(page_);
  }

  QueryEngine& engine_;
  const ListRequest& request_;
  const FilterNode* filter_;
  const size_t rows_max_;
  const std::vector<LogSize> sizes_;
  int64_t from_ms_ = kFirstMs;
  int64_t until_ms_ = kLastMs;
  std::vector<Segment> segments_;  // not opened yet, the newest last
  std::vector<Candidate> heap_;
  std::optional<PagePosition> frontier_;
  uint64_t bytes_ = 0;
  DecisionPage page_;
};

absl::StatusOr<DecisionPage> QueryEngine::List(const ListRequest& request,
                                               const FilterNode* filter) {
  return ListRun(this, request, filter).Run();
}

// --- Watching.

absl::StatusOr<WatchCursor> QueryEngine::WatchFrom(absl::Time since) {
  WatchCursor cursor;
  cursor.since_ms = CeilMs(since);
  cursor.seen = LogSizesOf(*tail_);
  for (const Segment& segment : SegmentsIn(cursor.since_ms, kLastMs)) {
    LW_ASSIGN_OR_RETURN(const auto view, Open(segment));
    for (size_t i = 0; i < view->blocks(); ++i) {
      const BlockRecord& block = view->record(i);
      if (block.decision_time_ms < cursor.since_ms) continue;
      for (LogSize& seen : cursor.seen) {
        if (seen.partition == block.log) seen.entries = std::min(seen.entries, block.entry);
      }
    }
  }
  return cursor;
}

absl::StatusOr<WatchBatch> QueryEngine::Watch(const WatchCursor& cursor, const FilterNode* filter,
                                              uint32_t rows_max) {
  WatchBatch batch;
  batch.cursor.since_ms = cursor.since_ms;
  batch.lag_ms = meta_.ledger_lag_ms;
  uint32_t blocks = 0;
  for (const PartitionView& partition : tail_->partitions) {
    uint64_t entry = 0;
    for (const LogSize& seen : cursor.seen) {
      if (seen.partition == partition.partition) entry = seen.entries;
    }
    for (entry = std::max<uint64_t>(entry, 1); entry < partition.log_size; ++entry) {
      if (blocks >= kWatchBlocksMax) break;
      LW_ASSIGN_OR_RETURN(const auto block, FindEntry(partition.partition, entry));
      if (!block || block->record.rows == 0 || block->record.decision_time_ms < cursor.since_ms) {
        continue;
      }
      ++blocks;
      LW_ASSIGN_OR_RETURN(const BlockRows rows, BlockRows::Of(block->view));
      auto header = std::make_shared<const decision::BlockHeader>(block->view.header());
      for (uint32_t i = 0; i < block->view.rows(); ++i) {
        if (block->view.scan().offsets[i] < block->record.live_from) continue;
        if (filter != nullptr && !rows.Matches(*filter, i)) continue;
        if (batch.decisions.size() >= rows_max) {
          ++batch.dropped;
          continue;
        }
        LW_ASSIGN_OR_RETURN(auto found, DecisionAt(block->record, block->view, header, i));
        batch.decisions.push_back(std::move(found));
      }
    }
    batch.cursor.seen.push_back({partition.partition, entry});
  }
  return batch;
}

}  // namespace lineward::ledger

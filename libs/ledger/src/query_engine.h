#pragma once

// Answers one query over one Tail. Made per query; not thread-safe; everything given outlives it.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "ledger/src/filter.h"
#include "ledger/src/segment_store.h"
#include "ledger/src/segment_view.h"
#include "ledger/src/tail.h"
#include "lineward/base/clock.h"
#include "lineward/ledger/query.h"

namespace lineward::ledger {

struct QueryLimits {
  uint32_t blocks_max = 20'000;
  absl::Duration time_max = absl::Seconds(2);
  absl::Duration stale_after = absl::Seconds(10);
};

// [from, until) in milliseconds of decision time.
int64_t FromMs(const std::optional<absl::Time>& from);
int64_t UntilMs(const std::optional<absl::Time>& until);

// A row's place; lists run from the first place to the last.
struct RowPlace {
  int64_t time_ms = 0;
  std::string_view topic = {};
  uint32_t partition = 0;
  std::string_view cluster = {};
  uint64_t offset = 0;
};
// True if `a` comes before `b` in a list.
bool ComesBefore(const RowPlace& a, const RowPlace& b);

// How true an answer over `tail` is at `now`.
AnswerMeta MetaOf(const Tail& tail, absl::Time now, absl::Duration stale_after);
std::vector<LogSize> LogSizesOf(const Tail& tail);

// A block that was found, wherever it lies.
struct FoundBlock {
  BlockRecord record;
  decision::BlockView view;
};

class QueryEngine {
 public:
  QueryEngine(std::shared_ptr<const Tail> tail, const SegmentStore* store, QueryLimits limits,
              const base::Clock* clock);

  const Tail& tail() const { return *tail_; }

  absl::StatusOr<DecisionAnswer> Get(const DecisionId& id);
  absl::StatusOr<DecisionPage> List(const ListRequest& request, const FilterNode* filter);
  absl::StatusOr<CountAnswer> Count(const CountRequest& request, const FilterNode* filter);
  absl::StatusOr<WatchBatch> Watch(const WatchCursor& cursor, const FilterNode* filter,
                                   uint32_t rows_max);
  absl::StatusOr<WatchCursor> WatchFrom(absl::Time since);

  // The block that holds the source's offset as a first decision; absent if none is folded.
  absl::StatusOr<std::optional<FoundBlock>> FindOffset(const decision::SourceName& source,
                                                       uint64_t offset);
  // Entry `entry` of a log, if it is a block.
  absl::StatusOr<std::optional<FoundBlock>> FindEntry(int32_t log, uint64_t entry);

 private:
  // A segment of the range, opened when its time comes.
  struct Segment {
    HotView hot;  // without a segment: stored
    bool is_hot() const { return hot.segment != nullptr; }
    uint32_t number = 0;
    uint64_t rows = 0;
    int64_t time_ms_min = 0;
    int64_t time_ms_max = 0;
    const SegmentSummary* summary = nullptr;  // of a stored one
  };
  class ListRun;
  class CountRun;

  // Segments that reach into [from_ms, until_ms), stored and hot.
  std::vector<Segment> SegmentsIn(int64_t from_ms, int64_t until_ms) const;
  absl::StatusOr<std::unique_ptr<SegmentView>> Open(const Segment& segment);
  bool IsOverBudget() const;
  absl::Status WhyAbsent(const DecisionId& id, const std::vector<SourceView>& sources) const;

  std::shared_ptr<const Tail> tail_;
  const SegmentStore* store_;
  QueryLimits limits_;
  const base::Clock* clock_;
  std::chrono::steady_clock::time_point started_;
  AnswerMeta meta_;
  TermCache cache_;
};

}  // namespace lineward::ledger

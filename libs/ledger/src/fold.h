#pragma once

// The fold: what a record of `lineward.decisions` does to logs, sources and the open segment.
// Checks everything that a block promises before anything changes. Owned by the fold thread; no
// I/O.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/src/segment.h"
#include "ledger/src/tail.h"
#include "lineward/audit/log_tree.h"

namespace lineward::ledger {

class FoldState {
 public:
  struct Options {
    std::string fleet;
    std::string log_id;
    std::vector<int32_t> partitions;  // ascending
    int32_t bucket_width_days = 7;
  };
  // Goes on where `newest` ends; nothing before it for null.
  static absl::StatusOr<FoldState> From(Options options, const SegmentRecord* newest);

  // Starts the log of a partition that has none.
  absl::Status Begin(int32_t partition, int64_t first_offset);
  // Takes one record: the block to add to the open segment, or absent if the record is known
  // already. DATA_LOSS with the reason: the partition halts here and takes nothing more.
  absl::StatusOr<std::shared_ptr<const HotBlock>> Take(int32_t partition, int64_t offset,
                                                       std::string_view value);
  void Halt(int32_t partition, const absl::Status& why);

  // Known to be read to its end at `now`; all of them that were, and still are.
  void NoteEnd(int32_t partition, absl::Time now);
  void NoteIdle(absl::Time now);

  // It was read to its end once since the start.
  bool WasAtEnd(int32_t partition) const { return partitions_.at(partition).view.was_at_end; }

  // Computes the roots of logs that grew since the last call.
  std::vector<PartitionView> Partitions();
  std::vector<SourceView> Sources() const;

  // The state as a record, and what the logs gained since the last call.
  SegmentRecord StateRecord() const;
  std::vector<LogRun> TakeRuns();

 private:
  struct Partition {
    PartitionView view;
    audit::LogTree tree;
    uint64_t rooted_size = 0;    // `view.root` is the root of that size
    uint64_t pending_first = 0;  // index of the first entry in `pending`
    std::string pending;         // u16 length and text of each new entry
  };

  Partition* Find(int32_t partition);
  absl::Status CheckContinuity(int32_t partition, const decision::BlockHeader& header) const;
  void AppendEntry(Partition* partition, std::string_view entry);

  Options options_;
  std::map<int32_t, Partition> partitions_;
  std::map<decision::SourceName, SourceView> sources_;
};

}  // namespace lineward::ledger

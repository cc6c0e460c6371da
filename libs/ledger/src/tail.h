#pragma once

// What a query sees of the ledger, as one immutable value: the stored segments, the hot ones, and
// how far each partition and source is folded. Taken once per query.

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "ledger/src/segment.h"
#include "ledger/src/segment_store.h"
#include "lineward/crypto/merkle.h"

namespace lineward::ledger {

struct HotView {
  std::shared_ptr<const HotSegment> segment;
  uint32_t count = 0;  // blocks that may be looked at
  uint64_t rows = 0;
  uint64_t bytes = 0;
  int64_t time_ms_min = 0;
  int64_t time_ms_max = 0;
};

struct PartitionView {
  int32_t partition = 0;
  bool has_begun = false;   // its log has a genesis
  bool was_at_end = false;  // since the start of this process
  bool is_at_end = false;   // nothing was folded since
  uint64_t log_size = 0;
  crypto::Digest root = crypto::EmptyRoot();  // of the log
  int64_t next_offset = 0;
  absl::Time end_time = absl::InfinitePast();  // it was known to be at its end then
  int64_t last_decision_ms = 0;                // of the last block folded
  absl::Status halted = {};
};

struct SourceView {
  std::shared_ptr<const decision::SourceName> name;
  int32_t partition = 0;
  uint64_t start = 0;
  uint64_t next = 0;
};

using SegmentList = std::vector<std::shared_ptr<const SegmentSummary>>;

struct Tail {
  std::shared_ptr<const SegmentList> stored = std::make_shared<SegmentList>();  // by number
  std::vector<HotView> hot;               // by number, the open one last
  std::vector<PartitionView> partitions;  // ascending
  std::vector<SourceView> sources;        // ascending by name
};

}  // namespace lineward::ledger

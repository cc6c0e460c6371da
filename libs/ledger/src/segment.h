#pragma once

// Segments as values: what one ingest holds, and where its blocks lie. Pure.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/src/terms.h"
#include "lineward/audit/log_tree.h"
#include "lineward/decision/block.h"

namespace lineward::ledger {

// Ordinals of a segment fit a bitmap of 512 bytes.
inline constexpr size_t kSegmentBlocksMax = 4'096;

struct BlockRecord {
  std::shared_ptr<const decision::SourceName> source;
  int32_t log = 0;  // partition of lineward.decisions
  uint64_t entry = 0;
  uint64_t first = 0;
  uint64_t next = 0;
  uint64_t live_from = 0;
  uint32_t rows = 0;  // without repeats
  int64_t decision_time_ms = 0;
  int32_t bucket_day = 0;
};

struct PartitionMark {
  int32_t partition = 0;
  int64_t next_offset = 0;
  uint64_t log_size = 0;
  std::vector<crypto::Digest> edge;
};

struct SourceMark {
  std::shared_ptr<const decision::SourceName> source;
  int32_t partition = 0;
  uint64_t start = 0;
  uint64_t next = 0;
};

struct SegmentRecord {
  uint32_t number = 0;
  std::vector<BlockRecord> blocks;
  std::vector<PartitionMark> partitions;
  std::vector<SourceMark> sources;
};

// Equal values give equal bytes.
std::string EncodeSegmentRecord(const SegmentRecord& record);
// DATA_LOSS STORE_DAMAGED.
absl::StatusOr<SegmentRecord> DecodeSegmentRecord(std::string_view bytes);

// A bucket is a run of UTC days of decision time; its width follows from how long rows are kept.
int32_t BucketWidthDays(absl::Duration retention);
// First day of the bucket that holds `time_ms`.
int32_t BucketDay(int64_t time_ms, int32_t width_days);

// A block in the hot tail: what the store will hold, and what it is found by. Immutable.
struct HotBlock {
  BlockRecord record;
  std::string header_text;
  std::string raw_scan;
  uint8_t ident_codec = 0;
  uint32_t ident_raw_length = 0;
  std::string ident;
  BlockIndex index;

  uint64_t bytes() const { return raw_scan.size() + ident.size() + header_text.size(); }
};

// The blocks of one segment before it is stored. The fold thread fills `slots`; readers look only
// at the first `count` of the view they were given.
struct HotSegment {
  explicit HotSegment(uint32_t segment_number) : number(segment_number) {
    slots.resize(kSegmentBlocksMax);
  }
  uint32_t number;
  std::vector<std::shared_ptr<const HotBlock>> slots;
};

// What a segment adds to one log: neighbouring entries or hashes of one level.
struct LogRun {
  int32_t log = 0;
  uint8_t level = 0;
  uint64_t first = 0;
  std::string bytes;
};

// All that goes into one ingest.
struct SealJob {
  std::shared_ptr<const HotSegment> segment;
  SegmentRecord record;
  std::vector<LogRun> runs;
};

}  // namespace lineward::ledger

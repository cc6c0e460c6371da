#pragma once

// Segments on disk: the families and keys of ledger design, section 7, over one ingest-only Db.
// `Store` is called by the sealing thread alone; everything else from any thread.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/src/block_set.h"
#include "ledger/src/segment.h"
#include "lineward/base/mutex.h"
#include "lineward/store/db.h"

namespace lineward::ledger {

// What is kept in memory of a stored segment; its record is read when asked for.
struct SegmentSummary {
  uint32_t number = 0;
  uint32_t blocks = 0;
  uint64_t rows = 0;
  int64_t time_ms_min = 0;
  int64_t time_ms_max = 0;
  std::vector<int32_t> bucket_days;  // ascending
  std::vector<int32_t> logs;         // partitions with blocks in it, ascending
};
SegmentSummary Summarise(const SegmentRecord& record);

// Where a block lies.
struct BlockPlace {
  uint32_t segment = 0;
  uint16_t ordinal = 0;
};

struct StoredFacet {
  std::string value;
  std::array<uint64_t, 3> rows{};
};

class SegmentStore {
 public:
  struct Options {
    std::string path;
    uint64_t block_cache_bytes = 256 << 20;
    int32_t retention_days = 400;  // the retention class: part of family names
  };
  // As store::Db::Open.
  static absl::StatusOr<std::unique_ptr<SegmentStore>> Open(Options options);

  // Makes the families of the bucket that begins at `bucket_day`.
  absl::Status PrepareBucket(int32_t bucket_day);
  // Writes and ingests one segment; any error is final (the Db remembers it).
  absl::Status Store(const SealJob& job);
  absl::Status Health() const { return db_->Health(); }
  // Bytes of all live files.
  uint64_t Bytes() const;
  const std::string& path() const { return db_->path(); }

  // All summaries by number, and the newest record (absent: a new store). Reads every record.
  struct Opening {
    std::vector<std::shared_ptr<const SegmentSummary>> segments;
    std::shared_ptr<const SegmentRecord> newest;
  };
  absl::StatusOr<Opening> ReadAll() const;

  // Cached; DATA_LOSS if it is absent.
  absl::StatusOr<std::shared_ptr<const SegmentRecord>> Record(uint32_t segment) const;
  // The block, with or without its ident section.
  absl::StatusOr<decision::BlockView> ReadBlock(const BlockRecord& record, BlockPlace place,
                                                bool with_ident) const;
  // The stored block of the source whose [live_from, next) begins at or below `offset`.
  absl::StatusOr<std::optional<BlockPlace>> FindOffset(const decision::SourceName& source,
                                                       uint64_t offset) const;
  // The block that is entry `entry` of the log.
  absl::StatusOr<std::optional<BlockPlace>> FindEntry(int32_t log, uint64_t entry) const;

  // Blocks of each segment of the bucket that a term names: by segment number, as posting bytes.
  absl::StatusOr<std::map<uint32_t, std::string>> HighPostings(int32_t bucket_day,
                                                               uint64_t term) const;
  // The same for a facet value; segments with too many values of the dimension are in `scan`.
  struct FacetPostings {
    std::map<uint32_t, std::string> by_segment;
    std::set<uint32_t> scan;
  };
  absl::StatusOr<FacetPostings> FacetValuePostings(int32_t bucket_day, Dimension dimension,
                                                   std::string_view value) const;
  // Rows by value of a dimension, summed over the segments in `wanted`; absent if one of them has
  // too many values.
  absl::StatusOr<std::optional<std::vector<StoredFacet>>> FacetSums(
      int32_t bucket_day, Dimension dimension, const std::set<uint32_t>& wanted) const;

  // Hashes of a log level; DATA_LOSS LOG_HASHES_MISSING if some are not there.
  absl::StatusOr<std::vector<crypto::Digest>> ReadHashes(int32_t log, uint8_t level, uint64_t first,
                                                         uint64_t count) const;
  // Entry `index` of the log; absent if it is not stored.
  absl::StatusOr<std::optional<std::string>> ReadEntry(int32_t log, uint64_t index) const;

 private:
  struct BucketFamilies {
    store::Family scan;
    store::Family ident;
    store::Family post;
  };
  SegmentStore(Options options, std::unique_ptr<store::Db> db);
  std::optional<BucketFamilies> FindBucket(int32_t bucket_day) const;
  absl::StatusOr<BucketFamilies> Bucket(int32_t bucket_day) const;

  // Constant after construction.
  Options options_;
  std::unique_ptr<store::Db> db_;
  store::Family log_;
  store::Family meta_;
  // Sealing thread only: facet values whose text the bucket holds already.
  std::set<std::string> known_values_;
  // Records by number, the oldest read goes first; bounded by their blocks.
  mutable base::Mutex mutex_;
  mutable std::map<uint32_t, std::shared_ptr<const SegmentRecord>> records_ LW_GUARDED_BY(mutex_);
  mutable std::vector<uint32_t> record_order_ LW_GUARDED_BY(mutex_);
  mutable size_t record_blocks_ LW_GUARDED_BY(mutex_) = 0;
};

}  // namespace lineward::ledger

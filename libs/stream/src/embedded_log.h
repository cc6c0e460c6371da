#pragma once

// The log of the embedded transport: topics, records, committed offsets, epochs of transactional
// ids, groups, over one `LogStorage`. A commit is one atomic batch. Any thread: `mutex_` guards the
// state in memory and is never held over I/O; `is_writing_` lets one writer at a time into the
// storage.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/base/mutex.h"
#include "lineward/base/strings.h"
#include "lineward/stream/embedded.h"
#include "stream/src/embedded_codec.h"
#include "stream/src/embedded_group.h"

namespace lineward::stream {

// Records that wait for their commit, in send order, copied into one buffer.
class PendingRecords {
 public:
  struct Entry {
    uint32_t topic = 0;
    int32_t partition = 0;
    size_t body_at = 0;
    size_t body_bytes = 0;
    std::optional<std::string> compaction_key = {};
    bool is_tombstone = false;
    int64_t timestamp_ms = kTimestampNow;
  };

  void Add(const EmbeddedTopic& topic, const OutRecord& record);
  void Clear();
  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view Body(const Entry& entry) const {
    return std::string_view(bytes_).substr(entry.body_at, entry.body_bytes);
  }
  int64_t bytes() const { return static_cast<int64_t>(bytes_.size()); }

 private:
  std::string bytes_;
  std::vector<Entry> entries_;
};

class EmbeddedLog {
 public:
  static absl::StatusOr<std::unique_ptr<EmbeddedLog>> Open(std::unique_ptr<LogStorage> storage,
                                                           const EmbeddedOptions& options);

  const std::string& uuid() const { return uuid_; }
  const EmbeddedOptions& options() const { return options_; }
  const base::Clock& clock() const { return *options_.clock; }
  absl::Status StorageStatus() const LW_EXCLUDES(mutex_);

  absl::Status CreateTopics(std::span<const TopicSpec> specs) LW_EXCLUDES(mutex_);
  std::optional<EmbeddedTopic> FindTopic(std::string_view name) const LW_EXCLUDES(mutex_);
  std::optional<EmbeddedBounds> FindBounds(const TopicPartition& partition) const
      LW_EXCLUDES(mutex_);

  struct Commit {
    const PendingRecords* records = nullptr;
    // Empty: no transaction.
    std::string transactional_id = {};
    uint64_t epoch = 0;
    std::string group = {};
    std::span<const OffsetToCommit> offsets = {};
  };
  struct Committed {
    // One per record.
    std::vector<int64_t> offsets;
    int64_t append_ms = 0;
  };
  // UNAVAILABLE (full; nothing written), UNKNOWN (fenced; the storage failed).
  absl::StatusOr<Committed> Write(const Commit& commit) LW_EXCLUDES(mutex_);

  // The next epoch of the id: all older ones are fenced.
  absl::StatusOr<uint64_t> TakeEpoch(const std::string& transactional_id) LW_EXCLUDES(mutex_);
  bool IsCurrentEpoch(const std::string& transactional_id, uint64_t epoch) const
      LW_EXCLUDES(mutex_);

  absl::StatusOr<CommittedOffset> FindCommitted(std::string_view group,
                                                const TopicPartition& partition)
      LW_EXCLUDES(mutex_);

  // Records of [from, to) of a partition, in order. `visit` gets the record's raw value and returns
  // false to stop. OUT_OF_RANGE if retention took some of them; DATA_LOSS.
  absl::Status Read(uint32_t topic, const TopicPartition& partition, int64_t from, int64_t to,
                    const std::function<bool(int64_t offset, std::string_view value)>& visit)
      LW_EXCLUDES(mutex_);

  absl::Status Maintain() LW_EXCLUDES(mutex_);

  // Runs `use` on the group of that id, made if absent, and wakes all waiters.
  void WithGroup(
      const std::string& id,
      const std::function<void(EmbeddedGroup&, const EmbeddedGroup::CountPartitions&)>& use)
      LW_EXCLUDES(mutex_);

  // Counts what waiters may wait for: commits, changes of groups. `WaitForChange` returns when it
  // is no longer `seen`, or at `deadline`.
  uint64_t changes() const LW_EXCLUDES(mutex_);
  void WaitForChange(uint64_t seen, std::chrono::steady_clock::time_point deadline)
      LW_EXCLUDES(mutex_);

 private:
  struct TopicState {
    EmbeddedTopic topic;
    std::vector<EmbeddedBounds> bounds;
  };
  using Place = std::pair<uint32_t, int32_t>;

  EmbeddedLog(std::unique_ptr<LogStorage> storage, const EmbeddedOptions& options)
      : options_(options), storage_(std::move(storage)) {}

  absl::Status Load() LW_EXCLUDES(mutex_);
  absl::Status LoadTopics() LW_EXCLUDES(mutex_);
  absl::Status BeginWrite() LW_EXCLUDES(mutex_);
  void EndWrite(const absl::Status& status) LW_EXCLUDES(mutex_);
  absl::Status Store(const LogBatch& batch, bool sync);
  absl::StatusOr<Committed> WriteHeld(const Commit& commit) LW_EXCLUDES(mutex_);
  absl::Status Compact(const PendingRecords::Entry& entry, int64_t offset, int64_t append_ms,
                       std::map<std::string, NewestOffset>* newest,
                       std::map<Place, EmbeddedBounds>* touched, LogBatch* batch);
  absl::Status MakeRoom(int64_t bytes) LW_EXCLUDES(mutex_);
  // Drops the oldest records while `drops(append_ms, dropped_bytes)` says so; returns the bytes.
  absl::StatusOr<int64_t> DropOldest(
      const EmbeddedTopic& topic, int32_t partition,
      const std::function<bool(int64_t append_ms, int64_t dropped_bytes)>& drops)
      LW_EXCLUDES(mutex_);
  absl::Status DropTombstones() LW_EXCLUDES(mutex_);
  absl::Status MaintainHeld() LW_EXCLUDES(mutex_);
  std::map<Place, EmbeddedBounds> CopyBounds(const PendingRecords& records) const
      LW_EXCLUDES(mutex_);
  void Publish(const std::map<Place, EmbeddedBounds>& touched) LW_EXCLUDES(mutex_);
  TopicState* FindById(uint32_t id) LW_REQUIRES(mutex_);
  const TopicState* FindById(uint32_t id) const LW_REQUIRES(mutex_);

  // Constant after Open.
  const EmbeddedOptions options_;
  const std::unique_ptr<LogStorage> storage_;
  std::string uuid_;

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  uint64_t changes_ LW_GUARDED_BY(mutex_) = 0;
  bool is_writing_ LW_GUARDED_BY(mutex_) = false;
  absl::Status storage_status_ LW_GUARDED_BY(mutex_);
  base::StringMap<uint32_t> topic_ids_ LW_GUARDED_BY(mutex_);
  std::map<uint32_t, TopicState> topics_ LW_GUARDED_BY(mutex_);
  std::map<uint32_t, std::string> topic_names_ LW_GUARDED_BY(mutex_);
  base::StringMap<uint64_t> epochs_ LW_GUARDED_BY(mutex_);
  std::map<std::string, EmbeddedGroup, std::less<>> groups_ LW_GUARDED_BY(mutex_);
};

}  // namespace lineward::stream

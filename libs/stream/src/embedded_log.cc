#include "stream/src/embedded_log.h"

#include <algorithm>
#include <random>
#include <tuple>

#include "lineward/base/bytes.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/stream/reasons.h"

namespace lineward::stream {
namespace {

constexpr std::string_view kFormatVersion = "1";
constexpr int64_t kTombstoneLifeMs = 24 * 3600 * 1000;
// Records that one eviction looks at most: bounds the pause of the commit that needs the room.
constexpr int64_t kEvictBytesAtOnce = int64_t{16} << 20;

// A UUID of version 4. Identity only, no secret.
std::string NewUuid() {
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 4; ++i) base::AppendU32(&bytes, random());
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = base::ToHex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

absl::Status Damaged(std::string_view what) {
  return base::DataLoss(kLogDamaged, "embedded log: {}", what);
}

}  // namespace

void PendingRecords::Add(const EmbeddedTopic& topic, const OutRecord& record) {
  Entry entry{.topic = topic.id,
              .partition = record.partition,
              .body_at = bytes_.size(),
              .is_tombstone = !record.value.has_value(),
              .timestamp_ms = record.timestamp_ms};
  AppendBody(&bytes_, record);
  entry.body_bytes = bytes_.size() - entry.body_at;
  if (topic.cleanup == Cleanup::kCompact && record.key.has_value()) {
    entry.compaction_key = std::string(*record.key);
  }
  entries_.push_back(std::move(entry));
}

void PendingRecords::Clear() {
  bytes_.clear();
  entries_.clear();
}

absl::StatusOr<std::unique_ptr<EmbeddedLog>> EmbeddedLog::Open(std::unique_ptr<LogStorage> storage,
                                                               const EmbeddedOptions& options) {
  auto log = std::unique_ptr<EmbeddedLog>(new EmbeddedLog(std::move(storage), options));
  LW_RETURN_IF_ERROR(log->Load());
  return log;
}

absl::Status EmbeddedLog::Load() {
  LW_ASSIGN_OR_RETURN(const auto format, storage_->Get(MetaKey("format")));
  if (!format.has_value()) {
    uuid_ = NewUuid();
    LogBatch batch;
    batch.Put(MetaKey("format"), std::string(kFormatVersion));
    batch.Put(MetaKey("uuid"), uuid_);
    return storage_->Write(batch, /*sync=*/true);
  }
  if (*format != kFormatVersion) return Damaged(fmt::format("unknown format `{}`", *format));
  LW_ASSIGN_OR_RETURN(const auto uuid, storage_->Get(MetaKey("uuid")));
  if (!uuid.has_value()) return Damaged("no UUID");
  uuid_ = *uuid;
  LW_RETURN_IF_ERROR(LoadTopics());
  absl::Status status;
  LW_RETURN_IF_ERROR(storage_->Scan("x/", PrefixEnd("x/"), [&](auto key, auto value) {
    const auto epoch = DecodeU64(value);
    if (!epoch.has_value()) status = Damaged("epoch of a transactional id");
    base::MutexLock lock(&mutex_);
    epochs_[std::string(key.substr(2))] = epoch.value_or(0);
    return status.ok();
  }));
  return status;
}

absl::Status EmbeddedLog::LoadTopics() {
  std::vector<std::pair<std::string, EmbeddedTopic>> found;
  absl::Status status;
  LW_RETURN_IF_ERROR(storage_->Scan("t/", PrefixEnd("t/"), [&](auto key, auto value) {
    const auto topic = DecodeTopic(value);
    if (!topic.has_value()) status = Damaged(fmt::format("settings of topic `{}`", key.substr(2)));
    if (topic.has_value()) found.emplace_back(key.substr(2), *topic);
    return status.ok();
  }));
  LW_RETURN_IF_ERROR(status);
  for (const auto& [name, topic] : found) {
    TopicState state{topic, {}};
    for (int32_t partition = 0; partition < topic.partitions; ++partition) {
      LW_ASSIGN_OR_RETURN(const auto value, storage_->Get(BoundsKey(topic.id, partition)));
      const auto bounds = DecodeBounds(value.value_or(""));
      if (!bounds.has_value()) return Damaged(fmt::format("bounds of {}-{}", name, partition));
      state.bounds.push_back(*bounds);
    }
    base::MutexLock lock(&mutex_);
    topic_ids_[name] = topic.id;
    topic_names_[topic.id] = name;
    topics_.emplace(topic.id, std::move(state));
  }
  return absl::OkStatus();
}

absl::Status EmbeddedLog::StorageStatus() const {
  base::MutexLock lock(&mutex_);
  return storage_status_;
}

// Waits until no other writer is in the storage, then keeps it until EndWrite.
absl::Status EmbeddedLog::BeginWrite() {
  base::MutexLock lock(&mutex_);
  while (is_writing_) changed_.WaitFor(&mutex_, std::chrono::seconds(1));
  if (!storage_status_.ok()) {
    return base::Unavailable(base::ReasonOf(storage_status_), "embedded log: storage failed: {}",
                             base::MessageOf(storage_status_));
  }
  is_writing_ = true;
  return absl::OkStatus();
}

void EmbeddedLog::EndWrite(const absl::Status& status) {
  base::MutexLock lock(&mutex_);
  is_writing_ = false;
  if (!status.ok() && storage_status_.ok()) storage_status_ = status;
  ++changes_;
  changed_.NotifyAll();
}

absl::Status EmbeddedLog::Store(const LogBatch& batch, bool sync) {
  if (base::IsSabotaged("sync_none")) sync = false;
  const absl::Status status = storage_->Write(batch, sync);
  if (base::IsSabotaged("write_error_ignored")) return absl::OkStatus();
  return status;
}

absl::Status EmbeddedLog::CreateTopics(std::span<const TopicSpec> specs) {
  LW_RETURN_IF_ERROR(BeginWrite());
  LogBatch batch;
  std::vector<std::pair<std::string, TopicState>> created;
  {
    base::MutexLock lock(&mutex_);
    uint32_t next_id = topics_.empty() ? 1 : topics_.rbegin()->first + 1;
    for (const TopicSpec& spec : specs) {
      if (topic_ids_.contains(spec.name)) continue;
      EmbeddedTopic topic;
      topic.id = next_id++;
      topic.partitions = std::max(spec.partitions, 1);
      topic.cleanup = spec.cleanup;
      topic.timestamp = spec.timestamp == TimestampType::kAppend ? TimestampType::kAppend
                                                                 : TimestampType::kCreate;
      const bool is_kept = spec.cleanup == Cleanup::kCompact ||
                           spec.retention == absl::ZeroDuration() ||
                           spec.retention == absl::InfiniteDuration();
      topic.retention_ms = is_kept ? -1 : absl::ToInt64Milliseconds(spec.retention);
      topic.message_bytes_max = spec.message_bytes > 0
                                    ? spec.message_bytes
                                    : std::max(spec.message_bytes_min, kRecordBytesMax);
      TopicState state{topic, std::vector<EmbeddedBounds>(topic.partitions)};
      batch.Put(TopicKey(spec.name), EncodeTopic(topic));
      for (int32_t partition = 0; partition < topic.partitions; ++partition) {
        batch.Put(BoundsKey(topic.id, partition), EncodeBounds({}));
      }
      created.emplace_back(spec.name, std::move(state));
    }
  }
  const absl::Status status = created.empty() ? absl::OkStatus() : Store(batch, true);
  if (status.ok()) {
    base::MutexLock lock(&mutex_);
    for (auto& [name, state] : created) {
      topic_ids_[name] = state.topic.id;
      topic_names_[state.topic.id] = name;
      topics_.emplace(state.topic.id, std::move(state));
    }
  }
  EndWrite(status);
  return status;
}

EmbeddedLog::TopicState* EmbeddedLog::FindById(uint32_t id) {
  const auto found = topics_.find(id);
  return found == topics_.end() ? nullptr : &found->second;
}

const EmbeddedLog::TopicState* EmbeddedLog::FindById(uint32_t id) const {
  const auto found = topics_.find(id);
  return found == topics_.end() ? nullptr : &found->second;
}

std::optional<EmbeddedTopic> EmbeddedLog::FindTopic(std::string_view name) const {
  base::MutexLock lock(&mutex_);
  const auto id = topic_ids_.find(name);
  if (id == topic_ids_.end()) return std::nullopt;
  return FindById(id->second)->topic;
}

std::optional<EmbeddedBounds> EmbeddedLog::FindBounds(const TopicPartition& partition) const {
  base::MutexLock lock(&mutex_);
  const auto id = topic_ids_.find(partition.topic);
  if (id == topic_ids_.end()) return std::nullopt;
  const TopicState& state = *FindById(id->second);
  if (partition.partition < 0 || partition.partition >= state.topic.partitions) return std::nullopt;
  return state.bounds[static_cast<size_t>(partition.partition)];
}

absl::StatusOr<EmbeddedLog::Committed> EmbeddedLog::Write(const Commit& commit) {
  LW_RETURN_IF_ERROR(BeginWrite());
  auto committed = WriteHeld(commit);
  // A full log and a fenced producer are answers; anything else is the storage's failure.
  const bool has_failed = !committed.ok() && base::ReasonOf(committed.status()) != kLogFull &&
                          base::ReasonOf(committed.status()) != kProducerFenced;
  EndWrite(has_failed ? committed.status() : absl::OkStatus());
  if (has_failed) {
    return base::Unknown(base::ReasonOf(committed.status()), "embedded log: {}",
                         base::MessageOf(committed.status()));
  }
  return committed;
}

absl::StatusOr<EmbeddedLog::Committed> EmbeddedLog::WriteHeld(const Commit& commit) {
  const bool is_transaction = !commit.transactional_id.empty();
  if (is_transaction && !IsCurrentEpoch(commit.transactional_id, commit.epoch)) {
    return base::Unknown(kProducerFenced, "producer `{}`: fenced by a newer one",
                         commit.transactional_id);
  }
  LW_RETURN_IF_ERROR(MakeRoom(commit.records->bytes()));
  Committed committed;
  committed.append_ms = base::ToUnixMillis(clock().Now());
  auto touched = CopyBounds(*commit.records);
  std::map<std::string, NewestOffset> newest;
  std::map<uint32_t, TimestampType> stamps;
  {
    base::MutexLock lock(&mutex_);
    for (const auto& [id, state] : topics_) stamps[id] = state.topic.timestamp;
  }
  LogBatch batch;
  for (const PendingRecords::Entry& entry : commit.records->entries()) {
    EmbeddedBounds& bounds = touched.at({entry.topic, entry.partition});
    const int64_t offset = bounds.next++;
    const TimestampType type = stamps.at(entry.topic);
    const int64_t created_ms =
        entry.timestamp_ms == kTimestampNow ? committed.append_ms : entry.timestamp_ms;
    std::string value =
        EncodeRecord(commit.records->Body(entry), created_ms, type, committed.append_ms);
    bounds.bytes += static_cast<int64_t>(value.size());
    batch.Put(RecordKey(entry.topic, entry.partition, offset), std::move(value));
    committed.offsets.push_back(offset);
    LW_RETURN_IF_ERROR(Compact(entry, offset, committed.append_ms, &newest, &touched, &batch));
  }
  for (const auto& [key, place] : newest) batch.Put(key, EncodeNewest(place));
  for (auto& [place, bounds] : touched) {
    if (is_transaction) ++bounds.next;  // burnt, as Kafka's marker does
    batch.Put(BoundsKey(place.first, place.second), EncodeBounds(bounds));
  }
  LogBatch late;
  LogBatch* offsets_batch = base::IsSabotaged("two_batches") ? &late : &batch;
  for (const OffsetToCommit& offset : commit.offsets) {
    offsets_batch->Put(CommittedKey(commit.group, offset.partition),
                       EncodeCommitted(offset.next, offset.metadata));
  }
  if (is_transaction) batch.Put(EpochKey(commit.transactional_id), EncodeU64(commit.epoch));
  LW_RETURN_IF_ERROR(Store(batch, options_.sync_commits));
  if (!late.ops.empty()) {
    LW_RETURN_IF_ERROR(base::FaultPoint("txn.between_batches"));
    LW_RETURN_IF_ERROR(Store(late, options_.sync_commits));
  }
  Publish(touched);
  return committed;
}

// Compaction at write: the batch that appends a key's record removes the older one.
absl::Status EmbeddedLog::Compact(const PendingRecords::Entry& entry, int64_t offset,
                                  int64_t append_ms, std::map<std::string, NewestOffset>* newest,
                                  std::map<Place, EmbeddedBounds>* touched, LogBatch* batch) {
  if (!entry.compaction_key.has_value()) return absl::OkStatus();
  const std::string key = NewestKey(entry.topic, *entry.compaction_key);
  std::optional<NewestOffset> older;
  if (const auto found = newest->find(key); found != newest->end()) {
    older = found->second;
  } else {
    LW_ASSIGN_OR_RETURN(const auto value, storage_->Get(key));
    if (value.has_value()) {
      older = DecodeNewest(*value);
      if (!older.has_value()) return Damaged("newest offset of a key");
    }
  }
  if (older.has_value() && older->partition == entry.partition) {
    const std::string record_key = RecordKey(entry.topic, older->partition, older->offset);
    LW_ASSIGN_OR_RETURN(const auto value, storage_->Get(record_key));
    if (value.has_value()) {
      touched->at({entry.topic, entry.partition}).bytes -= static_cast<int64_t>(value->size());
    }
    batch->Delete(record_key);
  }
  (*newest)[key] = {entry.partition, offset};
  if (entry.is_tombstone) {
    batch->Put(TombstoneKey(append_ms, entry.topic, entry.partition, offset),
               std::string(key.substr(2)));
  }
  return absl::OkStatus();
}

std::map<EmbeddedLog::Place, EmbeddedBounds> EmbeddedLog::CopyBounds(
    const PendingRecords& records) const {
  std::map<Place, EmbeddedBounds> touched;
  base::MutexLock lock(&mutex_);
  for (const PendingRecords::Entry& entry : records.entries()) {
    const auto [found, is_new] = touched.try_emplace({entry.topic, entry.partition});
    if (is_new) found->second = FindById(entry.topic)->bounds[static_cast<size_t>(entry.partition)];
  }
  return touched;
}

void EmbeddedLog::Publish(const std::map<Place, EmbeddedBounds>& touched) {
  base::MutexLock lock(&mutex_);
  for (const auto& [place, bounds] : touched) {
    FindById(place.first)->bounds[static_cast<size_t>(place.second)] = bounds;
  }
}

absl::Status EmbeddedLog::MakeRoom(int64_t bytes) {
  while (true) {
    int64_t total = bytes;
    std::vector<std::pair<EmbeddedTopic, int32_t>> evictable;
    {
      base::MutexLock lock(&mutex_);
      for (const auto& [id, state] : topics_) {
        const bool may_go = topic_names_.at(id).starts_with(options_.evictable_prefix);
        for (size_t i = 0; i < state.bounds.size(); ++i) {
          total += state.bounds[i].bytes;
          if (may_go && state.bounds[i].bytes > 0) {
            evictable.emplace_back(state.topic, static_cast<int32_t>(i));
          }
        }
      }
    }
    if (total <= options_.bytes_max) return absl::OkStatus();
    const absl::Status full = base::Unavailable(kLogFull, "embedded log: {} bytes, limit {} bytes",
                                                total, options_.bytes_max);
    // The partition whose first record is the oldest gives first.
    const std::pair<EmbeddedTopic, int32_t>* oldest = nullptr;
    int64_t oldest_ms = INT64_MAX;
    for (const auto& candidate : evictable) {
      const auto& [topic, partition] = candidate;
      std::vector<Header> headers;
      absl::Status damage;
      LW_RETURN_IF_ERROR(storage_->Scan(RecordKey(topic.id, partition, 0),
                                        RecordKey(topic.id, partition, INT64_MAX),
                                        [&](std::string_view, std::string_view value) {
                                          const auto record = DecodeRecord(value, &headers);
                                          if (!record.has_value())
                                            damage = Damaged("record is cut");
                                          if (record.has_value() && record->append_ms < oldest_ms) {
                                            oldest_ms = record->append_ms;
                                            oldest = &candidate;
                                          }
                                          return false;
                                        }));
      LW_RETURN_IF_ERROR(damage);
    }
    if (oldest == nullptr) return full;
    const int64_t wanted = std::min(total - options_.bytes_max, kEvictBytesAtOnce);
    LW_ASSIGN_OR_RETURN(const int64_t dropped,
                        DropOldest(oldest->first, oldest->second,
                                   [wanted](int64_t, int64_t done) { return done < wanted; }));
    if (dropped == 0) return full;
  }
}

absl::StatusOr<int64_t> EmbeddedLog::DropOldest(
    const EmbeddedTopic& topic, int32_t partition,
    const std::function<bool(int64_t append_ms, int64_t dropped_bytes)>& drops) {
  int64_t dropped = 0;
  int64_t start = -1;
  absl::Status damage;
  LW_RETURN_IF_ERROR(storage_->Scan(RecordKey(topic.id, partition, 0),
                                    RecordKey(topic.id, partition, INT64_MAX),
                                    [&](std::string_view key, std::string_view value) {
                                      std::vector<Header> headers;
                                      const auto place = ParseRecordKey(key);
                                      const auto record = DecodeRecord(value, &headers);
                                      if (!place.has_value() || !record.has_value()) {
                                        damage = Damaged("record is cut");
                                        return false;
                                      }
                                      if (!drops(record->append_ms, dropped)) return false;
                                      dropped += static_cast<int64_t>(value.size());
                                      start = place->offset + 1;
                                      return true;
                                    }));
  LW_RETURN_IF_ERROR(damage);
  if (start < 0) return 0;
  EmbeddedBounds bounds;
  {
    base::MutexLock lock(&mutex_);
    bounds = FindById(topic.id)->bounds[static_cast<size_t>(partition)];
  }
  bounds.start = start;
  bounds.bytes -= dropped;
  LogBatch batch;
  batch.Put(BoundsKey(topic.id, partition), EncodeBounds(bounds));
  // First the bounds, then the records: readers must see a position outside the log, never a hole.
  LW_RETURN_IF_ERROR(Store(batch, options_.sync_commits));
  Publish({{{topic.id, partition}, bounds}});
  LW_RETURN_IF_ERROR(storage_->DeleteRange(RecordKey(topic.id, partition, 0),
                                           RecordKey(topic.id, partition, start)));
  return dropped;
}

absl::StatusOr<uint64_t> EmbeddedLog::TakeEpoch(const std::string& transactional_id) {
  LW_RETURN_IF_ERROR(BeginWrite());
  uint64_t epoch = 1;
  {
    base::MutexLock lock(&mutex_);
    const auto found = epochs_.find(transactional_id);
    if (found != epochs_.end()) epoch = found->second + 1;
  }
  LogBatch batch;
  batch.Put(EpochKey(transactional_id), EncodeU64(epoch));
  const absl::Status status = Store(batch, options_.sync_commits);
  if (status.ok()) {
    base::MutexLock lock(&mutex_);
    epochs_[transactional_id] = epoch;
  }
  EndWrite(status);
  if (!status.ok()) return base::Annotate(status, "producer `{}`", transactional_id);
  return epoch;
}

bool EmbeddedLog::IsCurrentEpoch(const std::string& transactional_id, uint64_t epoch) const {
  base::MutexLock lock(&mutex_);
  const auto found = epochs_.find(transactional_id);
  return found != epochs_.end() && found->second == epoch;
}

absl::StatusOr<CommittedOffset> EmbeddedLog::FindCommitted(std::string_view group,
                                                           const TopicPartition& partition) {
  LW_ASSIGN_OR_RETURN(const auto value, storage_->Get(CommittedKey(group, partition)));
  CommittedOffset committed{.partition = partition};
  if (!value.has_value()) return committed;
  auto decoded = DecodeCommitted(*value);
  if (!decoded.has_value()) return Damaged(fmt::format("offset of {}", ToString(partition)));
  committed.offset = decoded->offset;
  committed.metadata = std::move(decoded->metadata);
  return committed;
}

absl::Status EmbeddedLog::Read(
    uint32_t topic, const TopicPartition& partition, int64_t from, int64_t to,
    const std::function<bool(int64_t offset, std::string_view value)>& visit) {
  absl::Status damage;
  LW_RETURN_IF_ERROR(storage_->Scan(RecordKey(topic, partition.partition, from),
                                    RecordKey(topic, partition.partition, to),
                                    [&](std::string_view key, std::string_view value) {
                                      const auto place = ParseRecordKey(key);
                                      if (!place.has_value()) damage = Damaged("key of a record");
                                      return place.has_value() && visit(place->offset, value);
                                    }));
  LW_RETURN_IF_ERROR(damage);
  // Retention moves the start before it removes records: looked at after the scan, it tells whether
  // some of the range were gone already.
  const auto bounds = FindBounds(partition);
  if (bounds.has_value() && from < bounds->start) {
    return base::OutOfRange(kOffsetOutOfLog, "{}: offset {} is outside the log, which begins at {}",
                            ToString(partition), from, bounds->start);
  }
  return absl::OkStatus();
}

absl::Status EmbeddedLog::Maintain() {
  LW_RETURN_IF_ERROR(BeginWrite());
  const absl::Status status = MaintainHeld();
  EndWrite(status);
  return status;
}

absl::Status EmbeddedLog::MaintainHeld() {
  const int64_t now_ms = base::ToUnixMillis(clock().Now());
  std::vector<EmbeddedTopic> bounded;
  {
    base::MutexLock lock(&mutex_);
    for (const auto& [id, state] : topics_) {
      if (state.topic.retention_ms >= 0) bounded.push_back(state.topic);
    }
  }
  for (const EmbeddedTopic& topic : bounded) {
    for (int32_t partition = 0; partition < topic.partitions; ++partition) {
      const auto dropped = DropOldest(topic, partition, [&](int64_t append_ms, int64_t) {
        return append_ms < now_ms - topic.retention_ms;
      });
      LW_RETURN_IF_ERROR(dropped.status());
    }
  }
  return DropTombstones();
}

absl::Status EmbeddedLog::DropTombstones() {
  const int64_t limit_ms = base::ToUnixMillis(clock().Now()) - kTombstoneLifeMs;
  if (limit_ms <= 0) return absl::OkStatus();
  std::vector<std::tuple<std::string, RecordPlace, std::string>> due;
  LW_RETURN_IF_ERROR(storage_->Scan("d/", TombstoneKey(limit_ms, 0, 0, 0),
                                    [&](std::string_view key, std::string_view newest_key) {
                                      if (const auto place = ParseTombstoneKey(key)) {
                                        due.emplace_back(key, *place, newest_key);
                                      }
                                      return true;
                                    }));
  LogBatch batch;
  std::map<Place, EmbeddedBounds> touched;
  for (const auto& [key, place, suffix] : due) {
    batch.Delete(key);
    const std::string newest_key = "k/" + suffix;
    LW_ASSIGN_OR_RETURN(const auto newest, storage_->Get(newest_key));
    const auto offset = DecodeNewest(newest.value_or(""));
    const bool is_newest = offset.has_value() && offset->partition == place.partition &&
                           offset->offset == place.offset;
    if (!is_newest) continue;
    const std::string record_key = RecordKey(place.topic, place.partition, place.offset);
    LW_ASSIGN_OR_RETURN(const auto record, storage_->Get(record_key));
    {
      base::MutexLock lock(&mutex_);
      const auto& all = FindById(place.topic)->bounds;
      touched.try_emplace({place.topic, place.partition},
                          all[static_cast<size_t>(place.partition)]);
    }
    touched[{place.topic, place.partition}].bytes -=
        static_cast<int64_t>(record.value_or("").size());
    batch.Delete(newest_key);
    batch.Delete(record_key);
  }
  for (const auto& [place, bounds] : touched) {
    batch.Put(BoundsKey(place.first, place.second), EncodeBounds(bounds));
  }
  if (batch.ops.empty()) return absl::OkStatus();
  LW_RETURN_IF_ERROR(Store(batch, options_.sync_commits));
  Publish(touched);
  return absl::OkStatus();
}

void EmbeddedLog::WithGroup(
    const std::string& id,
    const std::function<void(EmbeddedGroup&, const EmbeddedGroup::CountPartitions&)>& use) {
  base::MutexLock lock(&mutex_);
  auto found = groups_.find(id);
  if (found == groups_.end()) found = groups_.emplace(id, EmbeddedGroup(id)).first;
  const uint64_t before = found->second.generation();
  use(found->second, [this](const std::string& topic) LW_NO_THREAD_SAFETY_ANALYSIS -> int32_t {
    const auto topic_id = topic_ids_.find(topic);
    return topic_id == topic_ids_.end() ? 0 : FindById(topic_id->second)->topic.partitions;
  });
  if (found->second.generation() != before) {
    ++changes_;
    changed_.NotifyAll();
  }
}

uint64_t EmbeddedLog::changes() const {
  base::MutexLock lock(&mutex_);
  return changes_;
}

void EmbeddedLog::WaitForChange(uint64_t seen, std::chrono::steady_clock::time_point deadline) {
  base::MutexLock lock(&mutex_);
  while (changes_ == seen) {
    if (!changed_.WaitUntil(&mutex_, deadline)) return;
  }
}

}  // namespace lineward::stream

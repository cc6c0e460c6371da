#include "lineward/stream/embedded.h"

#include <algorithm>
#include <atomic>
#include <deque>

#include "lineward/base/bytes.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/stream/reasons.h"
#include "stream/src/embedded_log.h"

namespace lineward::stream {
namespace {

using SharedLog = std::shared_ptr<EmbeddedLog>;

// Bytes that one Poll copies out of the storage at most, beside its first record.
constexpr size_t kPollBytesMax = 8 << 20;

absl::Status CheckRecord(const std::optional<EmbeddedTopic>& topic, const OutRecord& record,
                         int64_t message_bytes_max) {
  if (!topic.has_value()) {
    return base::InvalidArgument(kTopicUnknown, "topic `{}` does not exist", record.topic);
  }
  if (record.partition < 0 || record.partition >= topic->partitions) {
    return base::InvalidArgument(kTopicUnknown, "{}-{} does not exist: the topic has {} partitions",
                                 record.topic, record.partition, topic->partitions);
  }
  const int64_t limit = std::min(message_bytes_max, topic->message_bytes_max);
  const size_t bytes = WireBytes(record);
  if (static_cast<int64_t>(bytes) > limit) {
    return base::InvalidArgument(kRecordTooLarge, "{}-{}: record of {} bytes, limit {} bytes",
                                 record.topic, record.partition, bytes, limit);
  }
  if (topic->cleanup == Cleanup::kCompact && !record.key.has_value()) {
    return base::InvalidArgument("", "{}-{}: record without a key in a compacted topic",
                                 record.topic, record.partition);
  }
  return absl::OkStatus();
}

absl::Status NotFound(const TopicPartition& partition) {
  return base::NotFound(kTopicUnknown, "{} does not exist", ToString(partition));
}

absl::StatusOr<std::vector<int64_t>> Offsets(const EmbeddedLog& log,
                                             std::span<const TopicPartition> partitions,
                                             int64_t EmbeddedBounds::* end) {
  std::vector<int64_t> offsets;
  for (const TopicPartition& partition : partitions) {
    const auto bounds = log.FindBounds(partition);
    if (!bounds.has_value()) return NotFound(partition);
    offsets.push_back((*bounds).*end);
  }
  return offsets;
}

// Positions in assigned partitions, and the records of one Poll.
class Cursor {
 public:
  explicit Cursor(SharedLog log) : log_(std::move(log)) {}

  absl::Status Assign(std::span<const Position> positions) {
    std::vector<Place> places;
    for (const Position& position : positions) {
      const auto topic = log_->FindTopic(position.partition.topic);
      const auto bounds = log_->FindBounds(position.partition);
      if (!topic.has_value() || !bounds.has_value()) return NotFound(position.partition);
      int64_t next = position.offset;
      if (next == kLogStart) next = bounds->start;
      if (next == kLogEnd) next = bounds->next;
      places.push_back({.partition = position.partition, .topic = topic->id, .next = next});
    }
    // Names stay where they are for the life of the consumer: readers compare their addresses.
    for (Place& place : places) {
      const auto known = std::find(names_.begin(), names_.end(), place.partition.topic);
      place.name = known == names_.end() ? &names_.emplace_back(place.partition.topic) : &*known;
    }
    places_ = std::move(places);
    first_ = 0;
    return absl::OkStatus();
  }

  void Clear() { places_.clear(); }

  // Takes what is there; false if there is nothing. `with_ends`: reports ends of partitions.
  bool Fill(bool with_ends) {
    Drop();
    for (size_t i = 0; i < places_.size() && !IsFull(); ++i) {
      FillFrom(places_[(first_ + i) % places_.size()], with_ends);
    }
    if (!places_.empty()) first_ = (first_ + 1) % places_.size();
    Decode();
    return !records_.empty() || !events_.empty();
  }

  void Drop() {
    bytes_.clear();
    raw_.clear();
    records_.clear();
    headers_.clear();
    events_.clear();
  }

  Polled View() const { return {.records = records_, .events = events_}; }

 private:
  struct Place {
    TopicPartition partition = {};
    uint32_t topic = 0;
    int64_t next = 0;
    const std::string* name = nullptr;
    int64_t reported_end = -1;
    bool is_stopped = false;
  };
  struct Raw {
    const Place* place = nullptr;
    int64_t offset = 0;
    size_t at = 0;
    size_t size = 0;
  };

  bool IsFull() const { return raw_.size() >= kPollRecordsMax || bytes_.size() >= kPollBytesMax; }

  void Stop(Place& place, absl::Status status) {
    place.is_stopped = true;
    events_.push_back({.kind = PartitionEvent::Kind::kStopped,
                       .partition = place.partition,
                       .offset = place.next,
                       .status = std::move(status)});
  }

  void FillFrom(Place& place, bool with_ends) {
    const auto bounds = log_->FindBounds(place.partition);
    if (place.is_stopped || !bounds.has_value()) return;
    if (place.next < bounds->start || place.next > bounds->next) {
      Stop(place,
           base::DataLoss(kOffsetOutOfLog, "{}: offset {} is outside the log, which holds {} to {}",
                          ToString(place.partition), place.next, bounds->start, bounds->next));
      return;
    }
    if (place.next < bounds->next) Scan(place, bounds->next);
    if (with_ends && !place.is_stopped && place.next >= bounds->next &&
        place.reported_end < place.next) {
      place.reported_end = place.next;
      events_.push_back({.kind = PartitionEvent::Kind::kEndReached,
                         .partition = place.partition,
                         .offset = place.next});
    }
  }

  void Scan(Place& place, int64_t end) {
    const size_t raw_before = raw_.size();
    bool is_cut = false;
    int64_t last = place.next - 1;
    const absl::Status status = log_->Read(
        place.topic, place.partition, place.next, end, [&](int64_t offset, std::string_view value) {
          if (IsFull()) {
            is_cut = true;
            return false;
          }
          raw_.push_back({&place, offset, bytes_.size(), value.size()});
          bytes_.append(value);
          last = offset;
          return true;
        });
    if (!status.ok()) {
      raw_.resize(raw_before);
      Stop(place, absl::IsOutOfRange(status)
                      ? base::DataLoss(kOffsetOutOfLog, "{}", base::MessageOf(status))
                      : base::DataLoss(kLogDamaged, "{}: {}", ToString(place.partition),
                                       base::MessageOf(status)));
      return;
    }
    place.next = is_cut ? last + 1 : end;
  }

  // Views are made once all bytes lie where they stay.
  void Decode() {
    std::vector<std::pair<size_t, DecodedRecord>> decoded;
    decoded.reserve(raw_.size());
    records_.reserve(raw_.size());
    std::vector<const Raw*> damaged;
    for (const Raw& raw : raw_) {
      const size_t first_header = headers_.size();
      const auto record =
          DecodeRecord(std::string_view(bytes_).substr(raw.at, raw.size), &headers_);
      const bool is_behind_damage = std::any_of(
          damaged.begin(), damaged.end(), [&](auto* other) { return other->place == raw.place; });
      if (is_behind_damage) continue;
      if (!record.has_value()) {
        damaged.push_back(&raw);
        continue;
      }
      decoded.emplace_back(first_header, *record);
      records_.push_back({.topic = *raw.place->name,
                          .partition = raw.place->partition.partition,
                          .offset = raw.offset,
                          .key = record->key,
                          .value = record->value,
                          .timestamp_ms = record->timestamp_ms,
                          .timestamp_type = record->timestamp_type});
    }
    for (size_t i = 0; i < records_.size(); ++i) {
      records_[i].headers =
          std::span(headers_).subspan(decoded[i].first, decoded[i].second.header_count);
    }
    for (const Raw* raw : damaged) {
      auto& place = const_cast<Place&>(*raw->place);
      place.next = raw->offset;
      std::erase_if(
          events_, [&](const PartitionEvent& event) { return event.partition == place.partition; });
      Stop(place, base::DataLoss(kLogDamaged, "embedded log: {} offset {}: record is damaged",
                                 ToString(place.partition), raw->offset));
    }
  }

  const SharedLog log_;
  std::deque<std::string> names_;
  std::vector<Place> places_;
  size_t first_ = 0;
  std::string bytes_;
  std::vector<Raw> raw_;
  std::vector<RecordView> records_;
  std::vector<Header> headers_;
  std::vector<PartitionEvent> events_;
};

std::chrono::steady_clock::time_point DeadlineIn(absl::Duration timeout) {
  return std::chrono::steady_clock::now() +
         absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(1)));
}

struct DecodedToken {
  std::string group;
  uint64_t holder = 0;
  uint64_t generation = 0;
};

GroupToken EncodeToken(const DecodedToken& token) {
  GroupToken out;
  base::AppendU64(&out.bytes, token.holder);
  base::AppendU64(&out.bytes, token.generation);
  out.bytes.append(token.group);
  return out;
}

std::optional<DecodedToken> DecodeToken(const GroupToken& token) {
  base::ByteReader reader(token.bytes);
  const auto holder = reader.U64();
  const auto generation = reader.U64();
  if (!generation.has_value()) return std::nullopt;
  return DecodedToken{std::string(reader.Rest()), *holder, *generation};
}

class EmbeddedGroupConsumer final : public GroupConsumer {
 public:
  EmbeddedGroupConsumer(SharedLog log, GroupOptions options)
      : log_(std::move(log)), options_(std::move(options)), cursor_(log_) {
    log_->WithGroup(options_.group_id, [this](EmbeddedGroup& group, const auto&) {
      holder_ = group.Join(options_, log_->clock().Monotonic());
    });
  }
  ~EmbeddedGroupConsumer() override {
    log_->WithGroup(options_.group_id, [this](EmbeddedGroup& group, const auto&) {
      group.Close(options_.instance_id, holder_, log_->clock().Monotonic());
    });
  }

  absl::StatusOr<Polled> Poll(absl::Duration timeout) override {
    const auto deadline = DeadlineIn(timeout);
    cursor_.Drop();
    while (true) {
      const uint64_t seen = log_->changes();
      EmbeddedGroup::News news;
      log_->WithGroup(options_.group_id, [&](EmbeddedGroup& group, const auto& count) {
        news = group.Poll(options_.instance_id, holder_, log_->clock().Monotonic(), count);
      });
      LW_RETURN_IF_ERROR(news.status);
      if (news.rebalance != Rebalance::kNone) {
        return Polled{.rebalance = news.rebalance, .partitions = std::move(news.partitions)};
      }
      if (!is_paused_ && cursor_.Fill(/*with_ends=*/false)) return cursor_.View();
      if (std::chrono::steady_clock::now() >= deadline) return Polled{};
      log_->WaitForChange(seen, deadline);
    }
  }

  absl::StatusOr<std::vector<CommittedOffset>> Committed(
      std::span<const TopicPartition> partitions) override {
    std::vector<CommittedOffset> committed;
    for (const TopicPartition& partition : partitions) {
      LW_ASSIGN_OR_RETURN(committed.emplace_back(),
                          log_->FindCommitted(options_.group_id, partition));
    }
    return committed;
  }

  absl::Status Assign(std::span<const Position> positions) override {
    cursor_.Drop();
    bool holds_seat = false;
    log_->WithGroup(options_.group_id, [&](EmbeddedGroup& group, const auto&) {
      holds_seat = group.HoldsSeat(options_.instance_id, holder_);
    });
    if (!holds_seat) {
      return base::FailedPrecondition(kMembershipLost, "group `{}`: instance `{}` is no member",
                                      options_.group_id, options_.instance_id);
    }
    is_paused_ = false;
    return cursor_.Assign(positions);
  }

  absl::Status Unassign() override {
    is_paused_ = false;
    cursor_.Drop();
    cursor_.Clear();
    log_->WithGroup(options_.group_id, [this](EmbeddedGroup& group, const auto&) {
      group.Unassign(options_.instance_id, holder_, log_->clock().Monotonic());
    });
    return absl::OkStatus();
  }

  absl::Status Pause() override {
    is_paused_ = true;
    return absl::OkStatus();
  }
  absl::Status Resume() override {
    is_paused_ = false;
    return absl::OkStatus();
  }

  absl::StatusOr<GroupToken> Token() override {
    DecodedToken token{.group = options_.group_id, .holder = holder_};
    log_->WithGroup(options_.group_id, [&token](EmbeddedGroup& group, const auto&) {
      token.generation = group.generation();
    });
    return EncodeToken(token);
  }

  absl::StatusOr<std::vector<int64_t>> StartOffsets(
      std::span<const TopicPartition> partitions) override {
    return Offsets(*log_, partitions, &EmbeddedBounds::start);
  }
  absl::StatusOr<std::vector<int64_t>> EndOffsets(
      std::span<const TopicPartition> partitions) override {
    return Offsets(*log_, partitions, &EmbeddedBounds::next);
  }
  std::optional<int64_t> FetchedEnd(const TopicPartition& partition) const override {
    const auto ends = Offsets(*log_, {&partition, 1}, &EmbeddedBounds::next);
    if (!ends.ok()) return std::nullopt;
    return ends->front();
  }
  absl::Duration SinceBroken() const override { return absl::InfiniteDuration(); }

 private:
  const SharedLog log_;
  const GroupOptions options_;
  uint64_t holder_ = 0;
  bool is_paused_ = false;
  Cursor cursor_;
};

class EmbeddedReader final : public PartitionReader {
 public:
  explicit EmbeddedReader(SharedLog log) : log_(std::move(log)), cursor_(log_) {}

  absl::Status Assign(std::span<const Position> positions) override {
    cursor_.Drop();
    return cursor_.Assign(positions);
  }

  absl::StatusOr<Polled> Poll(absl::Duration timeout) override {
    const auto deadline = DeadlineIn(timeout);
    while (true) {
      const uint64_t seen = log_->changes();
      if (cursor_.Fill(/*with_ends=*/true)) return cursor_.View();
      if (std::chrono::steady_clock::now() >= deadline) return Polled{};
      log_->WaitForChange(seen, deadline);
    }
  }

  absl::StatusOr<std::vector<int64_t>> StartOffsets(
      std::span<const TopicPartition> partitions) override {
    return Offsets(*log_, partitions, &EmbeddedBounds::start);
  }
  absl::StatusOr<std::vector<int64_t>> EndOffsets(
      std::span<const TopicPartition> partitions) override {
    return Offsets(*log_, partitions, &EmbeddedBounds::next);
  }

 private:
  const SharedLog log_;
  Cursor cursor_;
};

class EmbeddedTransactionalProducer final : public TransactionalProducer {
 public:
  EmbeddedTransactionalProducer(SharedLog log, TransactionalOptions options)
      : log_(std::move(log)), options_(std::move(options)) {}

  absl::Status Init() override {
    LW_ASSIGN_OR_RETURN(epoch_, log_->TakeEpoch(options_.transactional_id));
    Forget();
    needs_recycle_ = false;
    is_fenced_ = false;
    return absl::OkStatus();
  }

  absl::Status Begin() override {
    if (epoch_ == 0) {
      return base::FailedPrecondition("", "producer `{}`: no Init", options_.transactional_id);
    }
    LW_RETURN_IF_ERROR(Check());
    if (is_open_) {
      return base::FailedPrecondition("", "producer `{}`: a transaction is open",
                                      options_.transactional_id);
    }
    is_open_ = true;
    begun_ = log_->clock().Monotonic();
    return base::FaultPoint("txn.after_begin");
  }

  absl::Status Send(const OutRecord& record) override {
    LW_RETURN_IF_ERROR(CheckOpen());
    const auto topic = FindTopic(record.topic);
    LW_RETURN_IF_ERROR(CheckRecord(topic, record, options_.message_bytes_max));
    const int64_t bytes_max =
        std::min(options_.queue_bytes_max, log_->options().transaction_bytes_max);
    if (pending_.bytes() + static_cast<int64_t>(PayloadBytes(record)) > bytes_max) {
      return base::ResourceExhausted(kQueueFull, "transaction of {} bytes, limit {} bytes",
                                     pending_.bytes(), bytes_max);
    }
    pending_.Add(*topic, record);
    if (topic->timestamp == TimestampType::kAppend) has_stamped_ = true;
    if (pending_.entries().size() == 1) return base::FaultPoint("txn.after_first_send");
    return absl::OkStatus();
  }

  void Poll(absl::Duration) override {}

  absl::StatusOr<Delivered> Flush() override {
    LW_RETURN_IF_ERROR(CheckOpen());
    LW_RETURN_IF_ERROR(base::FaultPoint("txn.after_last_send"));
    Delivered delivered{.records = pending_.entries().size()};
    if (has_stamped_) {
      delivered.oldest_append_ms = base::ToUnixMillis(log_->clock().Now());
      delivered.newest_append_ms = delivered.oldest_append_ms;
    }
    return delivered;
  }

  absl::Status SendOffsets(const GroupToken& token,
                           std::span<const OffsetToCommit> offsets) override {
    LW_RETURN_IF_ERROR(CheckOpen());
    for (const OffsetToCommit& offset : offsets) {
      if (offset.metadata.size() <= kOffsetMetadataBytesMax) continue;
      return base::InvalidArgument("", "{}: metadata of {} bytes, limit {} bytes",
                                   ToString(offset.partition), offset.metadata.size(),
                                   kOffsetMetadataBytesMax);
    }
    const auto decoded = DecodeToken(token);
    bool is_member = false;
    if (decoded.has_value()) {
      log_->WithGroup(decoded->group, [&](EmbeddedGroup& group, const auto&) {
        is_member = group.IsMember(decoded->holder, decoded->generation);
      });
    }
    if (!is_member) {
      return base::FailedPrecondition(kMembershipLost, "producer `{}`: the generation is over",
                                      options_.transactional_id);
    }
    group_ = decoded->group;
    if (base::IsSabotaged("offsets_outside_transaction")) {
      const PendingRecords none;
      LW_RETURN_IF_ERROR(
          log_->Write({.records = &none, .group = group_, .offsets = offsets}).status());
    } else {
      offsets_.insert(offsets_.end(), offsets.begin(), offsets.end());
    }
    return base::FaultPoint("txn.after_offsets");
  }

  absl::Status Commit() override {
    LW_RETURN_IF_ERROR(CheckOpen());
    LW_RETURN_IF_ERROR(base::FaultPoint("txn.before_commit"));
    const auto committed = log_->Write({.records = &pending_,
                                        .transactional_id = options_.transactional_id,
                                        .epoch = epoch_,
                                        .group = group_,
                                        .offsets = offsets_});
    if (!committed.ok()) {
      if (absl::IsUnknown(committed.status())) needs_recycle_ = true;
      if (base::ReasonOf(committed.status()) == kProducerFenced) is_fenced_ = true;
      return committed.status();
    }
    Forget();
    return base::FaultPoint("txn.after_commit");
  }

  absl::Status Abort() override {
    Forget();
    return base::FaultPoint("txn.after_abort");
  }

  absl::Status Recycle() override { return Init(); }
  bool NeedsRecycle() const override { return needs_recycle_; }
  bool IsFenced() const override { return is_fenced_; }

 private:
  void Forget() {
    pending_.Clear();
    offsets_.clear();
    group_.clear();
    is_open_ = false;
    has_stamped_ = false;
  }

  // Topics never change once made, so each is looked up once.
  std::optional<EmbeddedTopic> FindTopic(std::string_view name) {
    if (const auto known = topics_.find(name); known != topics_.end()) return known->second;
    const auto topic = log_->FindTopic(name);
    if (topic.has_value()) topics_[std::string(name)] = *topic;
    return topic;
  }

  absl::Status Check() {
    if (needs_recycle_) {
      return base::Unknown(kTransactionUnclear,
                           "producer `{}`: the end of a transaction is unclear",
                           options_.transactional_id);
    }
    if (log_->IsCurrentEpoch(options_.transactional_id, epoch_)) return absl::OkStatus();
    needs_recycle_ = true;
    is_fenced_ = true;
    return base::Unknown(kProducerFenced, "producer `{}`: fenced by a newer one",
                         options_.transactional_id);
  }

  absl::Status CheckOpen() {
    LW_RETURN_IF_ERROR(Check());
    if (!is_open_) {
      return base::FailedPrecondition("", "producer `{}`: no transaction is open",
                                      options_.transactional_id);
    }
    const absl::Duration age = absl::FromChrono(log_->clock().Monotonic() - begun_);
    if (age <= options_.transaction_timeout) return absl::OkStatus();
    Forget();
    needs_recycle_ = true;
    is_fenced_ = true;
    return base::Unknown(kProducerFenced, "producer `{}`: transaction of {} ms, limit {} ms",
                         options_.transactional_id, absl::ToInt64Milliseconds(age),
                         absl::ToInt64Milliseconds(options_.transaction_timeout));
  }

  const SharedLog log_;
  const TransactionalOptions options_;
  base::StringMap<EmbeddedTopic> topics_;
  uint64_t epoch_ = 0;
  bool is_open_ = false;
  bool has_stamped_ = false;
  bool needs_recycle_ = false;
  bool is_fenced_ = false;
  std::chrono::steady_clock::time_point begun_;
  PendingRecords pending_;
  std::string group_;
  std::vector<OffsetToCommit> offsets_;
};

class EmbeddedProducer final : public Producer {
 public:
  EmbeddedProducer(SharedLog log, ProducerOptions options)
      : log_(std::move(log)), options_(std::move(options)) {}

  absl::Status Send(const OutRecord& record, uint64_t tag) override {
    LW_RETURN_IF_ERROR(status_);
    const auto topic = log_->FindTopic(record.topic);
    LW_RETURN_IF_ERROR(CheckRecord(topic, record, options_.message_bytes_max));
    const bool is_full =
        static_cast<int64_t>(tags_.size()) >= options_.queue_records_max ||
        pending_.bytes() + static_cast<int64_t>(PayloadBytes(record)) > options_.queue_bytes_max;
    if (is_full) {
      return base::ResourceExhausted(
          kQueueFull, "{} records wait to be sent, limit {} records or {} bytes", tags_.size(),
          options_.queue_records_max, options_.queue_bytes_max);
    }
    pending_.Add(*topic, record);
    tags_.push_back(tag);
    stamped_.push_back(topic->timestamp == TimestampType::kAppend);
    return absl::OkStatus();
  }

  std::span<const Completion> Poll(absl::Duration) override {
    completions_.clear();
    if (tags_.empty()) return completions_;
    const auto committed = log_->Write({.records = &pending_});
    // A full log has taken nothing: the producer may go on.
    if (!committed.ok() && !absl::IsUnavailable(committed.status())) status_ = committed.status();
    for (size_t i = 0; i < tags_.size(); ++i) {
      Completion completion{.tag = tags_[i]};
      if (committed.ok()) {
        completion.offset = committed->offsets[i];
        if (stamped_[i]) completion.append_ms = committed->append_ms;
      } else {
        completion.status = committed.status();
      }
      completions_.push_back(std::move(completion));
    }
    pending_.Clear();
    tags_.clear();
    stamped_.clear();
    return completions_;
  }

  uint64_t Pending() const override { return tags_.size(); }

 private:
  const SharedLog log_;
  const ProducerOptions options_;
  absl::Status status_;
  PendingRecords pending_;
  std::vector<uint64_t> tags_;
  std::vector<bool> stamped_;
  std::vector<Completion> completions_;
};

std::string_view Name(Cleanup cleanup) {
  return cleanup == Cleanup::kCompact ? "compact" : "delete";
}
std::string_view Name(TimestampType type) {
  return type == TimestampType::kAppend ? "LogAppendTime" : "CreateTime";
}

class EmbeddedAdmin final : public TopicAdmin {
 public:
  explicit EmbeddedAdmin(SharedLog log) : log_(std::move(log)) {}

  absl::StatusOr<std::vector<TopicMismatch>> Verify(std::span<const TopicSpec> specs,
                                                    bool /*require_durable*/) override {
    std::vector<TopicMismatch> found;
    for (const TopicSpec& spec : specs) Compare(spec, log_->FindTopic(spec.name), &found);
    return found;
  }

  absl::Status Create(std::span<const TopicSpec> specs) override {
    return log_->CreateTopics(specs);
  }

  absl::StatusOr<int32_t> Partitions(const std::string& topic) override {
    const auto found = log_->FindTopic(topic);
    if (!found.has_value()) {
      return base::NotFound(kTopicUnknown, "topic `{}` does not exist", topic);
    }
    return found->partitions;
  }

 private:
  static void Compare(const TopicSpec& spec, const std::optional<EmbeddedTopic>& topic,
                      std::vector<TopicMismatch>* found) {
    if (!topic.has_value()) {
      found->push_back({spec.name, "existence", "no topic", "a topic"});
      return;
    }
    const auto differ = [&](const char* key, auto is, auto wanted, bool fits) {
      if (!fits)
        found->push_back({spec.name, key, fmt::format("{}", is), fmt::format("{}", wanted)});
    };
    differ("partitions", topic->partitions, spec.partitions,
           spec.partitions == 0 || topic->partitions == spec.partitions);
    differ("cleanup.policy", Name(topic->cleanup), Name(spec.cleanup),
           spec.timestamp == TimestampType::kNone || topic->cleanup == spec.cleanup);
    differ("message.timestamp.type", Name(topic->timestamp), Name(spec.timestamp),
           spec.timestamp == TimestampType::kNone || topic->timestamp == spec.timestamp);
    differ("max.message.bytes", topic->message_bytes_max,
           fmt::format("at least {}", spec.message_bytes_min),
           topic->message_bytes_max >= spec.message_bytes_min);
    differ("max.message.bytes", topic->message_bytes_max, spec.message_bytes,
           spec.message_bytes == 0 || topic->message_bytes_max == spec.message_bytes);
  }

  const SharedLog log_;
};

class EmbeddedTransportImpl final : public EmbeddedTransport {
 public:
  explicit EmbeddedTransportImpl(SharedLog log) : log_(std::move(log)) {}

  absl::StatusOr<std::string> LogId() override { return log_->uuid(); }

  absl::StatusOr<std::unique_ptr<GroupConsumer>> OpenGroupConsumer(
      const GroupOptions& options) override {
    if (options.group_id.empty() || options.instance_id.empty()) {
      return base::InvalidArgument("", "a group consumer needs a group and an instance id");
    }
    return std::make_unique<EmbeddedGroupConsumer>(log_, options);
  }
  absl::StatusOr<std::unique_ptr<PartitionReader>> OpenReader(const ReaderOptions&) override {
    return std::make_unique<EmbeddedReader>(log_);
  }
  absl::StatusOr<std::unique_ptr<TransactionalProducer>> OpenTransactionalProducer(
      const TransactionalOptions& options) override {
    if (options.transactional_id.empty()) {
      return base::InvalidArgument("", "a transactional producer needs a transactional id");
    }
    return std::make_unique<EmbeddedTransactionalProducer>(log_, options);
  }
  absl::StatusOr<std::unique_ptr<Producer>> OpenProducer(const ProducerOptions& options) override {
    return std::make_unique<EmbeddedProducer>(log_, options);
  }
  absl::StatusOr<std::unique_ptr<TopicAdmin>> OpenAdmin() override {
    return std::make_unique<EmbeddedAdmin>(log_);
  }

  absl::Status Maintain() override { return log_->Maintain(); }
  absl::Status StorageStatus() const override { return log_->StorageStatus(); }

 private:
  const SharedLog log_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EmbeddedTransport>> OpenEmbedded(std::unique_ptr<LogStorage> storage,
                                                                const EmbeddedOptions& options) {
  LW_ASSIGN_OR_RETURN(auto log, EmbeddedLog::Open(std::move(storage), options));
  return std::make_unique<EmbeddedTransportImpl>(std::move(log));
}

}  // namespace lineward::stream

#include "stream/src/kafka_consumer.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "lineward/base/status.h"
#include "lineward/stream/reasons.h"
#include "stream/src/kafka_client.h"

namespace lineward::stream {
namespace {

constexpr int kCommittedTimeoutMs = 10000;
constexpr int kSeekTimeoutMs = 5000;
constexpr int kProbeTimeoutMs = 1000;
// A batch whose checksum fails may have been torn on its way: it is read again so often.
constexpr int kRereadsMax = 5;

struct PendingRebalance {
  Rebalance kind = Rebalance::kNone;
  std::vector<TopicPartition> partitions;
};

// A consumer handle, the messages of one Poll and the views on them.
class KafkaReading {
 public:
  KafkaReading(std::unique_ptr<KafkaSignals> signals, KafkaPtr<rd_kafka_t> handle)
      : signals_(std::move(signals)), handle_(std::move(handle)) {}
  ~KafkaReading() { Drop(); }

  rd_kafka_t* handle() { return handle_.get(); }

  // Messages must be gone before their handle.
  void Drop() {
    records_.clear();
    headers_.clear();
    header_counts_.clear();
    events_.clear();
    messages_.clear();
  }

  // Takes messages until `timeout`, `rebalance` gets news, or enough are there.
  absl::StatusOr<Polled> Poll(absl::Duration timeout, const PendingRebalance* rebalance) {
    Drop();
    int wait_ms = ToMillis(timeout);
    while (messages_.size() < kPollRecordsMax) {
      KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle_.get(), wait_ms));
      wait_ms = 0;
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        Add(std::move(message));
      } else if (absl::Status status = Take(*message); !status.ok()) {
        return status;
      }
      if (rebalance != nullptr && rebalance->kind != Rebalance::kNone) break;
    }
    size_t at = 0;
    for (size_t i = 0; i < records_.size(); ++i) {
      records_[i].headers = std::span(headers_).subspan(at, header_counts_[i]);
      at += header_counts_[i];
    }
    if (records_.empty() && events_.empty() && signals_->is_doubtful) {
      LW_RETURN_IF_ERROR(AskForABroker());
    }
    return Polled{.records = records_, .events = events_};
  }

  absl::Status Assign(std::span<const Position> positions) {
    Drop();
    rereads_.clear();
    KafkaPtr<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
    for (const Position& position : positions) {
      rd_kafka_topic_partition_list_add(list.get(), position.partition.topic.c_str(),
                                        position.partition.partition)
          ->offset = position.offset;
    }
    auto code = rd_kafka_assign(handle_.get(), list.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return Fail(code, "assign");
    // A pause outlives the assignment that it was made in.
    code = rd_kafka_resume_partitions(handle_.get(), list.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
    return Fail(code, "resume");
  }

  absl::Status Unassign() {
    Drop();
    const auto code = rd_kafka_assign(handle_.get(), nullptr);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
    return Fail(code, "unassign");
  }

  // A fatal error hides behind `_FATAL`: what it is decides.
  absl::Status Fail(rd_kafka_resp_err_t code, std::string_view context) {
    char text[512] = {};
    const auto fatal = rd_kafka_fatal_error(handle_.get(), text, sizeof(text));
    return FromKafka(fatal != RD_KAFKA_RESP_ERR_NO_ERROR ? fatal : code, KafkaCall::kConsume,
                     context);
  }

 private:
  // The doubt stays until a broker answers.
  absl::Status AskForABroker() {
    signals_->is_doubtful = false;
    const absl::Status status =
        AskMetadata(handle_.get(), KafkaTopics::kKnown, kProbeTimeoutMs).status();
    if (!status.ok()) signals_->is_doubtful = true;
    return status;
  }

  void Add(KafkaPtr<rd_kafka_message_t> message) {
    const rd_kafka_message_t& from = *message;
    RecordView record;
    record.topic = TopicName(from);
    record.partition = from.partition;
    record.offset = from.offset;
    if (from.key != nullptr) record.key.emplace(static_cast<const char*>(from.key), from.key_len);
    if (from.payload != nullptr) {
      record.value.emplace(static_cast<const char*>(from.payload), from.len);
    }
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    record.timestamp_ms = rd_kafka_message_timestamp(&from, &type);
    if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME) record.timestamp_type = TimestampType::kCreate;
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) record.timestamp_type = TimestampType::kAppend;
    const size_t headers_before = headers_.size();
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&from, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* name = nullptr;
      const void* value = nullptr;
      size_t size = 0;
      for (size_t i = 0;
           rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
           ++i) {
        Header& header = headers_.emplace_back();
        header.name = name;
        if (value != nullptr) header.value.emplace(static_cast<const char*>(value), size);
      }
    }
    header_counts_.push_back(headers_.size() - headers_before);
    records_.push_back(record);
    messages_.push_back(std::move(message));
  }

  // librdkafka gives out several handles for one topic; readers compare addresses of names.
  std::string_view TopicName(const rd_kafka_message_t& message) {
    if (message.rkt == last_topic_) return *last_name_;
    const auto known = names_.emplace(rd_kafka_topic_name(message.rkt)).first;
    last_topic_ = message.rkt;
    last_name_ = &*known;
    return *known;
  }

  // An error or event that came instead of a record.
  absl::Status Take(const rd_kafka_message_t& message) {
    if (message.rkt == nullptr) return Fail(message.err, "poll");
    const TopicPartition partition{rd_kafka_topic_name(message.rkt), message.partition};
    switch (message.err) {
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        events_.push_back({.kind = PartitionEvent::Kind::kEndReached,
                           .partition = partition,
                           .offset = message.offset});
        return absl::OkStatus();
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        Stop(partition, message);
        return absl::OkStatus();
      case RD_KAFKA_RESP_ERR__BAD_MSG:
      case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
        return Reread(partition, message);
      default:
        return Fail(message.err, ToString(partition));
    }
  }

  void Stop(const TopicPartition& partition, const rd_kafka_message_t& message) {
    const auto list = MakeList({{partition}});
    rd_kafka_pause_partitions(handle_.get(), list.get());
    events_.push_back({.kind = PartitionEvent::Kind::kStopped,
                       .partition = partition,
                       .offset = message.offset,
                       .status = FromKafka(message.err, KafkaCall::kConsume,
                                           fmt::format("{}: {}", ToString(partition),
                                                       rd_kafka_message_errstr(&message)))});
  }

  absl::Status Reread(const TopicPartition& partition, const rd_kafka_message_t& message) {
    if (++rereads_[{partition, message.offset}] > kRereadsMax) {
      Stop(partition, message);
      return absl::OkStatus();
    }
    const auto list = MakeList({{partition}});
    list->elems[0].offset = message.offset;
    KafkaPtr<rd_kafka_error_t> error(
        rd_kafka_seek_partitions(handle_.get(), list.get(), kSeekTimeoutMs));
    if (error == nullptr) return absl::OkStatus();
    return Fail(rd_kafka_error_code(error.get()), ToString(partition));
  }

  const std::unique_ptr<KafkaSignals> signals_;
  const KafkaPtr<rd_kafka_t> handle_;
  std::vector<KafkaPtr<rd_kafka_message_t>> messages_;
  std::vector<RecordView> records_;
  std::vector<Header> headers_;
  std::vector<size_t> header_counts_;
  std::vector<PartitionEvent> events_;
  std::set<std::string> names_;
  const rd_kafka_topic_t* last_topic_ = nullptr;
  const std::string* last_name_ = nullptr;
  std::map<std::pair<TopicPartition, int64_t>, int> rereads_;
};

class KafkaGroupConsumer final : public GroupConsumer {
 public:
  static absl::StatusOr<std::unique_ptr<GroupConsumer>> Open(const KafkaOptions& kafka,
                                                             const GroupOptions& options) {
    auto signals = std::make_unique<KafkaSignals>();
    LW_ASSIGN_OR_RETURN(auto conf, MakeConf(kafka, GroupSettings(options), signals.get()));
    auto consumer = std::unique_ptr<KafkaGroupConsumer>(new KafkaGroupConsumer(options));
    consumer->group_signals_ = signals.get();
    rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
    // The rebalance callback needs the consumer: the client's opaque is ours, signals inside.
    rd_kafka_conf_set_opaque(conf.get(), consumer.get());
    rd_kafka_conf_set_error_cb(conf.get(), OnGroupError);
    LW_ASSIGN_OR_RETURN(auto handle, MakeHandle(RD_KAFKA_CONSUMER, std::move(conf)));
    rd_kafka_poll_set_consumer(handle.get());
    consumer->reading_ = std::make_unique<KafkaReading>(std::move(signals), std::move(handle));
    LW_RETURN_IF_ERROR(consumer->Subscribe());
    return consumer;
  }

  ~KafkaGroupConsumer() override {
    if (reading_ == nullptr) return;
    reading_->Drop();
    is_closing_ = true;
    rd_kafka_consumer_close(reading_->handle());
  }

  absl::StatusOr<Polled> Poll(absl::Duration timeout) override {
    if (pending_.kind == Rebalance::kNone) {
      auto polled = reading_->Poll(timeout, &pending_);
      const bool has_news = polled.ok() && (!polled->records.empty() || !polled->events.empty());
      if (!polled.ok() || has_news || pending_.kind == Rebalance::kNone) return polled;
    }
    reading_->Drop();
    Polled polled{.rebalance = pending_.kind, .partitions = std::move(pending_.partitions)};
    pending_ = {};
    return polled;
  }

  absl::StatusOr<std::vector<CommittedOffset>> Committed(
      std::span<const TopicPartition> partitions) override {
    const auto list = MakeList(partitions);
    const auto code = rd_kafka_committed(reading_->handle(), list.get(), kCommittedTimeoutMs);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return reading_->Fail(code, "committed offsets");
    std::vector<CommittedOffset> committed;
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& element = list->elems[i];
      CommittedOffset& offset = committed.emplace_back();
      offset.partition = {element.topic, element.partition};
      if (element.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return reading_->Fail(element.err, ToString(offset.partition));
      }
      if (element.offset >= 0) offset.offset = element.offset;
      if (element.metadata != nullptr) {
        offset.metadata.assign(static_cast<const char*>(element.metadata), element.metadata_size);
      }
    }
    return committed;
  }

  absl::Status Assign(std::span<const Position> positions) override {
    return reading_->Assign(positions);
  }
  absl::Status Unassign() override { return reading_->Unassign(); }
  absl::Status Pause() override { return SetPaused(rd_kafka_pause_partitions); }
  absl::Status Resume() override { return SetPaused(rd_kafka_resume_partitions); }

  absl::StatusOr<GroupToken> Token() override {
    KafkaPtr<rd_kafka_consumer_group_metadata_t> metadata(
        rd_kafka_consumer_group_metadata(reading_->handle()));
    if (metadata == nullptr) {
      return base::FailedPrecondition(kMembershipLost, "group `{}`: no member", options_.group_id);
    }
    void* bytes = nullptr;
    size_t size = 0;
    KafkaPtr<rd_kafka_error_t> error(
        rd_kafka_consumer_group_metadata_write(metadata.get(), &bytes, &size));
    if (error != nullptr) return reading_->Fail(rd_kafka_error_code(error.get()), "token");
    GroupToken token{std::string(static_cast<const char*>(bytes), size)};
    rd_kafka_mem_free(reading_->handle(), bytes);
    return token;
  }

  absl::StatusOr<std::vector<int64_t>> StartOffsets(
      std::span<const TopicPartition> partitions) override {
    LW_ASSIGN_OR_RETURN(auto bounds, QueryBounds(reading_->handle(), partitions));
    return std::move(bounds.start);
  }
  absl::StatusOr<std::vector<int64_t>> EndOffsets(
      std::span<const TopicPartition> partitions) override {
    LW_ASSIGN_OR_RETURN(auto bounds, QueryBounds(reading_->handle(), partitions));
    return std::move(bounds.end);
  }
  std::optional<int64_t> FetchedEnd(const TopicPartition& partition) const override {
    int64_t low = 0;
    int64_t high = RD_KAFKA_OFFSET_INVALID;
    const auto code = rd_kafka_get_watermark_offsets(reading_->handle(), partition.topic.c_str(),
                                                     partition.partition, &low, &high);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) return std::nullopt;
    return high;
  }
  absl::Duration SinceBroken() const override { return group_signals_->SinceBroken(); }

 private:
  explicit KafkaGroupConsumer(GroupOptions options) : options_(std::move(options)) {}

  absl::Status Subscribe() {
    KafkaPtr<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(options_.topics.size())));
    for (const std::string& topic : options_.topics) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    }
    const auto code = rd_kafka_subscribe(reading_->handle(), list.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
    return reading_->Fail(code, "subscribe");
  }

  // Runs inside rd_kafka_consumer_poll, on the consumer's own thread. The answer comes later, by
  // Assign or Unassign.
  static void OnRebalance(rd_kafka_t* handle, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    auto* self = static_cast<KafkaGroupConsumer*>(opaque);
    if (self->is_closing_) {
      rd_kafka_assign(handle, nullptr);
      return;
    }
    self->pending_.partitions = FromList(partitions);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      self->pending_.kind = Rebalance::kAssigned;
      return;
    }
    self->pending_.kind =
        rd_kafka_assignment_lost(handle) != 0 ? Rebalance::kLost : Rebalance::kRevoked;
  }

  static void OnGroupError(rd_kafka_t*, int code, const char*, void* opaque) {
    static_cast<KafkaGroupConsumer*>(opaque)->group_signals_->NoteError(
        static_cast<rd_kafka_resp_err_t>(code));
  }

  absl::Status SetPaused(rd_kafka_resp_err_t (*set)(rd_kafka_t*,
                                                    rd_kafka_topic_partition_list_t*)) {
    rd_kafka_topic_partition_list_t* assigned = nullptr;
    auto code = rd_kafka_assignment(reading_->handle(), &assigned);
    KafkaPtr<rd_kafka_topic_partition_list_t> list(assigned);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = set(reading_->handle(), list.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
    return reading_->Fail(code, "pause");
  }

  const GroupOptions options_;
  KafkaSignals* group_signals_ = nullptr;
  PendingRebalance pending_;
  bool is_closing_ = false;
  std::unique_ptr<KafkaReading> reading_;
};

class KafkaReader final : public PartitionReader {
 public:
  explicit KafkaReader(std::unique_ptr<KafkaReading> reading) : reading_(std::move(reading)) {}

  absl::Status Assign(std::span<const Position> positions) override {
    return reading_->Assign(positions);
  }
  absl::StatusOr<Polled> Poll(absl::Duration timeout) override {
    return reading_->Poll(timeout, nullptr);
  }
  absl::StatusOr<std::vector<int64_t>> StartOffsets(
      std::span<const TopicPartition> partitions) override {
    LW_ASSIGN_OR_RETURN(auto bounds, QueryBounds(reading_->handle(), partitions));
    return std::move(bounds.start);
  }
  absl::StatusOr<std::vector<int64_t>> EndOffsets(
      std::span<const TopicPartition> partitions) override {
    LW_ASSIGN_OR_RETURN(auto bounds, QueryBounds(reading_->handle(), partitions));
    return std::move(bounds.end);
  }

 private:
  const std::unique_ptr<KafkaReading> reading_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GroupConsumer>> OpenKafkaGroupConsumer(const KafkaOptions& kafka,
                                                                      const GroupOptions& options) {
  return KafkaGroupConsumer::Open(kafka, options);
}

absl::StatusOr<std::unique_ptr<PartitionReader>> OpenKafkaReader(const KafkaOptions& kafka,
                                                                 const ReaderOptions& options) {
  auto signals = std::make_unique<KafkaSignals>();
  LW_ASSIGN_OR_RETURN(auto conf, MakeConf(kafka, ReaderSettings(options), signals.get()));
  LW_ASSIGN_OR_RETURN(auto handle, MakeHandle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(handle.get());
  return std::make_unique<KafkaReader>(
      std::make_unique<KafkaReading>(std::move(signals), std::move(handle)));
}

}  // namespace lineward::stream

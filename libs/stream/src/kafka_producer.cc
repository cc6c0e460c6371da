#include "stream/src/kafka_producer.h"

#include <algorithm>
#include <array>

#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/stream/reasons.h"
#include "stream/src/kafka_client.h"

namespace lineward::stream {
namespace {

// Bound of one look at a topic: beyond it the log counts as away.
constexpr int kMetadataTimeoutMs = 5000;

// The topics of one producer handle, and the sending to them.
class KafkaSending {
 public:
  KafkaSending(std::unique_ptr<KafkaSignals> signals, KafkaPtr<rd_kafka_t> handle)
      : signals_(std::move(signals)), handle_(std::move(handle)) {}
  ~KafkaSending() {
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                      RD_KAFKA_PURGE_F_NON_BLOCKING);
  }

  rd_kafka_t* handle() { return handle_.get(); }
  KafkaSignals& signals() { return *signals_; }

  // Learns where the partitions of `topic` are. UNAVAILABLE, INVALID_ARGUMENT.
  absl::Status Warm(const std::string& topic) {
    if (topics_.contains(topic)) return absl::OkStatus();
    KafkaPtr<rd_kafka_topic_t> handle(rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr));
    const rd_kafka_metadata_t* found = nullptr;
    const auto code = rd_kafka_metadata(handle_.get(), 0, handle.get(), &found, kMetadataTimeoutMs);
    KafkaPtr<const rd_kafka_metadata_t> metadata(found);
    const std::string context = fmt::format("topic `{}`", topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(code, KafkaCall::kSend, context);
    if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return FromKafka(
          metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
          KafkaCall::kSend, context);
    }
    topics_[topic] = {std::move(handle), metadata->topics[0].partition_cnt};
    return absl::OkStatus();
  }

  absl::Status Send(const OutRecord& record, int64_t message_bytes_max, void* opaque) {
    auto found = topics_.find(record.topic);
    if (found == topics_.end()) {
      LW_RETURN_IF_ERROR(Warm(std::string(record.topic)));
      found = topics_.find(record.topic);
    }
    if (record.partition < 0 || record.partition >= found->second.partitions) {
      return base::InvalidArgument(kTopicUnknown,
                                   "{}-{} does not exist: the topic has {} partitions",
                                   record.topic, record.partition, found->second.partitions);
    }
    const size_t bytes = WireBytes(record);
    if (static_cast<int64_t>(bytes) > message_bytes_max) {
      return base::InvalidArgument(kRecordTooLarge, "{}-{}: record of {} bytes, limit {} bytes",
                                   record.topic, record.partition, bytes, message_bytes_max);
    }
    return Produce(found->second.handle.get(), record, opaque);
  }

 private:
  struct Topic {
    KafkaPtr<rd_kafka_topic_t> handle;
    int32_t partitions = 0;
  };

  absl::Status Produce(rd_kafka_topic_t* topic, const OutRecord& record, void* opaque) {
    KafkaPtr<rd_kafka_headers_t> headers;
    if (!record.headers.empty()) {
      headers.reset(rd_kafka_headers_new(record.headers.size()));
      for (const Header& header : record.headers) {
        rd_kafka_header_add(headers.get(), header.name.data(),
                            static_cast<ssize_t>(header.name.size()), Data(header.value),
                            static_cast<ssize_t>(header.value.value_or("").size()));
      }
    }
    // Unions of 64 bytes: only the words that are used are written.
    rd_kafka_vu_t fields[8];
    size_t count = 0;
    fields[count].vtype = RD_KAFKA_VTYPE_RKT;
    fields[count++].u.rkt = topic;
    fields[count].vtype = RD_KAFKA_VTYPE_PARTITION;
    fields[count++].u.i32 = record.partition;
    fields[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    fields[count++].u.i = RD_KAFKA_MSG_F_COPY;
    fields[count].vtype = RD_KAFKA_VTYPE_VALUE;
    fields[count++].u.mem = {Data(record.value), record.value.value_or("").size()};
    fields[count].vtype = RD_KAFKA_VTYPE_KEY;
    fields[count++].u.mem = {Data(record.key), record.key.value_or("").size()};
    fields[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
    fields[count++].u.ptr = opaque;
    if (record.timestamp_ms != kTimestampNow) {
      fields[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
      fields[count++].u.i64 = record.timestamp_ms;
    }
    if (headers != nullptr) {
      fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
      fields[count++].u.headers = headers.get();
    }
    KafkaPtr<rd_kafka_error_t> error(rd_kafka_produceva(handle_.get(), fields, count));
    if (error == nullptr) {
      static_cast<void>(headers.release());
      return absl::OkStatus();
    }
    const auto code = rd_kafka_error_code(error.get());
    const auto fatal = rd_kafka_fatal_error(handle_.get(), nullptr, 0);
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return base::Unknown(LooksFenced(fatal) ? kProducerFenced : kTransactionUnclear, "{}-{}: {}",
                           record.topic, record.partition, rd_kafka_error_string(error.get()));
    }
    // librdkafka refuses to send in a transaction that it already gave up.
    if (code == RD_KAFKA_RESP_ERR__STATE) {
      return base::Aborted(kTransactionAborted, "{}-{}: {}", record.topic, record.partition,
                           rd_kafka_error_string(error.get()));
    }
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return base::ResourceExhausted(kQueueFull, "the queue of records to send is full");
    }
    return FromKafka(code, KafkaCall::kSend, fmt::format("{}-{}", record.topic, record.partition));
  }

  // Null and empty differ: only a null pointer means null.
  static void* Data(const std::optional<std::string_view>& bytes) {
    if (!bytes.has_value()) return nullptr;
    return const_cast<char*>(bytes->data() == nullptr ? "" : bytes->data());
  }

  const std::unique_ptr<KafkaSignals> signals_;
  const KafkaPtr<rd_kafka_t> handle_;
  // Destroyed before the handle.
  base::StringMap<Topic> topics_;
};

class KafkaTransactionalProducer final : public TransactionalProducer {
 public:
  KafkaTransactionalProducer(KafkaOptions kafka, TransactionalOptions options)
      : kafka_(std::move(kafka)), options_(std::move(options)) {}

  absl::Status Make() {
    sending_.reset();
    auto signals = std::make_unique<KafkaSignals>();
    LW_ASSIGN_OR_RETURN(auto conf,
                        MakeConf(kafka_, TransactionalSettings(options_), signals.get()));
    WatchResponses(conf.get(), signals.get());
    rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivered);
    LW_ASSIGN_OR_RETURN(auto handle, MakeHandle(RD_KAFKA_PRODUCER, std::move(conf)));
    sending_ = std::make_unique<KafkaSending>(std::move(signals), std::move(handle));
    is_ready_ = false;
    is_open_ = false;
    is_fenced_ = false;
    needs_recycle_ = false;
    Forget();
    return absl::OkStatus();
  }

  absl::Status Init() override {
    // A handle that met a fatal error never recovers.
    if (sending_ == nullptr || IsFatal()) LW_RETURN_IF_ERROR(Make());
    for (const std::string& topic : options_.topics) {
      const absl::Status status = sending_->Warm(topic);
      if (!status.ok())
        return base::Unavailable(base::ReasonOf(status), "{}", base::MessageOf(status));
    }
    if (is_ready_) return absl::OkStatus();
    KafkaPtr<rd_kafka_error_t> error(
        rd_kafka_init_transactions(sending_->handle(), ToMillis(options_.wait_max)));
    if (error != nullptr) {
      return base::Unavailable(kBrokerUnavailable, "producer `{}`: {}", options_.transactional_id,
                               rd_kafka_error_string(error.get()));
    }
    is_ready_ = true;
    // Before the first transaction there is no request that could stray.
    sending_->signals().unclear_responses.store(0);
    return absl::OkStatus();
  }

  absl::Status Begin() override {
    if (NeedsRecycle()) {
      return base::Unknown(kTransactionUnclear,
                           "producer `{}`: the end of a transaction is unclear",
                           options_.transactional_id);
    }
    if (!is_ready_) {
      return base::FailedPrecondition("", "producer `{}`: no Init", options_.transactional_id);
    }
    Forget();
    KafkaPtr<rd_kafka_error_t> error(rd_kafka_begin_transaction(sending_->handle()));
    if (error != nullptr) return Fail(*error, "begin");
    is_open_ = true;
    return base::FaultPoint("txn.after_begin");
  }

  absl::Status Send(const OutRecord& record) override {
    LW_RETURN_IF_ERROR(CheckOpen());
    if (failed_ != RD_KAFKA_RESP_ERR_NO_ERROR) return DeliveryFailure();
    const absl::Status status = sending_->Send(record, options_.message_bytes_max, this);
    if (!status.ok()) {
      if (absl::IsUnknown(status)) NoteUnclear(status);
      return status;
    }
    if (++sent_ == 1) return base::FaultPoint("txn.after_first_send");
    return absl::OkStatus();
  }

  void Poll(absl::Duration timeout) override {
    rd_kafka_poll(sending_->handle(), ToMillis(timeout));
  }

  absl::StatusOr<Delivered> Flush() override {
    LW_RETURN_IF_ERROR(CheckOpen());
    LW_RETURN_IF_ERROR(base::FaultPoint("txn.after_last_send"));
    LW_RETURN_IF_ERROR(FlushAll());
    return Delivered{delivered_, oldest_append_ms_, newest_append_ms_};
  }

  absl::Status SendOffsets(const GroupToken& token,
                           std::span<const OffsetToCommit> offsets) override {
    LW_RETURN_IF_ERROR(CheckOpen());
    KafkaPtr<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
    for (const OffsetToCommit& offset : offsets) {
      if (offset.metadata.size() > kOffsetMetadataBytesMax) {
        return base::InvalidArgument("", "{}: metadata of {} bytes, limit {} bytes",
                                     ToString(offset.partition), offset.metadata.size(),
                                     kOffsetMetadataBytesMax);
      }
      rd_kafka_topic_partition_t* element = rd_kafka_topic_partition_list_add(
          list.get(), offset.partition.topic.c_str(), offset.partition.partition);
      element->offset = offset.next;
      if (offset.metadata.empty()) continue;
      element->metadata = rd_kafka_mem_malloc(sending_->handle(), offset.metadata.size());
      std::copy(offset.metadata.begin(), offset.metadata.end(),
                static_cast<char*>(element->metadata));
      element->metadata_size = offset.metadata.size();
    }
    rd_kafka_consumer_group_metadata_t* read = nullptr;
    KafkaPtr<rd_kafka_error_t> unreadable(
        rd_kafka_consumer_group_metadata_read(&read, token.bytes.data(), token.bytes.size()));
    KafkaPtr<rd_kafka_consumer_group_metadata_t> metadata(read);
    if (unreadable != nullptr) {
      return base::FailedPrecondition(kMembershipLost, "producer `{}`: token: {}",
                                      options_.transactional_id,
                                      rd_kafka_error_string(unreadable.get()));
    }
    if (base::IsSabotaged("offsets_outside_transaction")) {
      LW_RETURN_IF_ERROR(SendOffsetsApart(*list, *metadata));
    } else {
      KafkaPtr<rd_kafka_error_t> error(rd_kafka_send_offsets_to_transaction(
          sending_->handle(), list.get(), metadata.get(), ToMillis(options_.wait_max)));
      if (error != nullptr) return Fail(*error, "send offsets");
    }
    return base::FaultPoint("txn.after_offsets");
  }

  absl::Status Commit() override {
    LW_RETURN_IF_ERROR(CheckOpen());
    // Commit says OK even where deliveries failed: only the reports tell.
    LW_RETURN_IF_ERROR(FlushAll());
    LW_RETURN_IF_ERROR(base::FaultPoint("txn.before_commit"));
    KafkaPtr<rd_kafka_error_t> error(
        rd_kafka_commit_transaction(sending_->handle(), ToMillis(options_.wait_max)));
    if (error != nullptr) return Fail(*error, "commit");
    is_open_ = false;
    return base::FaultPoint("txn.after_commit");
  }

  absl::Status Abort() override {
    if (is_open_) {
      is_open_ = false;
      KafkaPtr<rd_kafka_error_t> error(
          rd_kafka_abort_transaction(sending_->handle(), ToMillis(options_.wait_max)));
      // Whatever went wrong: whether the log ended it is not known.
      if (error != nullptr) {
        if (LooksFenced(rd_kafka_error_code(error.get()))) is_fenced_ = true;
        const absl::Status status =
            base::Unknown(kTransactionUnclear, "producer `{}`: abort: {}",
                          options_.transactional_id, rd_kafka_error_string(error.get()));
        NoteUnclear(status);
        return status;
      }
    }
    return base::FaultPoint("txn.after_abort");
  }

  absl::Status Recycle() override {
    LW_RETURN_IF_ERROR(Make());
    return Init();
  }

  bool NeedsRecycle() const override {
    return needs_recycle_ || sending_->signals().unclear_responses.load() > 0;
  }

  bool IsFenced() const override {
    return is_fenced_ || LooksFenced(rd_kafka_fatal_error(sending_->handle(), nullptr, 0));
  }

 private:
  // Runs inside rd_kafka_poll, flush and commit, on the producer's own thread.
  static void OnDelivered(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    auto* self = static_cast<KafkaTransactionalProducer*>(message->_private);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (self->failed_ != RD_KAFKA_RESP_ERR_NO_ERROR) return;
      self->failed_ = message->err;
      self->failed_partition_ = {rd_kafka_topic_name(message->rkt), message->partition};
      return;
    }
    ++self->delivered_;
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t append_ms = rd_kafka_message_timestamp(message, &type);
    if (type != RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME || append_ms < 0) return;
    self->oldest_append_ms_ = std::min(self->oldest_append_ms_.value_or(append_ms), append_ms);
    self->newest_append_ms_ = std::max(self->newest_append_ms_.value_or(append_ms), append_ms);
  }

  void Forget() {
    sent_ = 0;
    delivered_ = 0;
    failed_ = RD_KAFKA_RESP_ERR_NO_ERROR;
    oldest_append_ms_.reset();
    newest_append_ms_.reset();
  }

  bool IsFatal() const {
    return rd_kafka_fatal_error(sending_->handle(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  absl::Status CheckOpen() const {
    if (is_open_) return absl::OkStatus();
    return base::FailedPrecondition("", "producer `{}`: no transaction is open",
                                    options_.transactional_id);
  }

  void NoteUnclear(const absl::Status& status) {
    needs_recycle_ = true;
    if (base::ReasonOf(status) == kProducerFenced) is_fenced_ = true;
  }

  absl::Status Fail(const rd_kafka_error_t& error, std::string_view what) {
    const absl::Status status = FromKafkaTransaction(
        error, fmt::format("producer `{}`: {}", options_.transactional_id, what), &is_fenced_);
    if (absl::IsUnknown(status)) needs_recycle_ = true;
    return status;
  }

  absl::Status DeliveryFailure() {
    const auto fatal = rd_kafka_fatal_error(sending_->handle(), nullptr, 0);
    const std::string context = fmt::format("{}: not delivered", ToString(failed_partition_));
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR || LooksFenced(failed_)) {
      const bool fenced = LooksFenced(fatal) || LooksFenced(failed_);
      const absl::Status status =
          base::Unknown(fenced ? kProducerFenced : kTransactionUnclear, "{}: {}", context,
                        rd_kafka_err2str(fatal != RD_KAFKA_RESP_ERR_NO_ERROR ? fatal : failed_));
      NoteUnclear(status);
      return status;
    }
    return base::Aborted(kTransactionAborted, "{}: {}", context, rd_kafka_err2str(failed_));
  }

  absl::Status FlushAll() {
    const auto code = rd_kafka_flush(sending_->handle(), ToMillis(options_.wait_max));
    if (failed_ != RD_KAFKA_RESP_ERR_NO_ERROR) return DeliveryFailure();
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && delivered_ == sent_ && !IsFatal()) {
      return absl::OkStatus();
    }
    const absl::Status status =
        base::Unknown(IsFenced() ? kProducerFenced : kTransactionUnclear,
                      "producer `{}`: {} of {} records acknowledged within {} ms",
                      options_.transactional_id, delivered_, sent_, ToMillis(options_.wait_max));
    NoteUnclear(status);
    return status;
  }

  // The deliberate bug of the fault tests: offsets in a transaction of their own.
  absl::Status SendOffsetsApart(const rd_kafka_topic_partition_list_t& list,
                                const rd_kafka_consumer_group_metadata_t& metadata) {
    if (apart_ == nullptr) {
      TransactionalOptions options = options_;
      options.transactional_id += ".apart";
      options.topics.clear();
      auto apart = std::make_unique<KafkaTransactionalProducer>(kafka_, options);
      LW_RETURN_IF_ERROR(apart->Make());
      LW_RETURN_IF_ERROR(apart->Init());
      apart_ = std::move(apart);
    }
    LW_RETURN_IF_ERROR(apart_->Begin());
    KafkaPtr<rd_kafka_error_t> error(rd_kafka_send_offsets_to_transaction(
        apart_->sending_->handle(), &list, &metadata, ToMillis(options_.wait_max)));
    if (error == nullptr) {
      error.reset(
          rd_kafka_commit_transaction(apart_->sending_->handle(), ToMillis(options_.wait_max)));
    }
    apart_->is_open_ = false;
    if (error == nullptr) return absl::OkStatus();
    return apart_->Fail(*error, "send offsets");
  }

  const KafkaOptions kafka_;
  const TransactionalOptions options_;
  bool is_ready_ = false;
  bool is_open_ = false;
  bool is_fenced_ = false;
  bool needs_recycle_ = false;
  uint64_t sent_ = 0;
  uint64_t delivered_ = 0;
  rd_kafka_resp_err_t failed_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  TopicPartition failed_partition_;
  std::optional<int64_t> oldest_append_ms_;
  std::optional<int64_t> newest_append_ms_;
  std::unique_ptr<KafkaTransactionalProducer> apart_;
  std::unique_ptr<KafkaSending> sending_;
};

class KafkaProducer final : public Producer {
 public:
  static absl::StatusOr<std::unique_ptr<Producer>> Open(const KafkaOptions& kafka,
                                                        const ProducerOptions& options) {
    auto producer = std::unique_ptr<KafkaProducer>(new KafkaProducer(options));
    auto signals = std::make_unique<KafkaSignals>();
    LW_ASSIGN_OR_RETURN(auto conf, MakeConf(kafka, ProducerSettings(options), signals.get()));
    rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivered);
    LW_ASSIGN_OR_RETURN(auto handle, MakeHandle(RD_KAFKA_PRODUCER, std::move(conf)));
    producer->sending_ = std::make_unique<KafkaSending>(std::move(signals), std::move(handle));
    return producer;
  }

  absl::Status Send(const OutRecord& record, uint64_t tag) override {
    const auto fatal = rd_kafka_fatal_error(sending_->handle(), nullptr, 0);
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return base::Unknown(kTransactionUnclear, "producer: {}", rd_kafka_err2str(fatal));
    }
    auto ticket = std::make_unique<Ticket>(Ticket{this, tag});
    LW_RETURN_IF_ERROR(sending_->Send(record, options_.message_bytes_max, ticket.get()));
    static_cast<void>(ticket.release());
    ++pending_;
    return absl::OkStatus();
  }

  std::span<const Completion> Poll(absl::Duration timeout) override {
    handed_.clear();
    rd_kafka_poll(sending_->handle(), ToMillis(timeout));
    handed_.swap(completions_);
    return handed_;
  }

  uint64_t Pending() const override { return pending_; }

 private:
  struct Ticket {
    KafkaProducer* producer = nullptr;
    uint64_t tag = 0;
  };

  explicit KafkaProducer(ProducerOptions options) : options_(std::move(options)) {}

  static void OnDelivered(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(message->_private));
    KafkaProducer& self = *ticket->producer;
    --self.pending_;
    Completion completion{.tag = ticket->tag};
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const bool is_absent = rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
      const std::string context =
          fmt::format("{}-{}", rd_kafka_topic_name(message->rkt), message->partition);
      completion.status = is_absent ? FromKafka(message->err, KafkaCall::kSend, context)
                                    : base::Unknown(kTransactionUnclear, "{}: {}", context,
                                                    rd_kafka_err2str(message->err));
    } else {
      completion.offset = message->offset;
      rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
      const int64_t append_ms = rd_kafka_message_timestamp(message, &type);
      if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) completion.append_ms = append_ms;
    }
    self.completions_.push_back(std::move(completion));
  }

  const ProducerOptions options_;
  uint64_t pending_ = 0;
  std::vector<Completion> completions_;
  std::vector<Completion> handed_;
  std::unique_ptr<KafkaSending> sending_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TransactionalProducer>> OpenKafkaTransactionalProducer(
    const KafkaOptions& kafka, const TransactionalOptions& options) {
  auto producer = std::make_unique<KafkaTransactionalProducer>(kafka, options);
  LW_RETURN_IF_ERROR(producer->Make());
  return producer;
}

absl::StatusOr<std::unique_ptr<Producer>> OpenKafkaProducer(const KafkaOptions& kafka,
                                                            const ProducerOptions& options) {
  return KafkaProducer::Open(kafka, options);
}

}  // namespace lineward::stream

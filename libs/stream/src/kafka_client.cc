#include "stream/src/kafka_client.h"

#include <algorithm>
#include <array>

#include "lineward/base/status.h"
#include "lineward/stream/reasons.h"

namespace lineward::stream {
namespace {

constexpr size_t kErrorBytes = 512;
constexpr int kQueryTimeoutMs = 10000;
// Since 2.2 a full fetch queue is looked at again after this, not after 1 s.
constexpr int kVersionWithFetchQueueBackoff = 0x02020000;
// librdkafka wants a request to end before its transaction does.
constexpr int64_t kSocketTimeoutMs = 6000;

// Keys that the contract rests on. Those of linger, compression, batch, queues and back-off are the
// user's to change.
constexpr std::array kRefused = {
    "acks",
    "allow.auto.create.topics",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "client.id",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "fetch.wait.max.ms",
    "group.id",
    "group.instance.id",
    "heartbeat.interval.ms",
    "isolation.level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "max.poll.interval.ms",
    "message.max.bytes",
    "message.send.max.retries",
    "message.timeout.ms",
    "metadata.broker.list",
    "partition.assignment.strategy",
    "request.required.acks",
    "retries",
    "session.timeout.ms",
    "socket.keepalive.enable",
    "socket.nagle.disable",
    "socket.timeout.ms",
    "statistics.interval.ms",
    "transaction.timeout.ms",
    "transactional.id",
};

// Produce, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, TxnOffsetCommit.
bool ChangesATransaction(int16_t api_key) {
  return api_key == 0 || api_key == 24 || api_key == 25 || api_key == 26 || api_key == 28;
}

rd_kafka_resp_err_t OnResponse(rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t,
                               int32_t, size_t, int64_t, rd_kafka_resp_err_t error, void* opaque) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR && ChangesATransaction(api_key)) {
    static_cast<KafkaSignals*>(opaque)->unclear_responses.fetch_add(1, std::memory_order_relaxed);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnNew(rd_kafka_t* handle, const rd_kafka_conf_t*, void* opaque, char*, size_t) {
  return rd_kafka_interceptor_add_on_response_received(handle, "lineward", OnResponse, opaque);
}

void OnError(rd_kafka_t* handle, int code, const char*, void*) {
  // The client's opaque is its KafkaSignals in every conf that MakeConf made.
  auto* signals = static_cast<KafkaSignals*>(rd_kafka_opaque(handle));
  if (signals != nullptr) signals->NoteError(static_cast<rd_kafka_resp_err_t>(code));
}

// What matters comes back as a status; librdkafka's own lines on standard error help nobody.
void OnLog(const rd_kafka_t*, int, const char*, const char*) {}

absl::Status Set(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  char error[kErrorBytes] = {};
  const auto result = rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof(error));
  if (result == RD_KAFKA_CONF_OK) return absl::OkStatus();
  return base::InvalidArgument(kKafkaOptionRefused, "kafka.librdkafka: `{}`: {}", key, error);
}

KafkaSettings ConsumerSettings(int64_t prefetch_bytes_max) {
  KafkaSettings settings = {
      {"allow.auto.create.topics", "false"},
      {"auto.offset.reset", "error"},
      {"check.crcs", "true"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"fetch.error.backoff.ms", "100"},
      {"fetch.wait.max.ms", "20"},
      {"isolation.level", "read_committed"},
      {"partition.assignment.strategy", "range"},
      {"queued.max.messages.kbytes",
       std::to_string(std::max<int64_t>(prefetch_bytes_max >> 10, 1))},
      {"queued.min.messages", "200000"},
      {"reconnect.backoff.max.ms", "1000"},
      {"socket.keepalive.enable", "true"},
      {"socket.nagle.disable", "true"},
  };
  if (rd_kafka_version() >= kVersionWithFetchQueueBackoff) {
    settings.emplace_back("fetch.queue.backoff.ms", "10");
  }
  return settings;
}

KafkaSettings SenderSettings(absl::Duration linger, int64_t message_bytes_max,
                             int64_t queue_records_max, int64_t queue_bytes_max) {
  return {
      {"batch.num.messages", "10000"},
      {"batch.size", "1000000"},
      {"compression.type", "lz4"},
      {"delivery.report.only.error", "false"},
      {"linger.ms", std::to_string(ToMillis(linger))},
      {"message.max.bytes", std::to_string(message_bytes_max)},
      {"queue.buffering.max.kbytes", std::to_string(std::max<int64_t>(queue_bytes_max >> 10, 1))},
      {"queue.buffering.max.messages", std::to_string(queue_records_max)},
      {"reconnect.backoff.max.ms", "1000"},
      {"retry.backoff.ms", "10"},
      {"socket.keepalive.enable", "true"},
      {"socket.nagle.disable", "true"},
  };
}

}  // namespace

void KafkaSignals::NoteError(rd_kafka_resp_err_t code) {
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
      code == RD_KAFKA_RESP_ERR__RESOLVE || code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
    broken_at = std::chrono::steady_clock::now();
    is_doubtful = true;
  }
}

absl::Duration KafkaSignals::SinceBroken() const {
  const auto at = broken_at.load();
  if (at == std::chrono::steady_clock::time_point()) return absl::InfiniteDuration();
  return absl::FromChrono(std::chrono::steady_clock::now() - at);
}

int ToMillis(absl::Duration duration, int least) {
  return static_cast<int>(std::clamp<int64_t>(
      absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))), least, INT32_MAX));
}

absl::StatusOr<KafkaPtr<rd_kafka_conf_t>> MakeConf(const KafkaOptions& options,
                                                   const KafkaSettings& settings,
                                                   KafkaSignals* signals) {
  KafkaPtr<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  rd_kafka_conf_set_opaque(conf.get(), signals);
  LW_RETURN_IF_ERROR(Set(conf.get(), "bootstrap.servers", options.bootstrap_servers));
  LW_RETURN_IF_ERROR(Set(conf.get(), "client.id", options.client_id));
  for (const auto& [key, value] : settings) LW_RETURN_IF_ERROR(Set(conf.get(), key, value));
  for (const auto& [key, value] : options.librdkafka) {
    LW_RETURN_IF_ERROR(Set(conf.get(), key, value));
  }
  return conf;
}

void WatchResponses(rd_kafka_conf_t* conf, KafkaSignals* signals) {
  rd_kafka_conf_interceptor_add_on_new(conf, "lineward", OnNew, signals);
}

absl::StatusOr<KafkaPtr<rd_kafka_t>> MakeHandle(rd_kafka_type_t type,
                                                KafkaPtr<rd_kafka_conf_t> conf) {
  char error[kErrorBytes] = {};
  rd_kafka_t* handle = rd_kafka_new(type, conf.get(), error, sizeof(error));
  if (handle == nullptr) {
    return base::InvalidArgument(kKafkaOptionRefused, "kafka client: {}", error);
  }
  static_cast<void>(conf.release());
  return KafkaPtr<rd_kafka_t>(handle);
}

absl::Status CheckUserSettings(const KafkaOptions& options) {
  if (options.bootstrap_servers.empty()) {
    return base::InvalidArgument(kKafkaOptionRefused, "kafka.bootstrap_servers is empty");
  }
  for (const auto& [key, value] : options.librdkafka) {
    if (std::find(kRefused.begin(), kRefused.end(), key) != kRefused.end()) {
      return base::InvalidArgument(kKafkaOptionRefused, "kafka.librdkafka: `{}` is set by Lineward",
                                   key);
    }
  }
  return MakeConf(options, {}, nullptr).status();
}

KafkaSettings GroupSettings(const GroupOptions& options) {
  KafkaSettings settings = ConsumerSettings(options.prefetch_bytes_max);
  // Ten heartbeats per session: the design's 1 s for its 10 s.
  const int session_ms = ToMillis(options.session_timeout, 10);
  settings.emplace_back("group.id", options.group_id);
  settings.emplace_back("group.instance.id", options.instance_id);
  settings.emplace_back("session.timeout.ms", std::to_string(session_ms));
  settings.emplace_back("heartbeat.interval.ms", std::to_string(session_ms / 10));
  settings.emplace_back("max.poll.interval.ms",
                        std::to_string(std::max(ToMillis(options.max_poll_interval), session_ms)));
  return settings;
}

KafkaSettings ReaderSettings(const ReaderOptions& options) {
  KafkaSettings settings = ConsumerSettings(options.prefetch_bytes_max);
  // Assignment by hand needs a group's name, but joins none and commits nothing.
  settings.emplace_back("group.id", "lineward.reader");
  settings.emplace_back("enable.partition.eof", "true");
  return settings;
}

KafkaSettings TransactionalSettings(const TransactionalOptions& options) {
  KafkaSettings settings = SenderSettings(options.linger, options.message_bytes_max,
                                          options.queue_records_max, options.queue_bytes_max);
  const int64_t timeout_ms = ToMillis(options.transaction_timeout, 1000);
  settings.emplace_back("transactional.id", options.transactional_id);
  settings.emplace_back("transaction.timeout.ms", std::to_string(timeout_ms));
  settings.emplace_back("socket.timeout.ms",
                        std::to_string(std::min(kSocketTimeoutMs, timeout_ms * 6 / 10)));
  return settings;
}

KafkaSettings ProducerSettings(const ProducerOptions& options) {
  KafkaSettings settings = SenderSettings(options.linger, options.message_bytes_max,
                                          options.queue_records_max, options.queue_bytes_max);
  settings.emplace_back("enable.idempotence", "true");
  settings.emplace_back("acks", "all");
  settings.emplace_back("socket.timeout.ms", std::to_string(kSocketTimeoutMs));
  return settings;
}

bool LooksFenced(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

absl::Status FromKafka(rd_kafka_resp_err_t code, KafkaCall call, std::string_view context) {
  const char* text = rd_kafka_err2str(code);
  const bool is_sender = call == KafkaCall::kSend || call == KafkaCall::kTransaction;
  switch (code) {
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return base::ResourceExhausted(kQueueFull, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
      return base::Aborted(kTransactionAborted, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      if (!is_sender) return base::Unavailable(kBrokerUnavailable, "{}: {}", context, text);
      return base::Aborted(kTransactionAborted, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
      return base::FailedPrecondition(kMembershipLost, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      if (is_sender) return base::FailedPrecondition(kMembershipLost, "{}: {}", context, text);
      return base::PermissionDenied(kSeatTaken, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return base::Unknown(kProducerFenced, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_INVALID_TXN_STATE:
      return base::Unknown(kTransactionUnclear, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return base::DataLoss(kOffsetOutOfLog, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
      return base::DataLoss(kLogDamaged, "{}: {}", context, text);
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      if (call == KafkaCall::kSend) {
        return base::InvalidArgument(kTopicUnknown, "{}: {}", context, text);
      }
      if (call == KafkaCall::kQuery) {
        return base::NotFound(kTopicUnknown, "{} does not exist", context);
      }
      return base::Unavailable(kTopicUnknown, "{}: {}", context, text);
    default:
      // How a transaction's call ended that failed in any other way is not known.
      if (call == KafkaCall::kTransaction) {
        return base::Unknown(kTransactionUnclear, "{}: {}", context, text);
      }
      return base::Unavailable(kBrokerUnavailable, "{}: {}", context, text);
  }
}

absl::StatusOr<KafkaPtr<const rd_kafka_metadata_t>> AskMetadata(rd_kafka_t* handle,
                                                                KafkaTopics topics,
                                                                int timeout_ms) {
  const rd_kafka_metadata_t* told = nullptr;
  const auto code =
      rd_kafka_metadata(handle, topics == KafkaTopics::kAll ? 1 : 0, nullptr, &told, timeout_ms);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(code, KafkaCall::kQuery, "metadata");
  return KafkaPtr<const rd_kafka_metadata_t>(told);
}

absl::Status FromKafkaTransaction(const rd_kafka_error_t& error, std::string_view context,
                                  bool* is_fenced) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(&error);
  const bool is_fatal = rd_kafka_error_is_fatal(&error) != 0;
  if (LooksFenced(code)) *is_fenced = true;
  if (is_fatal) {
    return base::Unknown(LooksFenced(code) ? kProducerFenced : kTransactionUnclear, "{}: {}",
                         context, rd_kafka_error_string(&error));
  }
  absl::Status status = FromKafka(code, KafkaCall::kTransaction, context);
  if (rd_kafka_error_txn_requires_abort(&error) != 0 && absl::IsUnknown(status)) {
    return base::Aborted(kTransactionAborted, "{}: {}", context, rd_kafka_error_string(&error));
  }
  return status;
}

KafkaPtr<rd_kafka_topic_partition_list_t> MakeList(std::span<const TopicPartition> partitions) {
  KafkaPtr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  }
  return list;
}

std::vector<TopicPartition> FromList(const rd_kafka_topic_partition_list_t* list) {
  std::vector<TopicPartition> partitions;
  if (list == nullptr) return partitions;
  for (int i = 0; i < list->cnt; ++i) {
    partitions.push_back({list->elems[i].topic, list->elems[i].partition});
  }
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

absl::StatusOr<KafkaBounds> QueryBounds(rd_kafka_t* handle,
                                        std::span<const TopicPartition> partitions) {
  KafkaBounds bounds;
  for (const TopicPartition& partition : partitions) {
    int64_t start = 0;
    int64_t end = 0;
    const auto code = rd_kafka_query_watermark_offsets(
        handle, partition.topic.c_str(), partition.partition, &start, &end, kQueryTimeoutMs);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return FromKafka(code, KafkaCall::kQuery, ToString(partition));
    }
    bounds.start.push_back(start);
    bounds.end.push_back(end);
  }
  return bounds;
}

}  // namespace lineward::stream

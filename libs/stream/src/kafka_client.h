#pragma once

// What the Kafka objects share: owned handles of librdkafka, the settings of each kind of client,
// and the mapping of error codes to the statuses of the contract. Any thread, unless said.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/stream/kafka.h"
#include "lineward/stream/record.h"

namespace lineward::stream {

struct KafkaDelete {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_consumer_group_metadata_t* metadata) const {
    rd_kafka_consumer_group_metadata_destroy(metadata);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_ConfigResource_t* resource) const {
    rd_kafka_ConfigResource_destroy(resource);
  }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
template <typename T>
using KafkaPtr = std::unique_ptr<T, KafkaDelete>;

using KafkaSettings = std::vector<std::pair<std::string, std::string>>;

// What librdkafka's own threads report about a client. Outlives its handle.
struct KafkaSignals {
  // Error answers to requests that change a transaction: a stray one might end the next.
  std::atomic<uint64_t> unclear_responses{0};
  // A connection broke. Whether any broker is left, only an answer tells: librdkafka counts a
  // coordinator as a broker of its own and so may never say that all are down.
  std::atomic<bool> is_doubtful{false};
  std::atomic<std::chrono::steady_clock::time_point> broken_at{};  // the epoch: never

  void NoteError(rd_kafka_resp_err_t code);
  absl::Duration SinceBroken() const;
};

// A configuration with `settings`, the user's over them, and errors told to `signals`.
absl::StatusOr<KafkaPtr<rd_kafka_conf_t>> MakeConf(const KafkaOptions& options,
                                                   const KafkaSettings& settings,
                                                   KafkaSignals* signals);

// Counts error answers into `signals->unclear_responses`.
void WatchResponses(rd_kafka_conf_t* conf, KafkaSignals* signals);

absl::StatusOr<KafkaPtr<rd_kafka_t>> MakeHandle(rd_kafka_type_t type,
                                                KafkaPtr<rd_kafka_conf_t> conf);

// INVALID_ARGUMENT if a key is refused or unknown, or has a bad value.
absl::Status CheckUserSettings(const KafkaOptions& options);

// The settings of stream design, section 7.
KafkaSettings GroupSettings(const GroupOptions& options);
KafkaSettings ReaderSettings(const ReaderOptions& options);
KafkaSettings TransactionalSettings(const TransactionalOptions& options);
KafkaSettings ProducerSettings(const ProducerOptions& options);

// Who asks: the same code means different things.
enum class KafkaCall : uint8_t { kConsume, kQuery, kSend, kTransaction };

// The table of stream design, section 5. Never OK.
absl::Status FromKafka(rd_kafka_resp_err_t code, KafkaCall call, std::string_view context);
// The same for an error of the transactional calls, which tells fatal and abortable apart.
// `is_fenced` is set if the error looks like a newer holder of the id.
absl::Status FromKafkaTransaction(const rd_kafka_error_t& error, std::string_view context,
                                  bool* is_fenced);
bool LooksFenced(rd_kafka_resp_err_t code);

KafkaPtr<rd_kafka_topic_partition_list_t> MakeList(std::span<const TopicPartition> partitions);
std::vector<TopicPartition> FromList(const rd_kafka_topic_partition_list_t* list);

// First offset and last stable end of each partition. UNAVAILABLE, NOT_FOUND.
struct KafkaBounds {
  std::vector<int64_t> start;
  std::vector<int64_t> end;
};
absl::StatusOr<KafkaBounds> QueryBounds(rd_kafka_t* handle,
                                        std::span<const TopicPartition> partitions);

// What a broker tells of all topics, or of those that the handle knows already. UNAVAILABLE.
enum class KafkaTopics : uint8_t { kAll, kKnown };
absl::StatusOr<KafkaPtr<const rd_kafka_metadata_t>> AskMetadata(rd_kafka_t* handle,
                                                                KafkaTopics topics, int timeout_ms);

// Whole milliseconds for librdkafka, at least `least`.
int ToMillis(absl::Duration duration, int least = 0);

}  // namespace lineward::stream

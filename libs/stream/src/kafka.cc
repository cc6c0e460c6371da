#include "lineward/stream/kafka.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/stream/reasons.h"
#include "stream/src/kafka_client.h"
#include "stream/src/kafka_consumer.h"
#include "stream/src/kafka_producer.h"

namespace lineward::stream {
namespace {

// Making topics takes a busy broker seconds; nothing waits for it but a start.
constexpr int kAdminTimeoutMs = 30000;

using Settings = std::map<std::string, std::string>;

// What the cluster says about one topic.
struct FoundTopic {
  int32_t partitions = 0;
  int32_t replicas = 0;
};

// A client that only asks and makes topics.
absl::StatusOr<KafkaPtr<rd_kafka_t>> MakeAdminHandle(const KafkaOptions& kafka) {
  LW_ASSIGN_OR_RETURN(auto conf, MakeConf(kafka, {{"allow.auto.create.topics", "false"}}, nullptr));
  return MakeHandle(RD_KAFKA_PRODUCER, std::move(conf));
}

std::map<std::string, FoundTopic> FindTopics(const rd_kafka_metadata_t& metadata) {
  std::map<std::string, FoundTopic> found;
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = metadata.topics[i];
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    FoundTopic& entry = found[topic.topic];
    entry.partitions = topic.partition_cnt;
    entry.replicas = INT32_MAX;
    for (int p = 0; p < topic.partition_cnt; ++p) {
      entry.replicas = std::min(entry.replicas, topic.partitions[p].replica_cnt);
    }
  }
  return found;
}

class KafkaAdmin final : public TopicAdmin {
 public:
  explicit KafkaAdmin(KafkaPtr<rd_kafka_t> handle) : handle_(std::move(handle)) {}

  absl::StatusOr<std::vector<TopicMismatch>> Verify(std::span<const TopicSpec> specs,
                                                    bool require_durable) override {
    LW_ASSIGN_OR_RETURN(const auto metadata,
                        AskMetadata(handle_.get(), KafkaTopics::kAll, kAdminTimeoutMs));
    const auto found = FindTopics(*metadata);
    std::vector<std::string> names;
    for (const TopicSpec& spec : specs) {
      if (found.contains(spec.name)) names.push_back(spec.name);
    }
    LW_ASSIGN_OR_RETURN(const auto settings, DescribeConfigs(names));
    std::vector<TopicMismatch> mismatches;
    for (const TopicSpec& spec : specs) {
      const auto topic = found.find(spec.name);
      if (topic == found.end()) {
        mismatches.push_back({spec.name, "existence", "no topic", "a topic"});
        continue;
      }
      Compare(spec, topic->second, settings.at(spec.name), require_durable, &mismatches);
    }
    return mismatches;
  }

  absl::Status Create(std::span<const TopicSpec> specs) override {
    LW_ASSIGN_OR_RETURN(const auto metadata,
                        AskMetadata(handle_.get(), KafkaTopics::kAll, kAdminTimeoutMs));
    const auto found = FindTopics(*metadata);
    const int replicas = std::min(kReplicationFactor, metadata->broker_cnt);
    std::vector<KafkaPtr<rd_kafka_NewTopic_t>> topics;
    for (const TopicSpec& spec : specs) {
      if (found.contains(spec.name)) continue;
      LW_ASSIGN_OR_RETURN(topics.emplace_back(), MakeTopic(spec, replicas));
    }
    if (topics.empty()) return absl::OkStatus();
    std::vector<rd_kafka_NewTopic_t*> raw;
    for (const auto& topic : topics) raw.push_back(topic.get());
    KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle_.get()));
    const auto options = AdminOptions(RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(handle_.get(), raw.data(), raw.size(), options.get(), queue.get());
    LW_ASSIGN_OR_RETURN(const auto event, Await(queue.get(), "create topics"));
    size_t count = 0;
    const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const auto code = rd_kafka_topic_result_error(results[i]);
      const bool is_made =
          code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
      if (is_made) continue;
      return base::Unavailable(kBrokerUnavailable, "topic `{}` was not created: {}",
                               rd_kafka_topic_result_name(results[i]), rd_kafka_err2str(code));
    }
    return AwaitTopics(specs);
  }

  absl::StatusOr<int32_t> Partitions(const std::string& topic) override {
    LW_ASSIGN_OR_RETURN(const auto metadata,
                        AskMetadata(handle_.get(), KafkaTopics::kAll, kAdminTimeoutMs));
    const auto found = FindTopics(*metadata);
    const auto entry = found.find(topic);
    if (entry == found.end()) {
      return base::NotFound(kTopicUnknown, "topic `{}` does not exist", topic);
    }
    return entry->second.partitions;
  }

 private:
  static absl::StatusOr<KafkaPtr<rd_kafka_NewTopic_t>> MakeTopic(const TopicSpec& spec,
                                                                 int replicas) {
    char error[512] = {};
    KafkaPtr<rd_kafka_NewTopic_t> topic(rd_kafka_NewTopic_new(
        spec.name.c_str(), std::max(spec.partitions, 1), replicas, error, sizeof(error)));
    if (topic == nullptr) return base::InvalidArgument("", "topic `{}`: {}", spec.name, error);
    Settings settings = {
        {"cleanup.policy", spec.cleanup == Cleanup::kCompact ? "compact" : "delete"},
        {"min.insync.replicas", std::to_string(std::min(kMinInsyncReplicas, replicas))},
        {"unclean.leader.election.enable", "false"},
    };
    if (spec.timestamp != TimestampType::kNone) {
      settings["message.timestamp.type"] =
          spec.timestamp == TimestampType::kAppend ? "LogAppendTime" : "CreateTime";
    }
    const int64_t bytes = spec.message_bytes > 0
                              ? spec.message_bytes
                              : std::max(spec.message_bytes_min, kRecordBytesMax);
    settings["max.message.bytes"] = std::to_string(bytes);
    if (spec.retention == absl::InfiniteDuration()) {
      settings["retention.ms"] = "-1";
    } else if (spec.retention != absl::ZeroDuration()) {
      settings["retention.ms"] = std::to_string(absl::ToInt64Milliseconds(spec.retention));
    }
    for (const auto& [key, value] : spec.extra) settings[key] = value;
    for (const auto& [key, value] : settings) {
      rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
    }
    return topic;
  }

  // A topic is known to every broker a moment after it was made.
  absl::Status AwaitTopics(std::span<const TopicSpec> specs) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(kAdminTimeoutMs);
    while (true) {
      LW_ASSIGN_OR_RETURN(const auto metadata,
                          AskMetadata(handle_.get(), KafkaTopics::kAll, kAdminTimeoutMs));
      const auto found = FindTopics(*metadata);
      const auto missing = std::find_if(specs.begin(), specs.end(), [&](const TopicSpec& spec) {
        return !found.contains(spec.name);
      });
      if (missing == specs.end()) return absl::OkStatus();
      if (std::chrono::steady_clock::now() > deadline) {
        return base::Unavailable(kTopicUnknown, "topic `{}` was created and is not there",
                                 missing->name);
      }
      rd_kafka_poll(handle_.get(), 20);
    }
  }

  KafkaPtr<rd_kafka_AdminOptions_t> AdminOptions(rd_kafka_admin_op_t operation) {
    KafkaPtr<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(handle_.get(), operation));
    rd_kafka_AdminOptions_set_request_timeout(options.get(), kAdminTimeoutMs, nullptr, 0);
    return options;
  }

  static absl::StatusOr<KafkaPtr<rd_kafka_event_t>> Await(rd_kafka_queue_t* queue,
                                                          std::string_view what) {
    KafkaPtr<rd_kafka_event_t> event(rd_kafka_queue_poll(queue, 2 * kAdminTimeoutMs));
    if (event == nullptr) {
      return base::Unavailable(kBrokerUnavailable, "{}: no answer within {} ms", what,
                               2 * kAdminTimeoutMs);
    }
    if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return base::Unavailable(kBrokerUnavailable, "{}: {}", what,
                               rd_kafka_event_error_string(event.get()));
    }
    return event;
  }

  absl::StatusOr<std::map<std::string, Settings>> DescribeConfigs(
      const std::vector<std::string>& names) {
    std::map<std::string, Settings> found;
    if (names.empty()) return found;
    std::vector<KafkaPtr<rd_kafka_ConfigResource_t>> resources;
    std::vector<rd_kafka_ConfigResource_t*> raw;
    for (const std::string& name : names) {
      resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
      raw.push_back(resources.back().get());
    }
    KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle_.get()));
    const auto options = AdminOptions(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(handle_.get(), raw.data(), raw.size(), options.get(), queue.get());
    LW_ASSIGN_OR_RETURN(const auto event, Await(queue.get(), "describe topics"));
    size_t count = 0;
    const rd_kafka_ConfigResource_t** described = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const std::string name = rd_kafka_ConfigResource_name(described[i]);
      const auto code = rd_kafka_ConfigResource_error(described[i]);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return base::Unavailable(kBrokerUnavailable, "topic `{}`: {}", name,
                                 rd_kafka_err2str(code));
      }
      size_t entries = 0;
      const rd_kafka_ConfigEntry_t** configs =
          rd_kafka_ConfigResource_configs(described[i], &entries);
      for (size_t c = 0; c < entries; ++c) {
        const char* value = rd_kafka_ConfigEntry_value(configs[c]);
        found[name][rd_kafka_ConfigEntry_name(configs[c])] = value == nullptr ? "" : value;
      }
    }
    return found;
  }

  static void Compare(const TopicSpec& spec, const FoundTopic& topic, const Settings& settings,
                      bool require_durable, std::vector<TopicMismatch>* mismatches) {
    const auto differ = [&](std::string key, std::string found, std::string wanted) {
      mismatches->push_back({spec.name, std::move(key), std::move(found), std::move(wanted)});
    };
    const auto value = [&](const std::string& key) {
      const auto entry = settings.find(key);
      return entry == settings.end() ? std::string("unset") : entry->second;
    };
    const auto number = [&](const std::string& key) {
      return base::ParseInt64(value(key)).value_or(-1);
    };
    if (spec.partitions != 0 && topic.partitions != spec.partitions) {
      differ("partitions", std::to_string(topic.partitions), std::to_string(spec.partitions));
    }
    if (spec.timestamp != TimestampType::kNone) {
      const std::string cleanup = spec.cleanup == Cleanup::kCompact ? "compact" : "delete";
      if (value("cleanup.policy") != cleanup) {
        differ("cleanup.policy", value("cleanup.policy"), cleanup);
      }
      const std::string type =
          spec.timestamp == TimestampType::kAppend ? "LogAppendTime" : "CreateTime";
      if (value("message.timestamp.type") != type) {
        differ("message.timestamp.type", value("message.timestamp.type"), type);
      }
    }
    const std::string bytes_key = "max.message.bytes";
    if (spec.message_bytes_min > 0 && number(bytes_key) < spec.message_bytes_min) {
      differ(bytes_key, value(bytes_key), fmt::format("at least {}", spec.message_bytes_min));
    }
    if (spec.message_bytes > 0 && number(bytes_key) != spec.message_bytes) {
      differ(bytes_key, value(bytes_key), std::to_string(spec.message_bytes));
    }
    if (!require_durable) return;
    if (topic.replicas < kReplicationFactor) {
      differ("replication", std::to_string(topic.replicas),
             fmt::format("at least {}", kReplicationFactor));
    }
    if (number("min.insync.replicas") < kMinInsyncReplicas) {
      differ("min.insync.replicas", value("min.insync.replicas"),
             fmt::format("at least {}", kMinInsyncReplicas));
    }
    if (value("unclean.leader.election.enable") != "false") {
      differ("unclean.leader.election.enable", value("unclean.leader.election.enable"), "false");
    }
  }

  const KafkaPtr<rd_kafka_t> handle_;
};

class KafkaTransport final : public Transport {
 public:
  explicit KafkaTransport(KafkaOptions options) : options_(std::move(options)) {}

  absl::StatusOr<std::string> LogId() override {
    LW_ASSIGN_OR_RETURN(const auto handle, MakeAdminHandle(options_));
    char* id = rd_kafka_clusterid(handle.get(), kAdminTimeoutMs);
    if (id == nullptr) {
      return base::Unavailable(kBrokerUnavailable, "{}: no cluster id within {} ms",
                               options_.bootstrap_servers, kAdminTimeoutMs);
    }
    std::string text = id;
    rd_kafka_mem_free(handle.get(), id);
    return text;
  }

  absl::StatusOr<std::unique_ptr<GroupConsumer>> OpenGroupConsumer(
      const GroupOptions& options) override {
    return OpenKafkaGroupConsumer(options_, options);
  }
  absl::StatusOr<std::unique_ptr<PartitionReader>> OpenReader(
      const ReaderOptions& options) override {
    return OpenKafkaReader(options_, options);
  }
  absl::StatusOr<std::unique_ptr<TransactionalProducer>> OpenTransactionalProducer(
      const TransactionalOptions& options) override {
    return OpenKafkaTransactionalProducer(options_, options);
  }
  absl::StatusOr<std::unique_ptr<Producer>> OpenProducer(const ProducerOptions& options) override {
    return OpenKafkaProducer(options_, options);
  }
  absl::StatusOr<std::unique_ptr<TopicAdmin>> OpenAdmin() override {
    LW_ASSIGN_OR_RETURN(auto handle, MakeAdminHandle(options_));
    return std::make_unique<KafkaAdmin>(std::move(handle));
  }

 private:
  const KafkaOptions options_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> OpenKafka(const KafkaOptions& options) {
  LW_RETURN_IF_ERROR(CheckUserSettings(options));
  return std::make_unique<KafkaTransport>(options);
}

}  // namespace lineward::stream

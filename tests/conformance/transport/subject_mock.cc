// librdkafka's mock broker: good for mapping errors, no evidence for the contract. Here it shows
// that the suite can fail.

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "lineward/stream/kafka.h"
#include "tests/conformance/transport/bench.h"

namespace lineward::conformance {
namespace {

// The mock cluster knows no CreateTopics: topics are made at its own door.
class MockAdmin final : public stream::TopicAdmin {
 public:
  MockAdmin(rd_kafka_mock_cluster_t* cluster, std::unique_ptr<stream::TopicAdmin> admin)
      : cluster_(cluster), admin_(std::move(admin)) {}

  absl::StatusOr<std::vector<stream::TopicMismatch>> Verify(
      std::span<const stream::TopicSpec> specs, bool require_durable) override {
    return admin_->Verify(specs, require_durable);
  }
  absl::Status Create(std::span<const stream::TopicSpec> specs) override {
    for (const stream::TopicSpec& spec : specs) {
      rd_kafka_mock_topic_create(cluster_, spec.name.c_str(), spec.partitions, 1);
    }
    return absl::OkStatus();
  }
  absl::StatusOr<int32_t> Partitions(const std::string& topic) override {
    return admin_->Partitions(topic);
  }

 private:
  rd_kafka_mock_cluster_t* const cluster_;
  const std::unique_ptr<stream::TopicAdmin> admin_;
};

class MockTransport final : public stream::Transport {
 public:
  MockTransport() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    cluster_ = rd_kafka_mock_cluster_new(handle_, 1);
    kafka_ = *stream::OpenKafka({.bootstrap_servers = rd_kafka_mock_cluster_bootstraps(cluster_)});
  }
  ~MockTransport() override {
    kafka_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }

  absl::StatusOr<std::string> LogId() override { return kafka_->LogId(); }
  absl::StatusOr<std::unique_ptr<stream::GroupConsumer>> OpenGroupConsumer(
      const stream::GroupOptions& options) override {
    return kafka_->OpenGroupConsumer(options);
  }
  absl::StatusOr<std::unique_ptr<stream::PartitionReader>> OpenReader(
      const stream::ReaderOptions& options) override {
    return kafka_->OpenReader(options);
  }
  absl::StatusOr<std::unique_ptr<stream::TransactionalProducer>> OpenTransactionalProducer(
      const stream::TransactionalOptions& options) override {
    return kafka_->OpenTransactionalProducer(options);
  }
  absl::StatusOr<std::unique_ptr<stream::Producer>> OpenProducer(
      const stream::ProducerOptions& options) override {
    return kafka_->OpenProducer(options);
  }
  absl::StatusOr<std::unique_ptr<stream::TopicAdmin>> OpenAdmin() override {
    LW_ASSIGN_OR_RETURN(auto admin, kafka_->OpenAdmin());
    return std::make_unique<MockAdmin>(cluster_, std::move(admin));
  }

 private:
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::unique_ptr<stream::Transport> kafka_;
};

}  // namespace

std::set<std::string> RedClauses() { return {"C2", "C3", "C6", "C8", "C9", "C11"}; }

const Implementation& Subject() {
  static const Implementation subject = [] {
    Implementation made;
    made.name = "librdkafka mock";
    made.clock = std::shared_ptr<const base::Clock>(&base::SystemClock(), [](const auto*) {});
    made.transport = std::make_shared<MockTransport>();
    return made;
  }();
  return subject;
}

}  // namespace lineward::conformance

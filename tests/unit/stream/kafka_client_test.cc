#include "stream/src/kafka_client.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/stream/reasons.h"

namespace lineward::stream {
namespace {

struct Row {
  rd_kafka_resp_err_t code;
  KafkaCall call;
  absl::StatusCode wanted;
};

// The table of statuses in transport.h, row by row.
TEST(KafkaErrors, MapAsTheContractSays) {
  const std::vector<Row> rows = {
      {RD_KAFKA_RESP_ERR__QUEUE_FULL, KafkaCall::kSend, absl::StatusCode::kResourceExhausted},
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, KafkaCall::kSend, absl::StatusCode::kAborted},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, KafkaCall::kSend, absl::StatusCode::kAborted},
      {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, KafkaCall::kSend, absl::StatusCode::kAborted},
      {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, KafkaCall::kTransaction,
       absl::StatusCode::kFailedPrecondition},
      {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, KafkaCall::kTransaction,
       absl::StatusCode::kFailedPrecondition},
      {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, KafkaCall::kConsume,
       absl::StatusCode::kFailedPrecondition},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, KafkaCall::kTransaction, absl::StatusCode::kUnknown},
      {RD_KAFKA_RESP_ERR__FENCED, KafkaCall::kTransaction, absl::StatusCode::kUnknown},
      {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, KafkaCall::kTransaction,
       absl::StatusCode::kUnknown},
      {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, KafkaCall::kTransaction, absl::StatusCode::kUnknown},
      {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, KafkaCall::kConsume,
       absl::StatusCode::kPermissionDenied},
      {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, KafkaCall::kConsume, absl::StatusCode::kDataLoss},
      {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, KafkaCall::kConsume, absl::StatusCode::kDataLoss},
      {RD_KAFKA_RESP_ERR__BAD_MSG, KafkaCall::kConsume, absl::StatusCode::kDataLoss},
      {RD_KAFKA_RESP_ERR__TRANSPORT, KafkaCall::kConsume, absl::StatusCode::kUnavailable},
      {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, KafkaCall::kQuery, absl::StatusCode::kUnavailable},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, KafkaCall::kQuery, absl::StatusCode::kUnavailable},
  };
  for (const Row& row : rows) {
    const absl::Status status = FromKafka(row.code, row.call, "here");
    EXPECT_EQ(status.code(), row.wanted) << rd_kafka_err2name(row.code);
    EXPECT_NE(base::ReasonOf(status), "") << rd_kafka_err2name(row.code);
    EXPECT_TRUE(base::MessageOf(status).starts_with("here")) << status;
  }
}

TEST(KafkaSettings, KeysThatTheContractRestsOnAreRefused) {
  for (const std::string key :
       {"isolation.level", "enable.auto.commit", "transactional.id", "message.timeout.ms",
        "group.instance.id", "auto.offset.reset", "acks", "enable.idempotence",
        "transaction.timeout.ms", "delivery.report.only.error", "check.crcs"}) {
    const auto opened = OpenKafka({.bootstrap_servers = "127.0.0.1:1", .librdkafka = {{key, "1"}}});
    EXPECT_EQ(base::ReasonOf(opened.status()), kKafkaOptionRefused) << key;
    EXPECT_EQ(base::MessageOf(opened.status()),
              "kafka.librdkafka: `" + key + "` is set by Lineward");
  }
}

TEST(KafkaSettings, UnknownKeysAndBadValuesAreRefusedByName) {
  const auto unknown =
      OpenKafka({.bootstrap_servers = "127.0.0.1:1", .librdkafka = {{"linger", "1"}}});
  EXPECT_TRUE(absl::IsInvalidArgument(unknown.status()));
  EXPECT_NE(base::MessageOf(unknown.status()).find("`linger`"), std::string_view::npos);
  const auto bad =
      OpenKafka({.bootstrap_servers = "127.0.0.1:1", .librdkafka = {{"linger.ms", "soon"}}});
  EXPECT_TRUE(absl::IsInvalidArgument(bad.status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenKafka({}).status()));
}

TEST(KafkaSettings, SecurityLingerAndQueuesPassThrough) {
  const KafkaOptions options{.bootstrap_servers = "127.0.0.1:1",
                             .librdkafka = {{"security.protocol", "sasl_ssl"},
                                            {"sasl.mechanisms", "SCRAM-SHA-512"},
                                            {"linger.ms", "20"},
                                            {"compression.type", "zstd"},
                                            {"queued.min.messages", "1000"}}};
  EXPECT_TRUE(OpenKafka(options).ok());
  const auto conf = MakeConf(options, TransactionalSettings({}), nullptr);
  ASSERT_TRUE(conf.ok());
  char value[64];
  size_t size = sizeof(value);
  ASSERT_EQ(rd_kafka_conf_get(conf->get(), "linger.ms", value, &size), RD_KAFKA_CONF_OK);
  EXPECT_STREQ(value, "20");
}

TEST(KafkaSettings, ABrokerThatIsAwayIsUnavailableAndNothingHangs) {
  const auto transport = *OpenKafka({.bootstrap_servers = "127.0.0.1:1"});
  auto consumer =
      *transport->OpenGroupConsumer({.group_id = "g", .instance_id = "a", .topics = {"t"}});
  absl::Status status;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (status.ok() && std::chrono::steady_clock::now() < deadline) {
    status = consumer->Poll(absl::Milliseconds(100)).status();
  }
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(base::ReasonOf(status), kBrokerUnavailable);
}

TEST(KafkaSettings, ASocketTimesOutBeforeItsTransaction) {
  const auto settings = TransactionalSettings({.transaction_timeout = absl::Seconds(2)});
  for (const auto& [key, value] : settings) {
    if (key == "socket.timeout.ms") {
      EXPECT_EQ(value, "1200");
    }
  }
  const auto conf = MakeConf({.bootstrap_servers = "127.0.0.1:1"},
                             TransactionalSettings({.transactional_id = "t"}), nullptr);
  EXPECT_TRUE(conf.ok()) << conf.status();
}

}  // namespace
}  // namespace lineward::stream

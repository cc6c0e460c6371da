#include "gate/src/partition.h"

#include <gtest/gtest.h>

#include <string>

namespace lineward::gate {
namespace {

class PartitionTest : public ::testing::Test {
 protected:
  static event::SourceOptions Options() {
    event::SourceOptions options;
    options.topic = "promotions";
    return options;
  }
  static decision::TenantSealer::Options Sealing(uint32_t epoch) {
    return {.tenant_key = std::string(32, 'k'), .epoch = epoch, .source = {"c", "promotions", 3}};
  }
  Partition Make(uint32_t epoch = 1) {
    return {&source_, {"promotions", 3}, &fragments_, Sealing(epoch), metrics_};
  }
  bool Shows(const std::string& line) {
    return registry_.TextExposition().find("\n" + line + "\n") != std::string::npos;
  }

  telemetry::MetricRegistry registry_;
  const GateMetrics metrics_{&registry_};
  decision::FragmentTable fragments_;
  Source source_{Options(), &fragments_, metrics_};
};

TEST_F(PartitionTest, NamesTheOutputsOfItsSource) {
  EXPECT_EQ(source_.OutputOf(decision::Route::kAllowed), "promotions.allowed");
  EXPECT_EQ(source_.OutputOf(decision::Route::kQuarantined), "promotions.quarantined");
  EXPECT_EQ(source_.OutputOf(decision::Route::kBlocked), "promotions.blocked");
  EXPECT_EQ(source_.OutputOf(decision::Route::kDeadLetter), "promotions.dead-letter");
}

TEST_F(PartitionTest, WritesDecisionIds) {
  Partition partition = Make();
  EXPECT_EQ(partition.DecisionId(1'000'000), "promotions-3-1000000");
  EXPECT_EQ(partition.DecisionId(7), "promotions-3-7");
  EXPECT_EQ(Make(2).DecisionId(7), "e2~promotions-3-7");
}

TEST_F(PartitionTest, ForgetsAnOpenTransactionAndNotItsPlace) {
  Partition partition = Make();
  partition.expected = 9;
  partition.is_touched = partition.is_block_open = true;
  partition.rows = 4;
  partition.gaps = 2;
  partition.DropTransaction();
  EXPECT_FALSE(partition.is_touched || partition.is_block_open);
  EXPECT_EQ(partition.rows + partition.gaps, 0u);
  EXPECT_EQ(partition.expected, 9);
}

TEST_F(PartitionTest, PublishesWhatTheTransactionTook) {
  Partition partition = Make();
  partition.rows = 4;
  partition.gaps = 2;
  partition.newest_timestamp_ms = 1'000;
  partition.Publish(3'000);
  source_.sent[Source::IndexOf(decision::Route::kBlocked)] = 4;
  source_.Publish();
  const std::string labels = "topic=\"promotions\",partition=\"3\"";
  EXPECT_TRUE(Shows("lineward_stream_records_consumed_total{" + labels + "} 4"));
  EXPECT_TRUE(Shows("lineward_stream_consumer_lag_seconds{" + labels + "} 2"));
  EXPECT_TRUE(Shows("lineward_stream_offset_gaps_total{topic=\"promotions\"} 2"));
  EXPECT_TRUE(Shows("lineward_stream_records_produced_total{topic=\"promotions.blocked\"} 4"));
  EXPECT_TRUE(Shows("lineward_stream_records_produced_total{topic=\"promotions.allowed\"} 0"));
}

TEST_F(PartitionTest, ALagIsNotNegative) {
  Partition partition = Make();
  partition.newest_timestamp_ms = 5'000;
  partition.Publish(3'000);
  EXPECT_TRUE(
      Shows("lineward_stream_consumer_lag_seconds{topic=\"promotions\",partition=\"3\"} 0"));
}

TEST_F(PartitionTest, CountsWhatCameInAtOnce) {
  event::Decoded malformed;
  malformed.error = {event::Cause::kHeadersTooLarge, 0, 0};
  stream::RecordView record;
  record.value = "12345";
  record.timestamp_ms = 10'000;
  source_.CountIntake(record, malformed, 8'000);
  EXPECT_TRUE(Shows("lineward_gate_dead_letters_total{topic=\"promotions\"} 1"));
  EXPECT_TRUE(Shows("lineward_gate_future_events_total{topic=\"promotions\"} 1"));
  source_.CountIntake(record, malformed, 9'000);
  EXPECT_TRUE(Shows("lineward_gate_dead_letters_total{topic=\"promotions\"} 2"));
  EXPECT_TRUE(Shows("lineward_gate_future_events_total{topic=\"promotions\"} 1"));
}

}  // namespace
}  // namespace lineward::gate

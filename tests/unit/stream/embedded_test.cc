#include "lineward/stream/embedded.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/stream/reasons.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_storage.h"

namespace lineward::stream {
namespace {

struct Seen {
  int64_t offset = 0;
  std::string key;
  std::string value;

  friend bool operator==(const Seen&, const Seen&) = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << seen.offset << ":" << seen.key << "=" << seen.value;
}

class EmbeddedTest : public testing::Test {
 protected:
  EmbeddedTest() { Reopen(); }

  void Reopen() {
    transport_.reset();
    options_.clock = &clock_;
    auto opened = OpenEmbedded(disk_.Open(), options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    transport_ = *std::move(opened);
  }

  void Create(const std::string& name, int32_t partitions = 1,
              absl::Duration retention = absl::InfiniteDuration()) {
    const TopicSpec spec{.name = name, .partitions = partitions, .retention = retention};
    ASSERT_TRUE((*transport_->OpenAdmin())->Create({{spec}}).ok());
  }

  void CreateCompacted(const std::string& name) {
    const TopicSpec spec{.name = name, .partitions = 1, .cleanup = Cleanup::kCompact};
    ASSERT_TRUE((*transport_->OpenAdmin())->Create({{spec}}).ok());
  }

  std::unique_ptr<TransactionalProducer> Seat(const std::string& id = "seat") {
    auto producer = *transport_->OpenTransactionalProducer({.transactional_id = id});
    EXPECT_TRUE(producer->Init().ok());
    return producer;
  }

  std::unique_ptr<GroupConsumer> Join(const std::string& seat, const std::string& topic) {
    return *transport_->OpenGroupConsumer(
        {.group_id = "group", .instance_id = seat, .topics = {topic}});
  }

  absl::Status Append(const std::string& topic, std::optional<std::string_view> key,
                      std::optional<std::string_view> value, int32_t partition = 0) {
    auto producer = *transport_->OpenProducer({});
    LW_RETURN_IF_ERROR(
        producer->Send({.topic = topic, .partition = partition, .key = key, .value = value}, 1));
    for (const Completion& completion : producer->Poll(absl::ZeroDuration())) {
      return completion.status;
    }
    return absl::OkStatus();
  }

  std::vector<Seen> Read(const std::string& topic, int32_t partition = 0) {
    auto reader = *transport_->OpenReader({});
    EXPECT_TRUE(reader->Assign({{Position{{topic, partition}, kLogStart}}}).ok());
    std::vector<Seen> seen;
    while (true) {
      const auto polled = reader->Poll(absl::ZeroDuration());
      EXPECT_TRUE(polled.ok());
      for (const RecordView& record : polled->records) {
        seen.push_back({record.offset, std::string(record.key.value_or("-")),
                        std::string(record.value.value_or("-"))});
      }
      for (const PartitionEvent& event : polled->events) {
        if (event.kind == PartitionEvent::Kind::kStopped) stopped_ = event.status;
      }
      if (!polled->events.empty() || polled->records.empty()) return seen;
    }
  }

  support::ManualClock clock_;
  support::MemoryDisk disk_;
  EmbeddedOptions options_;
  std::unique_ptr<EmbeddedTransport> transport_;
  absl::Status stopped_;
};

TEST_F(EmbeddedTest, ATransactionBurnsOneOffsetOfEachPartitionThatItTouches) {
  Create("t", 2);
  auto producer = Seat();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Send({.topic = "t", .partition = 1, .value = "v"}).ok());
    ASSERT_TRUE(producer->Commit().ok());
  }
  EXPECT_EQ(Read("t", 1), (std::vector<Seen>{{0, "-", "v"}, {2, "-", "v"}}));
  EXPECT_TRUE(Read("t", 0).empty());
}

TEST_F(EmbeddedTest, AcknowledgedRecordsSurviveAPowerLossAndOpenOnesLeaveNothing) {
  Create("t");
  auto producer = Seat();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send({.topic = "t", .value = "kept"}).ok());
  ASSERT_TRUE(producer->Commit().ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send({.topic = "t", .value = "lost"}).ok());
  disk_.LosePower();
  Reopen();
  EXPECT_EQ(Read("t"), (std::vector<Seen>{{0, "-", "kept"}}));
}

// The control of the test above: without the sync the acknowledged record is gone.
TEST_F(EmbeddedTest, WithoutSyncAPowerLossTakesAcknowledgedTransactionsWhole) {
  Create("t", 2);
  options_.sync_commits = false;
  Reopen();
  auto consumer = Join("a", "t");
  ASSERT_EQ(consumer->Poll(absl::ZeroDuration())->rebalance, Rebalance::kAssigned);
  auto producer = Seat();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Send({.topic = "t", .partition = 0, .value = "v"}).ok());
    ASSERT_TRUE(producer->Send({.topic = "t", .partition = 1, .value = "v"}).ok());
    const OffsetToCommit offset{.partition = {"t", 0}, .next = i + 1};
    ASSERT_TRUE(producer->SendOffsets(*consumer->Token(), {{offset}}).ok());
    ASSERT_TRUE(producer->Commit().ok());
  }
  ASSERT_EQ(disk_.UnsyncedBatches(), 4u);  // Init's epoch and three commits
  disk_.LosePower(/*batches_kept=*/3);
  Reopen();
  EXPECT_EQ(Read("t", 0).size(), 2u);
  EXPECT_EQ(Read("t", 1).size(), 2u);
  const auto committed = Join("b", "t")->Committed({{TopicPartition{"t", 0}}});
  EXPECT_EQ(committed->at(0).offset, 2);
}

TEST_F(EmbeddedTest, AFlippedOrCutRecordStopsItsPartitionAndNoOther) {
  Create("t", 2);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Append("t", "k", "value", 0).ok());
    ASSERT_TRUE(Append("t", "k", "value", 1).ok());
  }
  const auto keys = disk_.Keys("r/");
  ASSERT_EQ(keys.size(), 10u);
  disk_.FlipBit(keys[2], 12);
  EXPECT_EQ(Read("t", 0).size(), 2u);
  EXPECT_TRUE(absl::IsDataLoss(stopped_)) << stopped_;
  EXPECT_EQ(base::ReasonOf(stopped_), kLogDamaged);
  stopped_ = absl::OkStatus();
  EXPECT_EQ(Read("t", 1).size(), 5u);
  EXPECT_TRUE(stopped_.ok());
  disk_.Cut(keys[8], 9);
  EXPECT_EQ(Read("t", 1).size(), 3u);
  EXPECT_TRUE(absl::IsDataLoss(stopped_)) << stopped_;
}

TEST_F(EmbeddedTest, AScanThatFailsIsNeverTakenForTheEnd) {
  Create("t");
  ASSERT_TRUE(Append("t", "k", "v").ok());
  disk_.FailScans(base::DataLoss("STORE_DAMAGED", "block 3"));
  EXPECT_TRUE(Read("t").empty());
  EXPECT_TRUE(absl::IsDataLoss(stopped_)) << stopped_;
}

TEST_F(EmbeddedTest, DamagedBoundsOfAPartitionAreRefusedAtOpen) {
  Create("t");
  const auto keys = disk_.Keys("n/");
  ASSERT_EQ(keys.size(), 1u);
  disk_.Cut(keys[0], 7);
  const auto opened = OpenEmbedded(disk_.Open(), options_);
  EXPECT_TRUE(absl::IsDataLoss(opened.status())) << opened.status();
}

TEST_F(EmbeddedTest, AfterAFailedWriteTheEndIsUnknownAndTheLogIsDoneFor) {
  Create("t");
  auto producer = Seat();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send({.topic = "t", .value = "v"}).ok());
  disk_.FailWrites(base::ResourceExhausted("STORE_FULL", "no space left"));
  EXPECT_TRUE(absl::IsUnknown(producer->Commit()));
  EXPECT_TRUE(producer->NeedsRecycle());
  EXPECT_EQ(base::ReasonOf(transport_->StorageStatus()), "STORE_FULL");
  disk_.FailWrites(absl::OkStatus());
  EXPECT_TRUE(absl::IsUnavailable(producer->Recycle()));
  Reopen();
  EXPECT_TRUE(Read("t").empty());
  EXPECT_TRUE(transport_->StorageStatus().ok());
  EXPECT_TRUE(Append("t", "k", "v").ok());
}

TEST_F(EmbeddedTest, AFullLogDropsTheOldestPromotionsThenSaysUnavailable) {
  options_.bytes_max = 10000;
  Reopen();
  Create("promotions");
  Create("lineward.decisions");
  const std::string value(1000, 'x');
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Append("promotions", "k", value).ok()) << i;
  const auto kept = Read("promotions");
  EXPECT_LT(kept.size(), 10u);
  EXPECT_EQ(kept.back().offset, 19);
  absl::Status status;
  int taken = 0;
  while (status.ok() && taken < 20) {
    status = Append("lineward.decisions", "k", value);
    if (status.ok()) ++taken;
  }
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(base::ReasonOf(status), kLogFull);
  EXPECT_TRUE(Read("promotions").empty());
  EXPECT_EQ(Read("lineward.decisions").size(), static_cast<size_t>(taken));
  EXPECT_GE(taken, 8);
}

TEST_F(EmbeddedTest, MaintainDropsRecordsPastTheirRetentionAndAReaderThereIsStopped) {
  Create("t", 1, absl::Hours(1));
  ASSERT_TRUE(Append("t", "k", "old").ok());
  clock_.Advance(absl::Minutes(50));
  ASSERT_TRUE(Append("t", "k", "new").ok());
  clock_.Advance(absl::Minutes(20));
  auto reader = *transport_->OpenReader({});
  ASSERT_TRUE(reader->Assign({{Position{{"t", 0}, 0}}}).ok());
  ASSERT_TRUE(transport_->Maintain().ok());
  const auto polled = reader->Poll(absl::ZeroDuration());
  ASSERT_EQ(polled->events.size(), 1u);
  EXPECT_TRUE(absl::IsDataLoss(polled->events[0].status));
  EXPECT_EQ(Read("t"), (std::vector<Seen>{{1, "k", "new"}}));
}

TEST_F(EmbeddedTest, CompactionKeepsTheNewestAndForgetsTombstonesAfterADay) {
  CreateCompacted("c");
  ASSERT_TRUE(Append("c", "a", "1").ok());
  ASSERT_TRUE(Append("c", "b", "1").ok());
  ASSERT_TRUE(Append("c", "a", "2").ok());
  ASSERT_TRUE(Append("c", "b", std::nullopt).ok());
  EXPECT_EQ(Read("c"), (std::vector<Seen>{{2, "a", "2"}, {3, "b", "-"}}));
  clock_.Advance(absl::Hours(23));
  ASSERT_TRUE(transport_->Maintain().ok());
  EXPECT_EQ(Read("c").size(), 2u);
  clock_.Advance(absl::Hours(2));
  ASSERT_TRUE(transport_->Maintain().ok());
  Reopen();
  EXPECT_EQ(Read("c"), (std::vector<Seen>{{2, "a", "2"}}));
}

TEST_F(EmbeddedTest, ATombstoneThatWasOverwrittenKeepsItsSuccessor) {
  CreateCompacted("c");
  ASSERT_TRUE(Append("c", "a", std::nullopt).ok());
  ASSERT_TRUE(Append("c", "a", "2").ok());
  clock_.Advance(absl::Hours(25));
  ASSERT_TRUE(transport_->Maintain().ok());
  EXPECT_EQ(Read("c"), (std::vector<Seen>{{1, "a", "2"}}));
}

TEST_F(EmbeddedTest, ARecordOverTheLimitIsRefusedAndTheTransactionStands) {
  Create("t");
  auto producer = Seat();
  ASSERT_TRUE(producer->Begin().ok());
  const std::string value(kRecordBytesMax + 1, 'x');
  EXPECT_EQ(base::ReasonOf(producer->Send({.topic = "t", .value = value})), kRecordTooLarge);
  ASSERT_TRUE(producer->Send({.topic = "t", .value = "v"}).ok());
  ASSERT_TRUE(producer->Commit().ok());
  EXPECT_EQ(Read("t").size(), 1u);
}

TEST_F(EmbeddedTest, UnknownTopicsAndPartitionsAreNamed) {
  Create("t");
  auto producer = Seat();
  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_EQ(base::MessageOf(producer->Send({.topic = "u", .value = "v"})),
            "topic `u` does not exist");
  EXPECT_EQ(base::MessageOf(producer->Send({.topic = "t", .partition = 7, .value = "v"})),
            "t-7 does not exist: the topic has 1 partitions");
}

TEST_F(EmbeddedTest, VerifyNamesTopicKeyFoundAndWanted) {
  Create("t", 4);
  TopicSpec spec{.name = "t", .partitions = 8, .timestamp = TimestampType::kAppend};
  const TopicSpec absent{.name = "u"};
  const auto found = (*transport_->OpenAdmin())->Verify({{spec, absent}}, true);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(
      Describe(*found),
      "topic `t`: partitions: found 4, wanted 8; topic `t`: message.timestamp.type: found "
      "CreateTime, wanted LogAppendTime; topic `u`: existence: found no topic, wanted a topic");
}

TEST_F(EmbeddedTest, TheNameOfTheLogSurvivesAndDiffersFromOthers) {
  const std::string id = *transport_->LogId();
  Reopen();
  EXPECT_EQ(*transport_->LogId(), id);
  support::MemoryDisk other;
  EXPECT_NE(*(*OpenEmbedded(other.Open(), options_))->LogId(), id);
}

TEST_F(EmbeddedTest, OwnTopicsFitTheirTableOnceCreated) {
  auto admin = *transport_->OpenAdmin();
  const auto specs = OwnTopics();
  EXPECT_EQ(admin->Verify(specs, true)->size(), specs.size());
  ASSERT_TRUE(admin->Create(specs).ok());
  EXPECT_EQ(Describe(*admin->Verify(specs, true)), "");
  Reopen();
  EXPECT_EQ(Describe(*(*transport_->OpenAdmin())->Verify(specs, true)), "");
}

TEST_F(EmbeddedTest, ReadersGetLargeTopicsInPiecesWithoutLoss) {
  Create("t");
  auto producer = Seat();
  for (int i = 0; i < 5000; ++i) {
    if (i % 100 == 0) {
      ASSERT_TRUE(producer->Begin().ok());
    }
    ASSERT_TRUE(producer->Send({.topic = "t", .value = std::to_string(i)}).ok());
    if (i % 100 == 99) {
      ASSERT_TRUE(producer->Commit().ok());
    }
  }
  const auto seen = Read("t");
  ASSERT_EQ(seen.size(), 5000u);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(seen[i].value, std::to_string(i));
}

}  // namespace
}  // namespace lineward::stream

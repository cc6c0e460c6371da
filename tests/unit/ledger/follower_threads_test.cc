#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/ledger/follower.h"
#include "lineward/stream/embedded.h"
#include "lineward/stream/topics.h"
#include "tests/support/memory_storage.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/ledger/world.h"

namespace lineward::ledger {
namespace {

class FollowerTest : public testing::Test {
 protected:
  FollowerTest() : log_(std::move(*stream::OpenEmbedded(disk_.Open(), {}))) {
    const auto topics = stream::OwnTopics();
    EXPECT_TRUE((*log_->OpenAdmin())->Create(topics).ok());
    ledger_ = std::move(*Ledger::Open(SmallLedger(folder_ / "ledger"), {}));
  }
  void Send(std::string_view topic, int32_t partition, std::string_view key,
            std::string_view value) {
    if (producer_ == nullptr) producer_ = std::move(*log_->OpenProducer({}));
    stream::OutRecord record;
    record.topic = topic;
    record.partition = partition;
    record.key = key;
    record.value = value;
    const auto sent = stream::SendAndWait(*producer_, record, absl::Seconds(10));
    ASSERT_TRUE(sent.ok()) << sent.status();
  }
  void SendAll(const World& world) {
    for (const auto& [partition, record] : world.keys) {
      Send(stream::kKeysTopic, partition, record.key, record.value);
    }
    for (const Message& message : world.messages) {
      Send(stream::kDecisionsTopic, message.partition, "k", message.value);
    }
  }
  // Waits until the ledger holds `rows` rows and is ready; each watch waits for the next tail.
  bool WaitFor(const Follower& follower, uint64_t rows) {
    WatchCursor nothing_new;
    for (const auto& partition : ledger_->Partitions()) {
      nothing_new.seen.push_back({partition.partition, UINT64_MAX});
    }
    for (int i = 0; i < 500; ++i) {
      if (ledger_->Stats().rows >= rows && follower.NotReadyCause().empty()) return true;
      const auto batch = ledger_->Watch(nothing_new, "", 1, absl::Milliseconds(100));
      EXPECT_TRUE(batch.ok()) << batch.status();
    }
    return false;
  }

  support::MemoryDisk disk_;
  support::TempDir folder_;
  std::unique_ptr<stream::EmbeddedTransport> log_;
  std::unique_ptr<stream::Producer> producer_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(FollowerTest, FoldsWhatTheLogHoldsAndWhatComes) {
  World world(1);
  for (int i = 0; i < 10; ++i) world.AddBlock(10);
  SendAll(world);
  auto follower = Follower::Start(log_.get(), ledger_.get(), {}, {});
  ASSERT_TRUE(follower.ok());
  ASSERT_TRUE(WaitFor(**follower, 100)) << (*follower)->NotReadyCause();
  const Message& late = world.AddBlock(7);
  Send(stream::kDecisionsTopic, late.partition, "k", late.value);
  ASSERT_TRUE(WaitFor(**follower, 107)) << (*follower)->NotReadyCause();
  EXPECT_TRUE(ledger_->List({})->meta.is_complete);
  ListRequest request;
  request.filter = "subject = " + world.rows[0].subject;
  request.may_read_subject = true;
  if (!world.rows[0].subject.empty()) {
    EXPECT_FALSE(ledger_->List(request)->decisions.empty());
  }
  EXPECT_TRUE((*follower)->FatalStatus().ok());
}

TEST_F(FollowerTest, GoesOnBesideAHaltedPartition) {
  World world(1);
  world.AddBlockOf({"k1", "promotions", 0}, 10);
  Send(stream::kDecisionsTopic, 1, "k", "garbage");
  SendAll(world);
  auto follower = Follower::Start(log_.get(), ledger_.get(), {}, {});
  ASSERT_TRUE(follower.ok());
  ASSERT_TRUE(WaitFor(**follower, 10)) << (*follower)->NotReadyCause();
  const auto page = ledger_->List({});
  ASSERT_EQ(page->meta.missing.size(), 1u);
  EXPECT_EQ(page->meta.missing[0].partition, 1);
  EXPECT_TRUE((*follower)->FatalStatus().ok());
}

}  // namespace
}  // namespace lineward::ledger

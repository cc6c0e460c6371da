#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <set>

#include "lineward/base/status.h"
#include "lineward/stream/embedded.h"
#include "tests/support/child_test.h"
#include "tests/support/temp_dir.h"

namespace lineward::stream {
namespace {

std::unique_ptr<EmbeddedTransport> Open(const std::string& folder) {
  auto storage = OpenDiskStorage(folder);
  EXPECT_TRUE(storage.ok()) << storage.status();
  auto opened = OpenEmbedded(*std::move(storage), {});
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}

TEST(DiskStorage, ASecondTransportOnTheFolderIsRefused) {
  const support::TempDir folder;
  const auto first = Open(folder / "log");
  const auto second = OpenDiskStorage(folder / "log");
  EXPECT_EQ(base::ReasonOf(second.status()), "STORE_LOCKED");
}

struct Rows {
  std::vector<std::string> first;
  std::vector<std::string> second;
  int64_t committed = 0;
};

Rows ReadRows(EmbeddedTransport& transport) {
  Rows rows;
  auto reader = *transport.OpenReader({});
  const std::vector<Position> all = {{{"t", 0}, kLogStart}, {{"t", 1}, kLogStart}};
  EXPECT_TRUE(reader->Assign(all).ok());
  std::set<int32_t> ended;
  while (ended.size() < 2) {
    const auto polled = reader->Poll(absl::ZeroDuration());
    for (const RecordView& record : polled->records) {
      (record.partition == 0 ? rows.first : rows.second).emplace_back(*record.value);
    }
    for (const PartitionEvent& event : polled->events) ended.insert(event.partition.partition);
  }
  auto consumer =
      *transport.OpenGroupConsumer({.group_id = "g", .instance_id = "a", .topics = {"t"}});
  rows.committed = consumer->Committed({{TopicPartition{"t", 0}}})->at(0).offset.value_or(0);
  return rows;
}

// Commits transactions of two records and an offset until the process is killed.
TEST(DiskStorageChild, DISABLED_CommitsUntilItIsKilled) {
  const auto transport = Open(std::getenv("LINEWARD_TEST_FOLDER"));
  const TopicSpec spec{.name = "t", .partitions = 2};
  ASSERT_TRUE((*transport->OpenAdmin())->Create({{spec}}).ok());
  auto consumer =
      *transport->OpenGroupConsumer({.group_id = "g", .instance_id = "a", .topics = {"t"}});
  ASSERT_EQ(consumer->Poll(absl::ZeroDuration())->rebalance, Rebalance::kAssigned);
  int64_t next = consumer->Committed({{TopicPartition{"t", 0}}})->at(0).offset.value_or(0);
  auto producer = *transport->OpenTransactionalProducer({.transactional_id = "a"});
  ASSERT_TRUE(producer->Init().ok());
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(next++);
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Send({.topic = "t", .partition = 0, .value = value}).ok());
    ASSERT_TRUE(producer->Send({.topic = "t", .partition = 1, .value = value}).ok());
    const OffsetToCommit offset{.partition = {"t", 0}, .next = next};
    ASSERT_TRUE(producer->SendOffsets(*consumer->Token(), {{offset}}).ok());
    ASSERT_TRUE(producer->Commit().ok());
  }
}

std::string CheckRows(const Rows& rows) {
  if (rows.first != rows.second) return "the partitions differ";
  if (static_cast<int64_t>(rows.first.size()) != rows.committed) {
    return fmt::format("{} records, offset {}", rows.first.size(), rows.committed);
  }
  for (size_t i = 0; i < rows.first.size(); ++i) {
    if (rows.first[i] != std::to_string(i)) return fmt::format("record {} is {}", i, rows.first[i]);
  }
  return "";
}

TEST(DiskStorage, AKillAtEveryPointLeavesWholeTransactionsWithTheirOffsets) {
  const support::TempDir folder;
  const std::string log = folder / "log";
  int64_t last = 0;
  for (const std::string point : {"txn.after_begin", "txn.after_first_send", "txn.after_offsets",
                                  "txn.before_commit", "txn.after_commit"}) {
    const auto ended = support::RunChildTest(
        "DiskStorageChild.DISABLED_CommitsUntilItIsKilled",
        {{"LINEWARD_TEST_FOLDER", log}, {"LINEWARD_FAULT", point + ":5:kill"}});
    ASSERT_EQ(ended.signal, SIGKILL) << point;
    const auto transport = Open(log);
    const Rows rows = ReadRows(*transport);
    EXPECT_EQ(CheckRows(rows), "") << point;
    EXPECT_EQ(rows.committed, last + (point == "txn.after_commit" ? 5 : 4)) << point;
    last = rows.committed;
  }
}

// The control: a log that writes offsets in a second batch is caught by the same check.
TEST(DiskStorage, WithTwoBatchesTheSameCheckIsRed) {
  const support::TempDir folder;
  const std::string log = folder / "log";
  const auto ended = support::RunChildTest("DiskStorageChild.DISABLED_CommitsUntilItIsKilled",
                                           {{"LINEWARD_TEST_FOLDER", log},
                                            {"LINEWARD_SABOTAGE", "two_batches"},
                                            {"LINEWARD_FAULT", "txn.between_batches:5:kill"}});
  ASSERT_EQ(ended.signal, SIGKILL);
  EXPECT_NE(CheckRows(ReadRows(*Open(log))), "");
}

}  // namespace
}  // namespace lineward::stream

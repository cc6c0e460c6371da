#include "ledger/src/fold.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/decision/reasons.h"
#include "lineward/ledger/reasons.h"
#include "tests/unit/ledger/world.h"

namespace lineward::ledger {
namespace {

const decision::SourceName kSource{"k1", "promotions", 0};

FoldState NewFold() {
  auto fold = FoldState::From({"lineward.example/test", "k1", {0, 1}, 7}, nullptr);
  EXPECT_TRUE(fold.ok());
  EXPECT_TRUE(fold->Begin(0, 0).ok());
  EXPECT_TRUE(fold->Begin(1, 0).ok());
  return std::move(*fold);
}

std::string Take(FoldState& fold, const Message& message) {
  return base::ReasonOf(fold.Take(message.partition, message.offset, message.value).status());
}

TEST(FoldState, KeepsTheBlockAndGrowsTheLog) {
  World world(1);
  FoldState fold = NewFold();
  const Message message = world.AddBlockOf(kSource, 5);
  const auto block = fold.Take(0, 0, message.value);
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_EQ((*block)->record.rows, 5u);
  EXPECT_EQ((*block)->record.entry, 1u);
  EXPECT_EQ((*block)->header_text, decision::PrintHeader(message.header));
  EXPECT_EQ(fold.Partitions()[0].log_size, 2u);
  EXPECT_EQ(fold.Partitions()[1].log_size, 1u);
  EXPECT_EQ(fold.Sources().at(0).next, 5u);
}

TEST(FoldState, PassesOverWhatItHasFolded) {
  World world(1);
  FoldState fold = NewFold();
  const Message message = world.AddBlockOf(kSource, 5);
  ASSERT_TRUE(fold.Take(0, 0, message.value).ok());
  EXPECT_EQ(*fold.Take(0, 0, message.value), nullptr);
}

TEST(FoldState, HaltsAtAGapAndStaysThere) {
  World world(1);
  FoldState fold = NewFold();
  const Message first = world.AddBlockOf(kSource, 5);
  world.AddBlockOf(kSource, 5);
  const Message third = world.AddBlockOf(kSource, 5);
  EXPECT_EQ(Take(fold, first), "");
  const auto halted = fold.Take(0, 1, third.value).status();
  EXPECT_TRUE(absl::IsDataLoss(halted));
  EXPECT_EQ(base::MessageOf(halted),
            "lineward.decisions-0 offset 1: source `promotions-0`: block begins at 10, the last "
            "one ended at 5");
  EXPECT_EQ(base::ReasonOf(halted), kAuditOffsetGap);
  EXPECT_EQ(Take(fold, first), kAuditOffsetGap);
  EXPECT_EQ(fold.Partitions()[0].log_size, 2u);
}

TEST(FoldState, HaltsAtAnOverlap) {
  World world(1);
  FoldState fold = NewFold();
  const Message first = world.AddBlockOf(kSource, 5);
  EXPECT_EQ(Take(fold, first), "");
  EXPECT_EQ(base::ReasonOf(fold.Take(0, 1, first.value).status()), kAuditOffsetOverlap);
}

TEST(FoldState, OtherPartitionsGoOn) {
  World world(1);
  FoldState fold = NewFold();
  EXPECT_EQ(base::ReasonOf(fold.Take(0, 0, "garbage").status()), decision::kBlockUndecodable);
  EXPECT_EQ(Take(fold, world.AddBlockOf({"k1", "promotions", 1}, 3)), "");
}

TEST(FoldState, HaltsAtEachFlippedByteOfItsRows) {
  World world(1);
  const Message message = world.AddBlockOf(kSource, 20);
  // Behind the header: that is a log entry of its own, which the root in it does not cover.
  const size_t sections = 6 + decision::PrintHeader(message.header).size();
  for (size_t at = sections; at < message.value.size(); at += 7) {
    FoldState fold = NewFold();
    std::string damaged = message.value;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x04);
    const auto taken = fold.Take(0, 0, damaged);
    EXPECT_TRUE(absl::IsDataLoss(taken.status())) << "byte " << at;
    EXPECT_FALSE(base::ReasonOf(taken.status()).empty()) << "byte " << at;
  }
}

TEST(FoldState, GoesOnFromItsRecord) {
  World world(1);
  FoldState fold = NewFold();
  const Message first = world.AddBlockOf(kSource, 5);
  const Message second = world.AddBlockOf(kSource, 6);
  EXPECT_EQ(Take(fold, first), "");
  const SegmentRecord record = fold.StateRecord();
  auto again = FoldState::From({"lineward.example/test", "k1", {0, 1}, 7}, &record);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(Take(fold, second), "");
  EXPECT_EQ(Take(*again, second), "");
  EXPECT_EQ(again->Partitions()[0].root, fold.Partitions()[0].root);
  EXPECT_EQ(again->Partitions()[0].next_offset, 2);
}

TEST(FoldState, RefusesARecordOfOtherPartitions) {
  FoldState fold = NewFold();
  const SegmentRecord record = fold.StateRecord();
  EXPECT_EQ(
      base::ReasonOf(FoldState::From({"lineward.example/test", "k1", {0}, 7}, &record).status()),
      kLedgerMismatch);
}

}  // namespace
}  // namespace lineward::ledger

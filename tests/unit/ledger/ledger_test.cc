#include "lineward/ledger/ledger.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lineward/base/status.h"
#include "lineward/crypto/merkle.h"
#include "lineward/ledger/reasons.h"
#include "lineward/store/reasons.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/ledger/world.h"

namespace lineward::ledger {
namespace {

class LedgerTest : public testing::Test {
 protected:
  std::unique_ptr<Ledger> Open(const std::string& name, uint32_t segment_rows = 100) {
    LedgerOptions options = SmallLedger(folder_ / name);
    options.segment_rows = segment_rows;
    LedgerDeps deps;
    deps.clock = &clock_;
    auto ledger = Ledger::Open(options, deps);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    return ledger.ok() ? std::move(*ledger) : nullptr;
  }
  static void Fill(World& world, int blocks) {
    for (int i = 0; i < blocks; ++i) world.AddBlock(world.Pick(40), world.Pick(3));
  }

  support::TempDir folder_;
  support::ManualClock clock_;
};

TEST_F(LedgerTest, WipedAndFoldedAgainItIsTheSame) {
  World world(1);
  Fill(world, 60);
  auto first = Open("a", 100);
  ASSERT_TRUE(FoldAll(*first, world).ok());
  auto second = Open("b", 333);
  ASSERT_TRUE(FoldAll(*second, world).ok());
  ASSERT_TRUE(second->SealAll().ok());
  const auto one = first->ReadContent();
  const auto two = second->ReadContent();
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(one->digest, two->digest);
  EXPECT_EQ(one->rows, world.rows.size());
  EXPECT_EQ(one->blocks, world.messages.size());
}

TEST_F(LedgerTest, OneBlockLessIsAnotherContent) {
  World world(1);
  Fill(world, 30);
  auto first = Open("a");
  ASSERT_TRUE(FoldAll(*first, world).ok());
  auto second = Open("b");
  ASSERT_TRUE(FoldAll(*second, world, 0, world.messages.size() - 1).ok());
  EXPECT_NE(first->ReadContent()->digest, second->ReadContent()->digest);
}

TEST_F(LedgerTest, ReopensAtItsLastSegmentAndGoesOn) {
  World world(1);
  Fill(world, 60);
  {
    auto ledger = Open("a");
    ASSERT_TRUE(FoldAll(*ledger, world, 0, 40).ok());
    ASSERT_TRUE(ledger->SealAll().ok());
    ASSERT_TRUE(FoldAll(*ledger, world, 40, 45).ok());
  }
  auto ledger = Open("a");
  const uint64_t stored = ledger->Stats().blocks;
  EXPECT_GE(stored, 40u);
  EXPECT_LE(stored, 45u);
  ASSERT_TRUE(FoldAll(*ledger, world).ok());
  auto other = Open("b");
  ASSERT_TRUE(FoldAll(*other, world).ok());
  EXPECT_EQ(ledger->ReadContent()->digest, other->ReadContent()->digest);
}

TEST_F(LedgerTest, RootOfAnEarlierSizeIsReadBack) {
  World world(1);
  Fill(world, 50);
  auto ledger = Open("a");
  ASSERT_TRUE(FoldAll(*ledger, world, 0, 25).ok());
  const PartitionState then = ledger->Partitions()[0];
  const auto root = ledger->LogRoot(0, then.log_entries);
  ASSERT_TRUE(root.ok());
  ASSERT_TRUE(FoldAll(*ledger, world, 25).ok());
  ASSERT_TRUE(ledger->SealAll().ok());
  EXPECT_GT(ledger->Partitions()[0].log_entries, then.log_entries);
  const auto again = ledger->LogRoot(0, then.log_entries);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *root);
  EXPECT_EQ(*ledger->LogRoot(0, 0), crypto::EmptyRoot());
  EXPECT_FALSE(ledger->LogRoot(0, 1'000'000).ok());
}

TEST_F(LedgerTest, SealsByAge) {
  World world(1);
  world.AddBlock(5);
  auto ledger = Open("a", 100'000);
  ASSERT_TRUE(FoldAll(*ledger, world).ok());
  EXPECT_EQ(ledger->Stats().hot_rows, 5u);
  clock_.Advance(absl::Seconds(599));
  ASSERT_TRUE(ledger->Publish().ok());
  EXPECT_EQ(ledger->Stats().segments + ledger->Stats().sealing_segments, 0u);
  clock_.Advance(absl::Seconds(2));
  ASSERT_TRUE(ledger->Publish().ok());
  ASSERT_TRUE(ledger->SealAll().ok());
  EXPECT_EQ(ledger->Stats().segments, 1u);
  EXPECT_EQ(ledger->Stats().hot_rows, 0u);
  EXPECT_EQ(ledger->Stats().rows, 5u);
}

TEST_F(LedgerTest, AnswersSayWhatTheyMiss) {
  World world(1);
  const Message message = world.AddBlockOf({"k1", "promotions", 0}, 5);
  auto ledger = Open("a");
  ASSERT_TRUE(ledger->Begin(0, 0).ok());
  ASSERT_TRUE(ledger->Begin(1, 0).ok());
  ASSERT_TRUE(ledger->Fold(0, 0, message.value).ok());
  ASSERT_TRUE(ledger->Publish().ok());
  auto page = ledger->List({});
  ASSERT_TRUE(page.ok());
  EXPECT_FALSE(page->meta.is_complete);
  EXPECT_EQ(page->meta.missing.size(), 2u);
  EXPECT_NE(ledger->NotReadyCause(), "");
  ledger->NoteEnd(0);
  ledger->NoteEnd(1);
  ASSERT_TRUE(ledger->Publish().ok());
  page = ledger->List({});
  EXPECT_TRUE(page->meta.is_complete);
  EXPECT_EQ(page->meta.as_of, clock_.Now());
  EXPECT_EQ(ledger->NotReadyCause(), "");
  clock_.Advance(absl::Hours(2));
  page = ledger->List({});
  ASSERT_EQ(page->meta.missing.size(), 2u);
  EXPECT_EQ(page->meta.missing[0].reason, "lagging");
  EXPECT_EQ(page->meta.ledger_lag_ms, 7'200'000);
}

TEST_F(LedgerTest, HaltedPartitionIsNamedInAnswers) {
  World world(1);
  Fill(world, 5);
  auto ledger = Open("a");
  ASSERT_TRUE(FoldAll(*ledger, world).ok());
  EXPECT_TRUE(absl::IsDataLoss(ledger->Fold(1, 1'000, "garbage")));
  ASSERT_TRUE(ledger->Publish().ok());
  const auto page = ledger->List({});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->meta.missing.size(), 1u);
  EXPECT_EQ(page->meta.missing[0].partition, 1);
  EXPECT_EQ(page->meta.missing[0].reason, "halted: BLOCK_UNDECODABLE");
  EXPECT_TRUE(ledger->Health().ok());
}

TEST_F(LedgerTest, RefusesTheFolderOfAnotherLogOrFleet) {
  World world(1);
  Fill(world, 3);
  {
    auto ledger = Open("a");
    ASSERT_TRUE(FoldAll(*ledger, world).ok());
    ASSERT_TRUE(ledger->SealAll().ok());
  }
  LedgerOptions options = SmallLedger(folder_ / "a");
  options.log_id = "k2";
  EXPECT_EQ(base::ReasonOf(Ledger::Open(options, {}).status()), kLedgerMismatch);
  options.log_id = "k1";
  options.fleet = "lineward.example/other";
  EXPECT_EQ(base::ReasonOf(Ledger::Open(options, {}).status()), kLedgerMismatch);
  options = SmallLedger(folder_ / "a");
  EXPECT_TRUE(Ledger::Open(options, {}).ok());
}

TEST_F(LedgerTest, SecondOnTheSameFolderIsRefused) {
  auto ledger = Open("a");
  EXPECT_EQ(base::ReasonOf(Ledger::Open(SmallLedger(folder_ / "a"), {}).status()),
            store::kStoreLocked);
}

TEST_F(LedgerTest, FlippedBitInAStoredSegmentIsNeverAShortAnswer) {
  World world(1);
  Fill(world, 40);
  {
    auto ledger = Open("a", 1'000'000);
    ASSERT_TRUE(FoldAll(*ledger, world).ok());
    ASSERT_TRUE(ledger->SealAll().ok());
  }
  int found = 0;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "a/segments")) {
    if (entry.path().extension() != ".sst") continue;
    ++files;
    const auto at = static_cast<std::streamoff>(std::filesystem::file_size(entry.path()) / 3);
    const auto flip = [&] {
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(at);
      const char byte = static_cast<char>(file.get() ^ 0x10);
      file.seekp(at);
      file.put(byte);
    };
    flip();
    LedgerOptions options = SmallLedger(folder_ / "a");
    const auto ledger = Ledger::Open(options, {});
    const auto content = ledger.ok() ? (*ledger)->ReadContent() : ledger.status();
    const auto count = ledger.ok() ? (*ledger)->Count(ByOutcome()) : ledger.status();
    const auto roots = ledger.ok() ? (*ledger)->LogRoot(0, 5).status() : ledger.status();
    if (!content.ok() || !count.ok() || !roots.ok()) ++found;
    if (content.ok()) {
      EXPECT_EQ(content->rows, world.rows.size()) << entry.path();
    }
    if (count.ok()) {
      EXPECT_EQ(count->rows, world.rows.size()) << entry.path();
    }
    flip();
  }
  EXPECT_EQ(files, 5);
  EXPECT_EQ(found, files);
}

TEST_F(LedgerTest, FreeSpaceBelowTheLimitIsSaid) {
  auto ledger = Open("a");
  EXPECT_TRUE(ledger->CheckFreeSpace().ok());
  ledger.reset();
  LedgerOptions options = SmallLedger(folder_ / "a");
  options.min_free_bytes = uint64_t{1} << 62;
  const auto full = Ledger::Open(options, {});
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(base::ReasonOf((*full)->CheckFreeSpace()), store::kStoreFull);
}

}  // namespace
}  // namespace lineward::ledger

// Killed in the middle of ingest, a ledger reopens as the fold of a prefix, and goes on from there.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "lineward/ledger/ledger.h"
#include "tests/support/child_test.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/ledger/world.h"

namespace lineward::ledger {
namespace {

constexpr int kBlocks = 40;

World TheWorld() {
  World world(7);
  for (int i = 0; i < kBlocks; ++i) world.AddBlock(10 + world.Pick(20));
  return world;
}

absl::StatusOr<std::unique_ptr<Ledger>> OpenAt(const std::string& path) {
  LedgerOptions options = SmallLedger(path);
  options.segment_rows = 100;
  return Ledger::Open(options, {});
}

TEST(LedgerChild, DISABLED_FoldsTheWorld) {
  const char* path = std::getenv("LINEWARD_TEST_PATH");
  ASSERT_NE(path, nullptr);
  const World world = TheWorld();
  auto ledger = OpenAt(path);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  ASSERT_TRUE(FoldAll(**ledger, world).ok());
  ASSERT_TRUE((*ledger)->SealAll().ok());
}

TEST(LedgerChild, DISABLED_ReportsThatTheStoreFailed) {
  const World world = TheWorld();
  auto ledger = OpenAt(std::getenv("LINEWARD_TEST_PATH"));
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_TRUE((*ledger)->Health().ok());
  const absl::Status folded = FoldAll(**ledger, world);
  EXPECT_FALSE(folded.ok() && (*ledger)->SealAll().ok());
  EXPECT_FALSE((*ledger)->Health().ok());
  EXPECT_FALSE((*ledger)->Publish().ok());
}

class LedgerFaultTest : public testing::Test {
 protected:
  void SetUp() override {
#ifndef LINEWARD_FAULT_POINTS
    GTEST_SKIP() << "built without fault points";
#endif
  }
  support::ChildResult Run(const std::string& test, const std::string& fault) {
    return support::RunChildTest("LedgerChild.DISABLED_" + test,
                                 {{"LINEWARD_TEST_PATH", Path()}, {"LINEWARD_FAULT", fault}});
  }
  std::string Path() const { return *folder_ / "ledger"; }
  // Begins in an empty folder.
  void Wipe() { folder_ = std::make_unique<support::TempDir>(); }

  std::unique_ptr<support::TempDir> folder_ = std::make_unique<support::TempDir>();
};

TEST_F(LedgerFaultTest, KilledAnywhereItReopensToAPrefixAndGoesOn) {
  const World world = TheWorld();
  support::TempDir whole_folder;
  auto whole = OpenAt(whole_folder / "ledger");
  ASSERT_TRUE(whole.ok());
  ASSERT_TRUE(FoldAll(**whole, world).ok());
  const auto wanted = (*whole)->ReadContent();
  ASSERT_TRUE(wanted.ok());

  for (const char* fault :
       {"store.family.after:2:kill", "store.ingest.before:1:kill", "ledger.fold.parsed:17:kill",
        "store.finish.after:9:kill", "store.ingest.after:2:kill", "store.ingest.before:3:kill",
        "ledger.seal.after:3:kill"}) {
    Wipe();
    EXPECT_EQ(Run("FoldsTheWorld", fault).signal, SIGKILL) << fault;
    auto ledger = OpenAt(Path());
    ASSERT_TRUE(ledger.ok()) << fault << ": " << ledger.status();
    // An undisturbed ledger, folded up to the same offsets.
    support::TempDir prefix_folder;
    auto prefix = OpenAt(prefix_folder / "ledger");
    ASSERT_TRUE(prefix.ok());
    std::map<int32_t, int64_t> next;
    for (const ResumePoint& point : (*ledger)->Resume()) {
      next[point.partition] = point.next_offset.value_or(0);
      if (point.next_offset) {
        ASSERT_TRUE((*prefix)->Begin(point.partition, 0).ok());
      }
    }
    for (const Message& message : world.messages) {
      if (message.offset >= next[message.partition]) continue;
      ASSERT_TRUE((*prefix)->Fold(message.partition, message.offset, message.value).ok());
    }
    ASSERT_TRUE((*prefix)->Publish().ok());
    const auto found = (*ledger)->ReadContent();
    ASSERT_TRUE(found.ok()) << fault << ": " << found.status();
    EXPECT_EQ(found->digest, (*prefix)->ReadContent()->digest) << fault;
    ledger->reset();
    EXPECT_EQ(Run("FoldsTheWorld", "").exit_code, 0) << fault;
    ledger = OpenAt(Path());
    ASSERT_TRUE(ledger.ok()) << fault << ": " << ledger.status();
    EXPECT_EQ((*ledger)->ReadContent()->digest, wanted->digest) << fault;
    EXPECT_EQ((*ledger)->Count(ByOutcome())->rows, world.rows.size()) << fault;
  }
}

TEST_F(LedgerFaultTest, FailedStoreIsReportedAndEndsTheFold) {
  EXPECT_EQ(Run("ReportsThatTheStoreFailed", "store.ingest.before:1:fail=UNAVAILABLE").exit_code,
            0);
  Wipe();
  EXPECT_NE(Run("ReportsThatTheStoreFailed", "").exit_code, 0);
}

}  // namespace
}  // namespace lineward::ledger

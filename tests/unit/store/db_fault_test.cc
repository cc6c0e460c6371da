#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "lineward/base/status.h"
#include "lineward/store/db.h"
#include "lineward/store/segment_writer.h"
#include "tests/support/child_test.h"
#include "tests/support/temp_dir.h"

namespace lineward::store {
namespace {

#ifndef LINEWARD_FAULT_POINTS
#define LINEWARD_SKIP_WITHOUT_FAULTS() GTEST_SKIP() << "built without fault points"
#else
#define LINEWARD_SKIP_WITHOUT_FAULTS() static_cast<void>(0)
#endif

DbOptions ChildOptions(DbOptions::Mode mode) {
  DbOptions options;
  const char* path = std::getenv("LINEWARD_TEST_PATH");
  options.path = path == nullptr ? "" : path;
  options.mode = mode;
  return options;
}

// Two families, one segment of both.
TEST(StoreChild, DISABLED_IngestsOneSegment) {
  auto db = std::move(*Db::Open(ChildOptions(DbOptions::Mode::kIngestOnly)));
  SegmentWriter writer(db.get(), "s1");
  ASSERT_TRUE(writer.Add(*db->FindOrCreate("a"), "k", "1").ok());
  ASSERT_TRUE(writer.Add(*db->FindOrCreate("b"), "k", "2").ok());
  auto files = writer.Finish();
  ASSERT_TRUE(files.ok());
  ASSERT_TRUE(db->Ingest(std::move(*files)).ok());
}

TEST(StoreChild, DISABLED_WritesThenDies) {
  auto db = std::move(*Db::Open(ChildOptions(DbOptions::Mode::kLogged)));
  const Family a = *db->FindOrCreate("a");
  for (int i = 0; i < 100; ++i) {
    WriteBatch batch;
    batch.Put(a, fmt::format("{:03}", i), "v");
    ASSERT_TRUE(db->Write(batch, false).ok());
  }
  std::raise(SIGKILL);
}

TEST(StoreChild, DISABLED_RemembersItsFirstFailure) {
  auto db = std::move(*Db::Open(ChildOptions(DbOptions::Mode::kLogged)));
  WriteBatch batch;
  batch.Put(*db->FindOrCreate("a"), "k", "v");
  EXPECT_TRUE(db->Health().ok());
  EXPECT_FALSE(db->Write(batch, false).ok());
  EXPECT_FALSE(db->Health().ok());
  EXPECT_EQ(db->Write(batch, false), db->Health());
  EXPECT_FALSE(db->FindOrCreate("b").ok());
}

class DbFaultTest : public testing::Test {
 protected:
  support::ChildResult Run(const std::string& test, const std::string& fault) {
    return support::RunChildTest("StoreChild.DISABLED_" + test,
                                 {{"LINEWARD_TEST_PATH", Path()}, {"LINEWARD_FAULT", fault}});
  }
  std::string Path() const { return folder_ / "db"; }
  // How many of the two families hold their key.
  int Found() {
    auto db = std::move(*Db::Open({.path = Path(), .mode = DbOptions::Mode::kIngestOnly}));
    EXPECT_TRUE(std::filesystem::is_empty(db->staging_path()));
    int found = 0;
    for (const char* name : {"a", "b"}) {
      const Family family = db->Find(name);
      if (family && db->Get(family, "k")->has_value()) ++found;
    }
    return found;
  }

  support::TempDir folder_;
};

TEST_F(DbFaultTest, KillBeforeTheIngestLeavesNothingBehind) {
  LINEWARD_SKIP_WITHOUT_FAULTS();
  for (const char* fault : {"store.family.after:2:kill", "store.finish.before:1:kill",
                            "store.finish.after:2:kill", "store.ingest.before:1:kill"}) {
    EXPECT_EQ(Run("IngestsOneSegment", fault).signal, SIGKILL) << fault;
    EXPECT_EQ(Found(), 0) << fault;
  }
  EXPECT_EQ(Run("IngestsOneSegment", "").exit_code, 0);
  EXPECT_EQ(Found(), 2);
}

TEST_F(DbFaultTest, KillAfterTheIngestKeepsAllFamilies) {
  LINEWARD_SKIP_WITHOUT_FAULTS();
  EXPECT_EQ(Run("IngestsOneSegment", "store.ingest.after:1:kill").signal, SIGKILL);
  EXPECT_EQ(Found(), 2);
}

TEST_F(DbFaultTest, KilledWriterLosesNothingThatWasWritten) {
  EXPECT_EQ(Run("WritesThenDies", "").signal, SIGKILL);
  auto db = std::move(*Db::Open({.path = Path()}));
  int keys = 0;
  ASSERT_TRUE(db->Scan(db->Find("a"), {}, [&](auto, auto) { return ++keys > 0; }).ok());
  EXPECT_EQ(keys, 100);
}

TEST_F(DbFaultTest, FirstFailedWriteStopsAllLaterOnes) {
  LINEWARD_SKIP_WITHOUT_FAULTS();
  EXPECT_EQ(Run("RemembersItsFirstFailure", "store.write:1:fail=UNAVAILABLE").exit_code, 0);
  EXPECT_NE(Run("RemembersItsFirstFailure", "").exit_code, 0);
}

}  // namespace
}  // namespace lineward::store

#include "lineward/store/db.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lineward/base/status.h"
#include "lineward/store/reasons.h"
#include "lineward/store/segment_writer.h"
#include "tests/support/temp_dir.h"

namespace lineward::store {
namespace {

class DbTest : public testing::Test {
 protected:
  std::unique_ptr<Db> Open(DbOptions::Mode mode = DbOptions::Mode::kLogged) {
    DbOptions options;
    options.path = folder_ / "db";
    options.mode = mode;
    auto db = Db::Open(options);
    EXPECT_TRUE(db.ok()) << db.status();
    return db.ok() ? std::move(*db) : nullptr;
  }
  static Family Make(Db& db, std::string_view name) { return *db.FindOrCreate(name); }
  static void Put(Db& db, const Family& family, std::string_view key, std::string_view value) {
    WriteBatch batch;
    batch.Put(family, key, value);
    ASSERT_TRUE(db.Write(batch, false).ok());
  }
  static std::string Keys(const Db& db, const Family& family, ReadRange range = {}) {
    std::string keys;
    const auto status = db.Scan(family, std::move(range), [&](auto key, auto) {
      keys += std::string(key) + " ";
      return true;
    });
    EXPECT_TRUE(status.ok()) << status;
    return keys;
  }

  support::TempDir folder_;
};

TEST_F(DbTest, ReadsBackWhatABatchWrote) {
  auto db = Open();
  const Family a = Make(*db, "a");
  const Family b = Make(*db, "b");
  WriteBatch batch;
  batch.Put(a, "k", "1");
  batch.Put(b, "k", "2");
  ASSERT_TRUE(db->Write(batch, true).ok());
  EXPECT_EQ(**db->Get(a, "k"), "1");
  EXPECT_EQ(**db->Get(b, "k"), "2");
  EXPECT_FALSE(db->Get(a, "absent")->has_value());
}

TEST_F(DbTest, MultiGetAnswersInTheOrderOfTheKeys) {
  auto db = Open();
  const Family a = Make(*db, "a");
  Put(*db, a, "x", "1");
  Put(*db, a, "z", "3");
  const std::vector<std::string> keys = {"z", "y", "x"};
  const auto values = *db->MultiGet(a, keys);
  EXPECT_EQ(values[0], "3");
  EXPECT_FALSE(values[1].has_value());
  EXPECT_EQ(values[2], "1");
}

TEST_F(DbTest, KeepsFamiliesAndKeysAcrossReopening) {
  {
    auto db = Open();
    Put(*db, Make(*db, "kept"), "k", "v");
  }
  auto db = Open();
  EXPECT_EQ(db->FamilyNames(), std::vector<std::string>{"kept"});
  EXPECT_EQ(**db->Get(db->Find("kept"), "k"), "v");
  EXPECT_FALSE(db->Find("never made"));
}

TEST_F(DbTest, IteratorMovesBothWaysInsideItsBounds) {
  auto db = Open();
  const Family a = Make(*db, "a");
  for (const char* key : {"a", "b", "c", "d"}) Put(*db, a, key, key);
  EXPECT_EQ(Keys(*db, a), "a b c d ");
  EXPECT_EQ(Keys(*db, a, {.first = "b", .end = "d"}), "b c ");
  Iterator it = db->Iterate(a);
  ASSERT_TRUE(*it.SeekBack("bb"));
  EXPECT_EQ(it.key(), "b");
  ASSERT_TRUE(*it.Next());
  EXPECT_EQ(it.value(), "c");
  ASSERT_TRUE(*it.SeekToLast());
  EXPECT_FALSE(*it.Next());
  ASSERT_TRUE(*it.SeekToFirst());
  EXPECT_FALSE(*it.Prev());
}

TEST_F(DbTest, IteratorSeesTheKeysOfItsBirth) {
  auto db = Open();
  const Family a = Make(*db, "a");
  Put(*db, a, "a", "1");
  Iterator it = db->Iterate(a);
  Put(*db, a, "b", "2");
  ASSERT_TRUE(*it.SeekToFirst());
  EXPECT_FALSE(*it.Next());
}

TEST_F(DbTest, DeleteRangeHidesItsKeysOnly) {
  auto db = Open();
  const Family a = Make(*db, "a");
  for (const char* key : {"a", "b", "c", "d"}) Put(*db, a, key, key);
  WriteBatch batch;
  batch.DeleteRange(a, "b", "d");
  ASSERT_TRUE(db->Write(batch, false).ok());
  EXPECT_EQ(Keys(*db, a), "a d ");
  ASSERT_TRUE(db->Compact(a).ok());
  EXPECT_EQ(Keys(*db, a), "a d ");
}

TEST_F(DbTest, DroppedFamilyStaysReadableForWhoHoldsIt) {
  auto db = Open();
  const Family a = Make(*db, "a");
  Put(*db, a, "k", "v");
  ASSERT_TRUE(db->Drop("a").ok());
  EXPECT_EQ(Keys(*db, a), "k ");
  EXPECT_FALSE(db->Find("a"));
  EXPECT_EQ(base::ReasonOf(db->Drop("a")), kStoreMisused);
}

TEST_F(DbTest, FamilyMayOutliveItsDb) {
  Family kept;
  {
    auto db = Open();
    kept = Make(*db, "a");
  }
  EXPECT_EQ(kept.name(), "a");
}

TEST_F(DbTest, IngestOnlyStoreRefusesWrites) {
  auto db = Open(DbOptions::Mode::kIngestOnly);
  WriteBatch batch;
  batch.Put(Make(*db, "a"), "k", "v");
  EXPECT_EQ(base::ReasonOf(db->Write(batch, true)), kStoreMisused);
}

TEST_F(DbTest, RefusesMoreFamiliesThanItsLimit) {
  {
    auto db = Open();
    Make(*db, "a");
    Make(*db, "b");
  }
  DbOptions options;
  options.path = folder_ / "db";
  options.families_max = 1;
  const auto db = Db::Open(options);
  EXPECT_EQ(db.status().code(), absl::StatusCode::kResourceExhausted);
  options.families_max = 2;
  EXPECT_TRUE(Db::Open(options).ok());
}

TEST_F(DbTest, PostingPrefixReadsStayInsideTheirPrefix) {
  DbOptions options;
  options.path = folder_ / "db";
  options.family_options = [](std::string_view) {
    FamilyOptions family;
    family.filter = FamilyOptions::Filter::kPosting;
    return family;
  };
  auto db = std::move(*Db::Open(options));
  const Family post = Make(*db, "post");
  SegmentWriter writer(db.get(), "s1");
  const std::string first = std::string("\x01", 1) + "aaaaa";
  const std::string second = std::string("\x01", 1) + "aaaab";
  const std::string wide = std::string("\x20", 1) + "aaaaaaaa";
  for (const std::string& key : {first + "0001", first + "0002", second + "0001", wide + "0001"}) {
    ASSERT_TRUE(writer.Add(post, key, "v").ok());
  }
  ASSERT_TRUE(db->Ingest(*writer.Finish()).ok());
  EXPECT_EQ(Keys(*db, post, {.first = first, .end = first + "\xff", .is_one_prefix = true}),
            first + "0001 " + first + "0002 ");
  EXPECT_EQ(Keys(*db, post, {.first = wide, .end = wide + "\xff", .is_one_prefix = true}),
            wide + "0001 ");
  EXPECT_EQ(Keys(*db, post, {.first = "\x01zzzzz", .end = "\x01zzzzz\xff", .is_one_prefix = true}),
            "");
}

TEST_F(DbTest, SecondProcessIsToldFolderAndPidOfTheFirst) {
  int ready[2];
  int done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  const std::string path = folder_ / "db";
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    auto db = Db::Open({.path = path});
    const bool is_told = ::write(ready[1], "r", 1) == 1 && ::read(done[0], &byte, 1) == 1;
    ::_exit(db.ok() && is_told ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const auto refused = Db::Open({.path = path});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(base::ReasonOf(refused.status()), kStoreLocked);
  const std::string message(base::MessageOf(refused.status()));
  EXPECT_NE(message.find("`" + path + "`"), std::string::npos) << message;
  EXPECT_NE(message.find(std::to_string(child)), std::string::npos) << message;
  ASSERT_EQ(::write(done[1], "d", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(Db::Open({.path = path}).ok());
}

TEST_F(DbTest, SizesCountFilesPerFamily) {
  auto db = Open(DbOptions::Mode::kIngestOnly);
  const Family a = Make(*db, "a");
  Make(*db, "b");
  SegmentWriter writer(db.get(), "s1");
  ASSERT_TRUE(writer.Add(a, "k", "v").ok());
  ASSERT_TRUE(db->Ingest(*writer.Finish()).ok());
  const auto sizes = db->Sizes();
  ASSERT_EQ(sizes.size(), 2u);
  EXPECT_EQ(sizes[0].files, 1u);
  EXPECT_GT(sizes[0].file_bytes, 0u);
  EXPECT_EQ(sizes[1].files, 0u);
  ASSERT_EQ(db->LiveFiles().size(), 1u);
  EXPECT_EQ(db->LiveFiles()[0].family, "a");
}

TEST(FreeBytes, FailsForAFolderThatIsNotThere) {
  EXPECT_FALSE(FreeBytes("/no such folder").ok());
  EXPECT_GT(*FreeBytes("/tmp"), 0u);
}

}  // namespace
}  // namespace lineward::store

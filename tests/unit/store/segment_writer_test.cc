#include "lineward/store/segment_writer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lineward/base/status.h"
#include "lineward/store/reasons.h"
#include "tests/support/temp_dir.h"

namespace lineward::store {
namespace {

class SegmentWriterTest : public testing::Test {
 protected:
  SegmentWriterTest()
      : db_(std::move(*Db::Open({.path = folder_ / "db", .mode = DbOptions::Mode::kIngestOnly}))),
        a_(*db_->FindOrCreate("a")),
        b_(*db_->FindOrCreate("b")) {}

  support::TempDir folder_;
  std::unique_ptr<Db> db_;
  Family a_;
  Family b_;
};

TEST_F(SegmentWriterTest, NothingIsVisibleBeforeTheIngest) {
  SegmentWriter writer(db_.get(), "s1");
  ASSERT_TRUE(writer.Add(a_, "k", "v").ok());
  auto files = writer.Finish();
  ASSERT_TRUE(files.ok());
  EXPECT_FALSE(db_->Get(a_, "k")->has_value());
  ASSERT_TRUE(db_->Ingest(std::move(*files)).ok());
  EXPECT_EQ(**db_->Get(a_, "k"), "v");
}

TEST_F(SegmentWriterTest, SkipsFamiliesWithoutKeys) {
  SegmentWriter writer(db_.get(), "s1");
  ASSERT_TRUE(writer.Add(b_, "k", "v").ok());
  const auto files = writer.Finish();
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->at(0).family.name(), "b");
  EXPECT_EQ(files->at(0).keys, 1u);
}

TEST_F(SegmentWriterTest, RefusesKeysOutOfOrder) {
  SegmentWriter writer(db_.get(), "s1");
  ASSERT_TRUE(writer.Add(a_, "b", "v").ok());
  ASSERT_TRUE(writer.Add(b_, "a", "v").ok());
  EXPECT_EQ(base::ReasonOf(writer.Add(a_, "a", "v")), kStoreMisused);
  EXPECT_EQ(base::ReasonOf(writer.Add(a_, "b", "v")), kStoreMisused);
  EXPECT_TRUE(db_->Health().ok());
}

TEST_F(SegmentWriterTest, RemovesItsFilesIfItIsNotFinished) {
  {
    SegmentWriter writer(db_.get(), "s1");
    ASSERT_TRUE(writer.Add(a_, "k", "v").ok());
    EXPECT_FALSE(std::filesystem::is_empty(db_->staging_path()));
  }
  EXPECT_TRUE(std::filesystem::is_empty(db_->staging_path()));
}

TEST_F(SegmentWriterTest, SegmentsWithInterleavedKeysAreReadInOrder) {
  for (const auto& [name, key] : {std::pair("s1", "b"), std::pair("s2", "a")}) {
    SegmentWriter writer(db_.get(), name);
    ASSERT_TRUE(writer.Add(a_, key, "v").ok());
    ASSERT_TRUE(db_->Ingest(*writer.Finish()).ok());
  }
  std::string keys;
  ASSERT_TRUE(db_->Scan(a_, {},
                        [&](auto key, auto) {
                          keys += key;
                          return true;
                        })
                  .ok());
  EXPECT_EQ(keys, "ab");
}

}  // namespace
}  // namespace lineward::store

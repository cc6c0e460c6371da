#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lineward/base/status.h"
#include "lineward/store/db.h"
#include "lineward/store/reasons.h"
#include "lineward/store/segment_writer.h"
#include "tests/support/temp_dir.h"

namespace lineward::store {
namespace {

constexpr int kKeys = 20'000;

class DbDamageTest : public testing::Test {
 protected:
  void SetUp() override {
    auto db = std::move(*Db::Open({.path = Path()}));
    const Family a = *db->FindOrCreate("a");
    SegmentWriter writer(db.get(), "s1");
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_TRUE(writer.Add(a, fmt::format("{:08}", i), std::to_string(i * 7919)).ok());
    }
    ASSERT_TRUE(db->Ingest(*writer.Finish()).ok());
    file_ = db->LiveFiles().at(0).path;
  }
  std::string Path() const { return folder_ / "db"; }
  // Keys read, or the error of opening or reading.
  absl::StatusOr<int> Count() {
    auto db = Db::Open({.path = Path()});
    if (!db.ok()) return db.status();
    int count = 0;
    LW_RETURN_IF_ERROR((*db)->Scan((*db)->Find("a"), {}, [&](auto, auto) {
      ++count;
      return true;
    }));
    return count;
  }
  void FlipBit(uint64_t at) {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }

  support::TempDir folder_;
  std::string file_;
};

TEST_F(DbDamageTest, UndamagedFileReadsWhole) { EXPECT_EQ(*Count(), kKeys); }

TEST_F(DbDamageTest, FlippedBitIsAnErrorNeverAShorterAnswer) {
  const uint64_t bytes = std::filesystem::file_size(file_);
  for (uint64_t part = 0; part < 8; ++part) {
    const uint64_t at = bytes * part / 10;
    FlipBit(at);
    const auto count = Count();
    EXPECT_EQ(base::ReasonOf(count.status()), kStoreDamaged) << "byte " << at << " of " << bytes;
    FlipBit(at);
  }
  EXPECT_EQ(*Count(), kKeys);
}

TEST_F(DbDamageTest, CutFileIsDamage) {
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);
  EXPECT_EQ(base::ReasonOf(Count().status()), kStoreDamaged);
}

TEST_F(DbDamageTest, MissingFileIsDamage) {
  std::filesystem::remove(file_);
  EXPECT_EQ(base::ReasonOf(Count().status()), kStoreDamaged);
}

TEST_F(DbDamageTest, MissingCurrentIsDamageNotANewStore) {
  std::filesystem::remove(std::filesystem::path(Path()) / "CURRENT");
  EXPECT_EQ(base::ReasonOf(Count().status()), kStoreDamaged);
}

TEST_F(DbDamageTest, VerifyChecksumsFindsABitThatNoReadMet) {
  auto db = std::move(*Db::Open({.path = Path()}));
  EXPECT_TRUE(db->VerifyChecksums().ok());
  FlipBit(std::filesystem::file_size(file_) / 2);
  EXPECT_EQ(base::ReasonOf(db->VerifyChecksums()), kStoreDamaged);
}

}  // namespace
}  // namespace lineward::store

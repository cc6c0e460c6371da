#include "ledger/src/key_table.h"

#include <gtest/gtest.h>

#include "ledger/src/terms.h"
#include "lineward/base/status.h"
#include "lineward/decision/envelope.h"
#include "tests/support/temp_dir.h"

namespace lineward::ledger {
namespace {

const decision::SourceName kSource{"k1", "promotions", 3};
const std::string kKey(32, 'k');

class KeyTableTest : public testing::Test {
 protected:
  void SetUp() override { Open(kKey); }
  void Open(const std::string& tenant_key) {
    table_.reset();
    table_ = std::move(*KeyTable::Open(folder_ / "work", tenant_key));
  }
  absl::Status Fold(int64_t offset, uint64_t first, const std::string& subject) {
    const auto record = decision::MakeTenantKeyRecord(kKey, 1, kSource, first, 0, subject);
    LW_RETURN_IF_ERROR(table_->Fold(0, offset, record.key, record.value));
    return table_->Flush();
  }
  std::vector<std::string> Find(const std::string& subject) { return *table_->Find(subject); }

  support::TempDir folder_;
  std::unique_ptr<KeyTable> table_;
};

TEST_F(KeyTableTest, FindsAllKeysOfAPersonAndNoOthers) {
  ASSERT_TRUE(Fold(0, 10, "p1").ok());
  ASSERT_TRUE(Fold(1, 20, "p2").ok());
  ASSERT_TRUE(Fold(2, 30, "p1").ok());
  EXPECT_EQ(Find("p1"),
            (std::vector<std::string>{PersonKeyValue(kSource, 10), PersonKeyValue(kSource, 30)}));
  EXPECT_TRUE(Find("p3").empty());
}

TEST_F(KeyTableTest, DoesNotIndexTheAnonymous) {
  ASSERT_TRUE(Fold(0, 10, "").ok());
  EXPECT_TRUE(Find("").empty());
  EXPECT_EQ(table_->Next(0), 1);
}

TEST_F(KeyTableTest, ForgetsADeletedKey) {
  ASSERT_TRUE(Fold(0, 10, "p1").ok());
  const std::string key = decision::KeyRecordKey(1, kSource, 10);
  ASSERT_TRUE(table_->Fold(0, 1, key, std::nullopt).ok());
  ASSERT_TRUE(table_->Flush().ok());
  EXPECT_TRUE(Find("p1").empty());
}

TEST_F(KeyTableTest, RemembersItsPlaceAcrossReopening) {
  ASSERT_TRUE(Fold(41, 10, "p1").ok());
  Open(kKey);
  EXPECT_EQ(table_->Next(0), 42);
  EXPECT_EQ(table_->Next(1), 0);
  EXPECT_EQ(Find("p1").size(), 1u);
}

TEST_F(KeyTableTest, RefusesARecordOfAnotherKey) {
  const auto record = decision::MakeTenantKeyRecord(std::string(32, 'x'), 1, kSource, 10, 0, "p1");
  EXPECT_FALSE(table_->Fold(0, 0, record.key, record.value).ok());
  EXPECT_TRUE(Find("p1").empty());
}

TEST_F(KeyTableTest, WithoutATenantKeyItFoldsNothing) {
  Open("");
  ASSERT_TRUE(Fold(0, 10, "p1").ok());
  EXPECT_EQ(table_->Next(0), 0);
}

}  // namespace
}  // namespace lineward::ledger

#include "ledger/src/segment.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/store/reasons.h"

namespace lineward::ledger {
namespace {

constexpr int64_t kDayMs = 86'400'000;

TEST(Bucket, WidthGrowsWithRetention) {
  EXPECT_EQ(BucketWidthDays(absl::Hours(24 * 100)), 1);
  EXPECT_EQ(BucketWidthDays(absl::Hours(24 * 400)), 7);
  EXPECT_EQ(BucketWidthDays(absl::Hours(24 * 801)), 28);
}

TEST(Bucket, IsARunOfWholeDays) {
  EXPECT_EQ(BucketDay(0, 7), 0);
  EXPECT_EQ(BucketDay(7 * kDayMs - 1, 7), 0);
  EXPECT_EQ(BucketDay(7 * kDayMs, 7), 7);
  EXPECT_EQ(BucketDay(-1, 7), -7);
}

TEST(SegmentRecord, ReadsBackWhatItWrote) {
  const auto source =
      std::make_shared<decision::SourceName>(decision::SourceName{"k1", "promotions", 3});
  SegmentRecord record;
  record.number = 7;
  record.blocks.push_back({source, 2, 5, 100, 200, 150, 50, 1'772'366'400'000, 20'510});
  record.partitions.push_back({2, 9, 6, {{1}, {2}}});
  record.sources.push_back({source, 2, 0, 200});
  const std::string bytes = EncodeSegmentRecord(record);
  const auto again = DecodeSegmentRecord(bytes);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(EncodeSegmentRecord(*again), bytes);
  ASSERT_EQ(again->blocks.size(), 1u);
  EXPECT_EQ(*again->blocks[0].source, *source);
  EXPECT_EQ(again->blocks[0].live_from, 150u);
  EXPECT_EQ(again->blocks[0].bucket_day, 20'510);
  EXPECT_EQ(again->partitions[0].edge.size(), 2u);
  EXPECT_EQ(again->sources[0].next, 200u);
}

TEST(SegmentRecord, BytesThatAreNoneAreDamage) {
  EXPECT_EQ(base::ReasonOf(DecodeSegmentRecord("\xff\xff").status()), store::kStoreDamaged);
}

}  // namespace
}  // namespace lineward::ledger

#include "lineward/base/bit_set.h"

#include <gtest/gtest.h>

#include <vector>

namespace lineward::base {
namespace {

TEST(BitSet256, HoldsBitsOfEveryWord) {
  BitSet256 set;
  for (const size_t bit : {0, 63, 64, 127, 128, 255}) set.Set(bit);
  EXPECT_EQ(set.size(), 6u);
  EXPECT_TRUE(set.Has(255));
  EXPECT_FALSE(set.Has(254));
  set.Clear(255);
  EXPECT_FALSE(set.Has(255));
}

TEST(BitSet256, VisitsMembersInAscendingOrder) {
  BitSet256 set;
  for (const size_t bit : {200, 3, 64}) set.Set(bit);
  std::vector<size_t> seen;
  set.ForEach([&](size_t bit) { seen.push_back(bit); });
  EXPECT_EQ(seen, (std::vector<size_t>{3, 64, 200}));
}

TEST(BitSet256, MinusTakesAwayWhatTheOtherHolds) {
  const BitSet256 left = BitSet256::First(10) - BitSet256::First(7);
  EXPECT_EQ(left.size(), 3u);
  EXPECT_TRUE(left.Has(7));
  EXPECT_FALSE(left.Intersects(BitSet256::First(7)));
  EXPECT_TRUE(BitSet256::All().Contains(left));
  EXPECT_FALSE(left.Contains(BitSet256::All()));
}

}  // namespace
}  // namespace lineward::base

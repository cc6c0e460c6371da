#include "ledger/src/postings.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "lineward/base/status.h"
#include "lineward/store/reasons.h"
#include "tests/support/seed.h"

namespace lineward::ledger {
namespace {

std::vector<uint16_t> Members(const BlockSet& set) {
  std::vector<uint16_t> members;
  for (size_t i = 0; i < set.size(); ++i) {
    if (set.Has(i)) members.push_back(static_cast<uint16_t>(i));
  }
  return members;
}

TEST(Postings, GiveBackWhatWentIn) {
  std::mt19937_64 random(support::Seed());
  for (int round = 0; round < 500; ++round) {
    const size_t blocks = 1 + random() % 4'096;
    std::set<uint16_t> chosen;
    for (size_t i = random() % (blocks + 1); i-- > 0;) {
      chosen.insert(static_cast<uint16_t>(random() % blocks));
    }
    const FacetPosting posting{{random() % 1'000, 0, random()}, {chosen.begin(), chosen.end()}};
    const std::string bytes = EncodeFacet(posting, blocks);
    EXPECT_EQ(*DecodeFacetRows(bytes), posting.rows) << "seed " << support::Seed();
    BlockSet facet_blocks(blocks);
    ASSERT_TRUE(DecodeFacetBlocks(bytes, &facet_blocks).ok());
    EXPECT_EQ(Members(facet_blocks), posting.ordinals);
    BlockSet listed(blocks);
    ASSERT_TRUE(DecodeOrdinals(EncodeOrdinals(posting.ordinals), &listed).ok());
    EXPECT_EQ(Members(listed), posting.ordinals);
  }
}

TEST(Postings, AllBlocksTakeOneByte) {
  EXPECT_EQ(EncodeFacet({{1, 2, 3}, {0, 1, 2}}, 3), std::string("\x01\x02\x03\x00", 4));
}

TEST(Postings, BeyondTheSegmentIsDamage) {
  BlockSet set(4);
  EXPECT_EQ(base::ReasonOf(DecodeOrdinals("\x03\x02", &set)), store::kStoreDamaged);
  EXPECT_EQ(base::ReasonOf(DecodeFacetBlocks(std::string("\x01\x01\x01\x02\xff", 5), &set)),
            store::kStoreDamaged);
  EXPECT_EQ(base::ReasonOf(DecodeFacetBlocks("\x01", &set)), store::kStoreDamaged);
}

TEST(BlockSet, FullSetHasNoBlockBeyondItsSize) {
  const BlockSet set(70, /*is_full=*/true);
  EXPECT_EQ(Members(set).size(), 70u);
  EXPECT_TRUE(BlockSet(0, true).empty());
}

}  // namespace
}  // namespace lineward::ledger

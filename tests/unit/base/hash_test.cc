#include "lineward/base/hash.h"

#include <gtest/gtest.h>

namespace lineward::base {
namespace {

// Published values of the empty input (xxHash test vectors, XSUM_XXH3_testdata and XXH64).
TEST(Hash, AgreesWithThePublishedValuesOfTheEmptyInput) {
  EXPECT_EQ(Xxh3(""), 0x2D06800538D394C2u);
  EXPECT_EQ(Xxh64(""), 0xEF46DB3751D8E999u);
  EXPECT_EQ(Xxh3Wide(""),
            (std::array<uint8_t, 16>{0x99, 0xaa, 0x06, 0xd3, 0x01, 0x47, 0x98, 0xd8, 0x60, 0x01,
                                     0xc3, 0x24, 0x46, 0x8d, 0x49, 0x7f}));
}

TEST(Hash, DependsOnTheSeed) { EXPECT_NE(Xxh3("a", 0), Xxh3("a", 1)); }

}  // namespace
}  // namespace lineward::base

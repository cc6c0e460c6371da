#include "lineward/base/hash.h"

#include <gtest/gtest.h>

namespace lineward::base {
namespace {

// Published values of the empty input (xxHash test vectors, XSUM_XXH3_testdata and XXH64).
TEST(Hash, AgreesWithThePublishedValuesOfTheEmptyInput) {
  EXPECT_EQ(Xxh3(""), 0x2D06800538D394C2u);
  EXPECT_EQ(Xxh64(""), 0xEF46DB3751D8E999u);
}

TEST(Hash, DependsOnTheSeed) { EXPECT_NE(Xxh3("a", 0), Xxh3("a", 1)); }

}  // namespace
}  // namespace lineward::base

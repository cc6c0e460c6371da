#include "lineward/crypto/random.h"

#include <gtest/gtest.h>

namespace lineward::crypto {
namespace {

TEST(RandomBytes, HasTheSizeAskedForAndDiffersEachTime) {
  EXPECT_EQ(RandomBytes(0).size(), 0u);
  EXPECT_EQ(RandomBytes(32).size(), 32u);
  EXPECT_NE(RandomBytes(32), RandomBytes(32));
}

}  // namespace
}  // namespace lineward::crypto

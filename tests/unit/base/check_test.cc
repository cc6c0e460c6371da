#include "lineward/base/check.h"

#include <gtest/gtest.h>

namespace lineward::base {
namespace {

TEST(CheckDeathTest, PrintsPlaceConditionAndMessage) {
  const int rows = 3;
  EXPECT_DEATH(LW_CHECK(rows == 4, "rows {} of {}", rows, 4),
               "check_test.cc:[0-9]+: check failed: rows == 4: rows 3 of 4");
}

TEST(Check, LetsATrueConditionPass) {
  LW_CHECK(true);
  LW_CHECK(1 + 1 == 2, "arithmetic");
}

}  // namespace
}  // namespace lineward::base

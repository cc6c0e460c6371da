#include <gtest/gtest.h>

#include "policy/src/cel/arithmetic.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelArithmetic, NeverWraps) {
  EXPECT_EQ(Evaluated("9223372036854775807 + 1"), "failure(overflow) at 20");
  EXPECT_EQ(Evaluated("-9223372036854775808 - 1"), "failure(overflow) at 21");
  EXPECT_EQ(Evaluated("rank * 9223372036854775807"), "failure(overflow) at 5");
  EXPECT_EQ(Evaluated("-(-9223372036854775808)"), "failure(overflow) at 0");
  EXPECT_EQ(Evaluated("-9223372036854775808 / -1"), "failure(overflow) at 21");
  EXPECT_EQ(Evaluated("-9223372036854775808 % -1"), "failure(overflow) at 21");
  EXPECT_EQ(Evaluated("0u - 1u"), "failure(overflow) at 3");
  EXPECT_EQ(Evaluated("18446744073709551615u + 1u"), "failure(overflow) at 22");
  EXPECT_EQ(Evaluated("9223372036854775806 + 1"), "9223372036854775807");
}

TEST(CelArithmetic, DividesTowardsZeroAndNeverByIt) {
  EXPECT_EQ(Evaluated("[-7 / 2, -7 % 2, 7 % -2]"), "[-3, -1, 1]");
  EXPECT_EQ(Evaluated("1 / 0"), "failure(division by zero) at 2");
  EXPECT_EQ(Evaluated("1u % 0u"), "failure(division by zero) at 3");
  EXPECT_EQ(Evaluated("1.0 / 0.0"), "inf");
  EXPECT_EQ(Dynamic("1.5 % 0.5"), "failure(no overload for these types) at 4");
}

TEST(CelArithmetic, JoinsTextsAndLists) {
  EXPECT_EQ(Evaluated("event.surface + '_' + event.surface"), "\"home_home\"");
  EXPECT_EQ(Evaluated("b'a' + b'b'"), "b\"ab\"");
  EXPECT_EQ(Evaluated("[rank] + [1, 2] + []"), "[3, 1, 2]");
  EXPECT_EQ(Evaluated("'' + ''"), "\"\"");
}

TEST(CelArithmetic, AddsTimes) {
  EXPECT_EQ(Evaluated("duration('1h') + timestamp('2026-01-01T00:00:00Z')"),
            "timestamp(\"2026-01-01T01:00:00Z\")");
  EXPECT_EQ(Evaluated("duration('1h') - duration('90m')"), "duration(\"-1800s\")");
  EXPECT_EQ(Dynamic("duration('1h') - timestamp(0)"), "failure(no overload for these types) at 15");
  EXPECT_EQ(Dynamic("duration('1h') * 2"), "failure(no overload for these types) at 15");
}

}  // namespace
}  // namespace lineward::policy::cel

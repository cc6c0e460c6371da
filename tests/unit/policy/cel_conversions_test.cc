#include <gtest/gtest.h>

#include "policy/src/cel/conversions.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelConversions, CutsDoublesTowardsZero) {
  EXPECT_EQ(Evaluated("[int(-7.9), int(7.9), int(0.5)]"), "[-7, 7, 0]");
  EXPECT_EQ(Evaluated("uint(3.9)"), "3u");
  EXPECT_EQ(Evaluated("int(9223372036854775807.0)"), "failure(out of range) at 0");
  EXPECT_EQ(Evaluated("int(-9223372036854775808.0)"), "failure(out of range) at 0");
  EXPECT_EQ(Evaluated("int(0.0 / 0.0)"), "failure(out of range) at 0");
  EXPECT_EQ(Evaluated("uint(-0.5)"), "failure(out of range) at 0");
}

TEST(CelConversions, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Evaluated("uint(-1)"), "failure(out of range) at 0");
  EXPECT_EQ(Evaluated("int(9223372036854775808u)"), "failure(out of range) at 0");
  EXPECT_EQ(Evaluated("int('9223372036854775808')"), "failure(out of range) at 0");
  EXPECT_EQ(Evaluated("timestamp(253402300800)"), "failure(out of range) at 0");
  EXPECT_EQ(Evaluated("timestamp(253402300799)"), "timestamp(\"9999-12-31T23:59:59Z\")");
}

TEST(CelConversions, ReadsTheWholeOfATextOrNothing) {
  EXPECT_EQ(Evaluated("[int('-7'), int('007')]"), "[-7, 7]");
  for (std::string_view text : {"int('')", "int('7 ')", "int('+7')", "int('0x7')", "uint('-7')",
                                "double('')", "double('1.5x')", "bool('yes')", "bool('TrUe')"}) {
    EXPECT_EQ(Evaluated(text), "failure(malformed text) at 0") << text;
  }
  EXPECT_EQ(Evaluated("double('-1.5e3')"), "-1500.0");
  EXPECT_EQ(Evaluated("bool('t') && !bool('False')"), "true");
}

TEST(CelConversions, WritesTheShortestText) {
  EXPECT_EQ(Evaluated("string(-456) + string(7u) + string(-0.0045) + string(true)"),
            "\"-4567-0.0045true\"");
  EXPECT_EQ(Evaluated("string(timestamp('2026-01-01T00:00:00.120Z'))"),
            "\"2026-01-01T00:00:00.12Z\"");
  EXPECT_EQ(Evaluated("string(duration('90m'))"), "\"5400s\"");
  EXPECT_EQ(Evaluated("string(b'\\xff')"), "failure(malformed text) at 0");
  EXPECT_EQ(Evaluated("bytes('a')"), "b\"a\"");
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include <cmath>

#include "policy/src/cel/literal.h"

namespace lineward::policy::cel {
namespace {

TEST(CelLiteral, ResolvesEscapesOfStrings) {
  EXPECT_EQ(Unescape("a\\n\\t\\\\\\'\\\"\\`\\?", false).text, "a\n\t\\'\"`?");
  EXPECT_EQ(Unescape("\\x41\\101\\u00e9\\U0001f600", false).text, "AA\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(Unescape("\\xff", false).text, "\xC3\xBF");
}

TEST(CelLiteral, ResolvesEscapesOfBytesToBytes) {
  EXPECT_EQ(Unescape("\\xff\\377", true).text, "\xFF\xFF");
}

TEST(CelLiteral, RefusesMalformedEscapes) {
  for (std::string_view text :
       {"ab\\", "ab\\x4", "ab\\8", "ab\\400", "ab\\ud800", "ab\\U00110000", "ab\\xg1", "ab\\x+1"}) {
    const Unescaped result = Unescape(text, false);
    EXPECT_FALSE(result.error.empty()) << text;
    EXPECT_EQ(result.error_at, 2u) << text;
  }
  EXPECT_FALSE(Unescape("\\u0041", true).error.empty());
}

TEST(CelLiteral, ReadsMagnitudesUpTo64Bits) {
  EXPECT_EQ(MagnitudeOf("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(MagnitudeOf("0xFFFFFFFFFFFFFFFF"), UINT64_MAX);
  EXPECT_EQ(MagnitudeOf("18446744073709551616"), std::nullopt);
  EXPECT_EQ(MagnitudeOf("0x10000000000000000"), std::nullopt);
}

TEST(CelLiteral, RoundsDoublesAndRefusesInfinity) {
  EXPECT_EQ(DoubleOf("0.1"), 0.1);
  EXPECT_EQ(DoubleOf("1e-400"), 0.0);
  EXPECT_EQ(DoubleOf("1e400"), std::nullopt);
}

}  // namespace
}  // namespace lineward::policy::cel

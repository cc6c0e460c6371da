#include "lineward/base/strings.h"

#include <gtest/gtest.h>

namespace lineward::base {
namespace {

TEST(Strings, MapsAreSearchedWithStringViews) {
  StringMap<int> map;
  map["ranker"] = 7;
  EXPECT_EQ(map.find(std::string_view("ranker"))->second, 7);
  EXPECT_EQ(map.find(std::string_view("other")), map.end());
}

TEST(Strings, Utf8TakesWellFormedTextOnly) {
  EXPECT_TRUE(IsUtf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(IsUtf8("\xE2\x82"));          // cut
}

TEST(Strings, HexIsLowerCaseBothWays) {
  EXPECT_EQ(ToHex(std::string_view("\x00\xff", 2)), "00ff");
  EXPECT_EQ(FromHex("00ff"), std::string("\x00\xff", 2));
  EXPECT_EQ(FromHex("00FF"), std::nullopt);
  EXPECT_EQ(FromHex("0"), std::nullopt);
}

TEST(Strings, Base64TakesTheCanonicalFormOnly) {
  EXPECT_EQ(ToBase64("ab"), "YWI=");
  EXPECT_EQ(FromBase64("YWI="), "ab");
  EXPECT_EQ(FromBase64("YWI"), std::nullopt);
  EXPECT_EQ(FromBase64("YWJ="), std::nullopt);  // bits behind the end
}

TEST(Strings, DecimalsHaveOneSpelling) {
  EXPECT_EQ(ParseInt64("-12"), -12);
  EXPECT_EQ(ParseInt64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseUint64("18446744073709551615"), 18446744073709551615u);
  for (const char* text : {"", "-", "01", "+1", "1 ", "0x1"}) {
    EXPECT_EQ(ParseInt64(text), std::nullopt) << text;
  }
}

TEST(Strings, SplitKeepsEmptyParts) {
  EXPECT_EQ(Split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Split("", ','), (std::vector<std::string_view>{""}));
}

}  // namespace
}  // namespace lineward::base

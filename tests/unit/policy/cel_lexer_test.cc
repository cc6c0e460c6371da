#include <gtest/gtest.h>

#include "policy/src/cel/lexer.h"

namespace lineward::policy::cel {
namespace {

std::string Told(std::string_view source) {
  const auto result = Tokenize(source);
  if (const auto* problem = std::get_if<Problem>(&result)) return ToText(*problem);
  std::string text;
  for (const Token& token : std::get<std::vector<Token>>(result)) {
    if (token.kind == TokenKind::kEnd) break;
    text +=
        (text.empty() ? "" : " ") + std::to_string(static_cast<int>(token.kind)) + ":" + token.text;
  }
  return text;
}

TEST(CelLexer, TellsNamesNumbersTextsAndSymbolsApart) {
  EXPECT_EQ(Told("a_1 + 0x1F"), "1:a_1 8:+ 3:0x1F");
  EXPECT_EQ(Told("1u 2U 1.5 .5 1e3 2e-1"), "4:1 4:2 5:1.5 5:.5 5:1e3 5:2e-1");
  EXPECT_EQ(Told("'a' \"b\" b'c' r'\\d'"), "6:a 6:b 7:c 6:\\d");
  EXPECT_EQ(Told("x.`a-b`"), "1:x 8:. 2:a-b");
  EXPECT_EQ(Told("a<=b&&!c||d!=e"), "1:a 8:<= 1:b 8:&& 8:! 1:c 8:|| 1:d 8:!= 1:e");
}

TEST(CelLexer, LeavesSpaceAndCommentsOut) {
  EXPECT_EQ(Told("a // all of it\n\t+ b"), "1:a 8:+ 1:b");
  EXPECT_EQ(Told("a // to the end"), "1:a");
}

TEST(CelLexer, TakesTripleQuotesOverLines) {
  EXPECT_EQ(Told("'''a\n'b''''"), "2:6: unterminated text: no closing `'`");
  EXPECT_EQ(Told("'''a\n'b'\n'''"), "6:a\n'b'\n");
}

TEST(CelLexer, TellsWhereATextIsNotClosed) {
  EXPECT_EQ(Told("a +\n  'x"), "2:3: unterminated text: no closing `'`");
  EXPECT_EQ(Told("'x\n'"), "1:1: unterminated text: no closing `'`");
  EXPECT_EQ(Told("'x\\'"), "1:1: unterminated text: no closing `'`");
}

TEST(CelLexer, PlacesAMalformedEscape) {
  EXPECT_TRUE(Told("'ab\\q'").starts_with("1:4: malformed escape")) << Told("'ab\\q'");
  EXPECT_TRUE(Told("b'\\u0041'").starts_with("1:3: malformed escape"));
}

TEST(CelLexer, RefusesWhatNoTokenBeginsWith) {
  EXPECT_EQ(Told("a & b"), "1:3: unexpected `&` (nearest: `&&`)");
  EXPECT_EQ(Told("a = b"), "1:3: unexpected `=` (nearest: `==`)");
  EXPECT_EQ(Told("a # b"), "1:3: unexpected `#`");
  EXPECT_EQ(Told("a \x01"), "1:3: unexpected control character 1");
  EXPECT_EQ(Told("\xC3\xA9"), "1:1: unexpected `\xC3\xA9`");
  EXPECT_EQ(Told("\xFF"), "1:1: not UTF-8");
  EXPECT_EQ(Told("1x"), "1:2: `x` follows the number `1`");
  EXPECT_EQ(Told("a.`b"), "1:3: unterminated name: no closing back-quote");
}

TEST(CelLexer, KnowsReservedWords) {
  EXPECT_TRUE(IsReserved("namespace"));
  EXPECT_TRUE(IsReserved("in"));
  EXPECT_FALSE(IsReserved("event"));
}

}  // namespace
}  // namespace lineward::policy::cel

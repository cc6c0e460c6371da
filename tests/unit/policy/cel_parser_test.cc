#include <gtest/gtest.h>

#include "policy/src/cel/limits.h"
#include "policy/src/cel/parser.h"

namespace lineward::policy::cel {
namespace {

std::string Shape(const Syntax& syntax, NodeId id) {
  const SyntaxNode& node = syntax.node(id);
  std::string text = node.kind == SyntaxKind::kLiteral ? ToText(node.literal) : node.text;
  if (node.kind == SyntaxKind::kList) text = "list";
  if (node.kind == SyntaxKind::kMap) text = "map";
  if (node.kind == SyntaxKind::kSelect) text = "." + text;
  if (node.kind == SyntaxKind::kHas) text = "has." + text;
  if (node.kind == SyntaxKind::kMacro) text = "macro " + text;
  if (node.is_absolute) text = "absolute " + text;
  if (node.children.empty()) return text;
  std::string inner;
  for (NodeId child : node.children) inner += (inner.empty() ? "" : " ") + Shape(syntax, child);
  return text + "(" + inner + ")";
}

std::string Parsed(std::string_view source) {
  const auto result = Parse(source);
  if (const auto* problem = std::get_if<Problem>(&result)) return ToText(*problem);
  const Syntax& syntax = std::get<Syntax>(result);
  return Shape(syntax, syntax.root);
}

std::string Repeated(std::string_view text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(CelParser, BindsOperatorsByTheirStrength) {
  EXPECT_EQ(Parsed("1 + 2 * 3"), "+(1 *(2 3))");
  EXPECT_EQ(Parsed("1 * 2 + 3"), "+(*(1 2) 3)");
  EXPECT_EQ(Parsed("a || b && c == d"), "||(a &&(b ==(c d)))");
  EXPECT_EQ(Parsed("a in b + c"), "in(a +(b c))");
  EXPECT_EQ(Parsed("!a.b[0]"), "!([](.b(a) 0))");
}

TEST(CelParser, TakesOperatorsOfEqualStrengthFromTheLeft) {
  EXPECT_EQ(Parsed("1 - 2 - 3"), "-(-(1 2) 3)");
  EXPECT_EQ(Parsed("a < b < c"), "<(<(a b) c)");
}

TEST(CelParser, TakesConditionalsFromTheRight) {
  EXPECT_EQ(Parsed("a ? b : c ? d : e"), "?:(a b ?:(c d e))");
  EXPECT_EQ(Parsed("a ? b || c : d"), "?:(a ||(b c) d)");
}

TEST(CelParser, GivesALiteralItsSign) {
  EXPECT_EQ(Parsed("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(Parsed("--1"), "-_(-1)");
  EXPECT_EQ(Parsed("-(1)"), "-_(1)");
  EXPECT_EQ(Parsed("a -1"), "-(a 1)");
}

TEST(CelParser, ReadsCallsListsMapsAndFields) {
  EXPECT_EQ(Parsed("f(a, 1).g().h"), ".h(g(f(a 1)))");
  EXPECT_EQ(Parsed("[1, 2,]"), "list(1 2)");
  EXPECT_EQ(Parsed("{1: 'a', 2: 'b',}"), "map(1 \"a\" 2 \"b\")");
  EXPECT_EQ(Parsed("x.`a b`"), ".a b(x)");
  EXPECT_EQ(Parsed(".a.b"), ".b(absolute a)");
}

TEST(CelParser, ExpandsMacros) {
  EXPECT_EQ(Parsed("has(a.b)"), "has.b(a)");
  EXPECT_EQ(Parsed("l.all(x, x > 0)"), "macro x(l >(x 0))");
  EXPECT_EQ(Parsed("l.map(x, c, t)"), "macro x(l c t)");
}

TEST(CelParser, TellsWhatItExpectedAndWhere) {
  EXPECT_EQ(Parsed(""), "1:1: unexpected end: expected an expression");
  EXPECT_EQ(Parsed("a +"), "1:4: unexpected end: expected an expression");
  EXPECT_EQ(Parsed("(a"), "1:3: unexpected end: expected `)`");
  EXPECT_EQ(Parsed("a b"), "1:3: unexpected `b`: expected an operator or the end");
  EXPECT_EQ(Parsed("a ?\n b"), "2:3: unexpected end: expected `:`");
  EXPECT_EQ(Parsed("f(a,)"), "1:5: unexpected `)`: expected an expression");
  EXPECT_EQ(Parsed("a.in"), "1:3: unexpected `in`: expected the name of a field or function");
  EXPECT_EQ(Parsed("if + 1"), "1:1: `if` is a reserved word: expected an expression");
}

TEST(CelParser, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(Parsed("1 + 9223372036854775808"),
            "1:5: number out of range: `9223372036854775808` is outside -9223372036854775808 to "
            "9223372036854775807");
  EXPECT_EQ(Parsed("18446744073709551616u"),
            "1:1: number out of range: `18446744073709551616` is above 18446744073709551615");
  EXPECT_EQ(Parsed("-1e999"), "1:1: number out of range: `-1e999` is above 1.8e308");
}

TEST(CelParser, ParsesThirtyOperatorsInAChain) {
  EXPECT_FALSE(Parsed("1" + Repeated(" + 1", 30)).empty());
  EXPECT_TRUE(Parsed("1" + Repeated(" + 1", 30)).starts_with("+("));
}

TEST(CelParser, StopsAtItsLimits) {
  const std::string deep = Repeated("(", 200) + "1" + Repeated(")", 200);
  EXPECT_TRUE(Parsed(deep).find("nested deeper than 250") != std::string::npos);
  EXPECT_EQ(Parsed(Repeated("(", 100) + "1" + Repeated(")", 100)), "1");
  EXPECT_TRUE(Parsed("1" + Repeated(" + 1", 300)).ends_with("nested deeper than 250"));
  EXPECT_TRUE(Parsed("[" + Repeated("1,", 20'000) + "]").ends_with("more than 16384 nodes"));
  EXPECT_EQ(Parsed(std::string(70'000, ' ')), "1:1: 70000 bytes, at most 65536");
  EXPECT_TRUE(Parsed(Repeated("!", 60'000)).ends_with("nested deeper than 250"));
}

TEST(CelParser, CallsALimitOutsideTheProfile) {
  const auto result = Parse(std::string(70'000, ' '));
  EXPECT_EQ(std::get<Problem>(result).code, kOutsideProfile);
  EXPECT_EQ(std::get<Problem>(Parse("+")).code, kNotAnExpression);
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include "policy/src/cel/checker.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

std::string TypeOf(std::string_view expression) {
  Problems problems;
  World world;
  const auto ast = Check(expression, world.env, &problems);
  return ast ? ToText(ast->type()) : ToText(problems.at(0));
}

TEST(CelChecker, GivesEveryExpressionItsType) {
  EXPECT_EQ(TypeOf("1 + rank"), "int");
  EXPECT_EQ(TypeOf("event.surface == 'home'"), "bool");
  EXPECT_EQ(TypeOf("[1, 2]"), "list(int)");
  EXPECT_EQ(TypeOf("[1, 'a']"), "list(dyn)");
  EXPECT_EQ(TypeOf("{'a': [1]}"), "map(string, list(int))");
  EXPECT_EQ(TypeOf("model.labels.map(l, size(l))"), "list(int)");
  EXPECT_EQ(TypeOf("model.labels.filter(l, l != '')"), "list(string)");
  EXPECT_EQ(TypeOf("model.labels[0]"), "string");
  EXPECT_EQ(TypeOf("rank > 1 ? 'a' : 'b'"), "string");
  EXPECT_EQ(TypeOf("timestamp('2026-01-01T00:00:00Z') - duration('1h')"), "timestamp");
  EXPECT_EQ(TypeOf("type(1)"), "type");
  EXPECT_EQ(TypeOf("purpose.under('dpv:A', 'dpv:B')"), "bool");
}

TEST(CelChecker, TellsAnUnknownNameWithItsNearest) {
  EXPECT_EQ(TypeOf("rank > 1 && evnt.rank < 3"),
            "1:13: unknown name `evnt.rank` (nearest: `event.rank`)");
  EXPECT_EQ(TypeOf("event.rnk < 3"), "1:1: unknown name `event.rnk` (nearest: `event.rank`)");
  EXPECT_EQ(TypeOf("has(event.rnk)"), "1:5: unknown name `event.rnk` (nearest: `event.rank`)");
  EXPECT_EQ(TypeOf("somewhere"), "1:1: unknown name `somewhere`");
}

TEST(CelChecker, TellsAnUnknownFunctionWithItsNearest) {
  EXPECT_EQ(TypeOf("event.surface.startWith('h')"),
            "1:15: unknown function `startWith` (nearest: `startsWith`)");
  EXPECT_EQ(TypeOf("contains('a', 'b')"),
            "1:1: unknown function `contains` (it is called as `x.contains(...)`)");
  EXPECT_EQ(TypeOf("'1'.int()"), "1:5: unknown function `int` (it is called as `int(x)`)");
  EXPECT_EQ(TypeOf("purpose.undr('a', 'b')"),
            "1:9: unknown function `undr` (nearest: `purpose.under`)");
}

TEST(CelChecker, TellsWhichTypesDoNotFit) {
  EXPECT_EQ(TypeOf("1 + 'a'"), "1:3: `+` does not take (int, string)");
  EXPECT_EQ(TypeOf("1 == 1u"), "1:3: `==` does not take (int, uint)");
  EXPECT_EQ(TypeOf("-true"), "1:1: `-` does not take (bool)");
  EXPECT_EQ(TypeOf("event.surface.contains(1)"),
            "1:15: `contains` does not take (string, int) (takes (string, string))");
  EXPECT_EQ(TypeOf("near(1, 'a')"), "1:1: `near` does not take (int, string)");
  EXPECT_EQ(TypeOf("rank && true"), "1:1: `&&` takes bool on both sides, not int");
  EXPECT_EQ(TypeOf("rank ? 1 : 2"), "1:1: `?` takes bool before it, not int");
  EXPECT_EQ(TypeOf("true ? 1 : 'a'"),
            "1:6: `? :` gives int or string: both sides must be of one type");
  EXPECT_EQ(TypeOf("{1.5: 1}"), "1:2: a key is an int, uint, bool or string, not double");
  EXPECT_EQ(TypeOf("rank.all(x, true)"), "1:1: a macro runs over a list or map, not int");
  EXPECT_EQ(TypeOf("[1].all(x, x)"), "1:12: the condition of a macro is bool, not int");
  EXPECT_EQ(TypeOf("rank.x"),
            "1:6: `.x` of a value of type int: only a map with string keys has fields");
}

TEST(CelChecker, TellsAllMistakesAtOnceAndEachOnce) {
  Problems problems;
  World world;
  EXPECT_EQ(Check("rnk + 1 > 2 || event.surface == 3", world.env, &problems), std::nullopt);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].message, "unknown name `rnk` (nearest: `rank`)");
  EXPECT_EQ(problems[1].message, "`==` does not take (string, int)");
}

TEST(CelChecker, TellsNoMoreThanAPersonReads) {
  std::string text = "a";
  for (int i = 0; i < 100; ++i) text += " || a";
  Problems problems;
  World world;
  EXPECT_EQ(Check(text, world.env, &problems), std::nullopt);
  EXPECT_EQ(problems.size(), 32u);
}

TEST(CelChecker, PrefersTheLongestName) {
  World world;
  world.env.variables = {{"a", Type::Map(TypeKind::kString, TypeKind::kInt)},
                         {"a.b", TypeKind::kInt}};
  const std::array<Value, 2> entries = {Value::String("b"), Value::Int(1)};
  world.values = {Value::Map(entries), Value::Int(2)};
  EXPECT_EQ(world.Of("a.b"), "2");
  EXPECT_EQ(world.Of("a['b']"), "1");
  EXPECT_EQ(world.Of("[{'b': 3}].map(a, a.b)"), "[3]");
  EXPECT_EQ(world.Of("[{'b': 3}].map(a, .a.b)"), "[2]");
}

TEST(CelChecker, FindsNothingWrongInTheUncheckedLanguage) {
  EXPECT_EQ(Dynamic("nothing || true"), "true");
  EXPECT_EQ(Dynamic("nothing(1) || true"), "true");
  EXPECT_EQ(Dynamic("nothing"), "failure(unknown name) at 0");
  EXPECT_EQ(Dynamic("1 + 'a'"), "failure(no overload for these types) at 2");
  EXPECT_EQ(Dynamic("1 + nothing(2)"), "failure(unknown function) at 4");
  EXPECT_EQ(Dynamic("size(1, 2, 3)"), "failure(no overload for these types) at 0");
}

TEST(CelChecker, NestsMacrosEightDeep) {
  std::string text = "true";
  for (int i = 0; i < 8; ++i) text = "[1].all(x" + std::to_string(i) + ", " + text + ")";
  EXPECT_EQ(TypeOf(text), "bool");
  EXPECT_TRUE(TypeOf("[1].all(y, " + text + ")").ends_with("macros nested deeper than 8"));
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include "policy/src/cel/guards.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

size_t Unguarded(std::string_view expression) {
  Problems problems;
  World world;
  const auto ast = Check(expression, world.env, &problems);
  EXPECT_TRUE(ast.has_value()) << expression;
  CheckGuards(*ast, world.env, &problems);
  return problems.size();
}

TEST(CelGuards, TellsAnOptionalFactThatIsReadWithoutHas) {
  Problems problems;
  World world;
  const auto ast = Check("rank > 1 && event.rank > 1", world.env, &problems);
  CheckGuards(*ast, world.env, &problems);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(ToText(problems[0]),
            "1:13: `event.rank` is optional and may be absent: write `has(event.rank) && ...`");
  EXPECT_EQ(problems[0].code, kUnguardedOptional);
}

TEST(CelGuards, AcceptsWhatStandsBehindHas) {
  EXPECT_EQ(Unguarded("has(event.rank) && event.rank > 1"), 0u);
  EXPECT_EQ(Unguarded("rank > 1 && has(event.rank) && event.rank > 1"), 0u);
  EXPECT_EQ(Unguarded("!has(event.rank) || event.rank > 1"), 0u);
  EXPECT_EQ(Unguarded("has(event.rank) ? event.rank > 1 : false"), 0u);
  EXPECT_EQ(Unguarded("!has(event.rank) ? false : event.rank > 1"), 0u);
  EXPECT_EQ(Unguarded("has(event.rank) && [1].all(x, event.rank > x)"), 0u);
  EXPECT_EQ(Unguarded("(has(event.rank) || has(event.rank)) && event.rank > 1"), 0u);
  EXPECT_EQ(Unguarded("!(!has(event.rank) || rank > 3) && event.rank > 1"), 0u);
}

TEST(CelGuards, RefusesWhatHasDoesNotShow) {
  EXPECT_EQ(Unguarded("has(event.rank) || event.rank > 1"), 1u);
  EXPECT_EQ(Unguarded("event.rank > 1 && has(event.rank)"), 1u);
  EXPECT_EQ(Unguarded("!has(event.rank) && event.rank > 1"), 1u);
  EXPECT_EQ(Unguarded("has(event.rank) ? true : event.rank > 1"), 1u);
  EXPECT_EQ(Unguarded("(has(event.rank) || rank > 1) && event.rank > 1"), 1u);
  EXPECT_EQ(Unguarded("(has(event.rank) && rank > 1) || event.rank > 1"), 1u);
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include "policy/src/cel/interpreter.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelInterpreter, CountsOneStepForEachNodeEvaluated) {
  World world;
  const auto steps = [&world](std::string_view expression) {
    world.Of(expression);
    return world.taken.steps;
  };
  EXPECT_EQ(steps("rank"), 1u);
  EXPECT_EQ(steps("rank + 1 > 2"), 5u);
  EXPECT_EQ(steps("rank > 9 && rank > 1"), 4u);
  EXPECT_EQ(steps("rank > 1 && rank > 1"), 7u);
  EXPECT_EQ(steps("rank > 1 ? 1 : rank + 1"), 5u);
  EXPECT_EQ(steps("has(event.rank)"), 1u);
  EXPECT_EQ(steps("model.labels.all(l, l != '')"), 2 + 2 * 3u);
  EXPECT_EQ(steps("near(rank, 1)"), 3u);
  EXPECT_EQ(steps("event.surface.matches('h')"), 3u);
}

TEST(CelInterpreter, EndsWhenItsStepsAreSpent) {
  World world;
  EXPECT_EQ(world.Of("rank + 1 > 2", 5), "true");
  EXPECT_EQ(world.Of("rank + 1 > 2", 4), "failure(the budget is spent) at 0");
}

TEST(CelInterpreter, LetsNothingAbsorbASpentBudget) {
  World world;
  EXPECT_EQ(world.Of("rank + 1 > 9 || true", 6), "failure(the budget is spent) at 0");
  EXPECT_EQ(world.Of("rank + 1 > 9 || true", 7), "true");
  EXPECT_EQ(world.Of("[rank, 1].exists(x, x == 3) || true", 5),
            "failure(the budget is spent) at 0");
}

TEST(CelInterpreter, BoundsLoopsInLoops) {
  std::string list = "[0";
  for (int i = 1; i < 100; ++i) list += ",0";
  list += "]";
  EXPECT_EQ(Evaluated(list + ".all(x, " + list + ".all(y, x == rank - 3))"),
            "failure(the budget is spent) at 0");
  EXPECT_EQ(Evaluated(list + ".all(x, x == rank - 3)"), "true");
}

TEST(CelInterpreter, BoundsWhatItBuilds) {
  // Each line doubles the text: forty of them would be a terabyte.
  World world;
  std::string text = "event.surface";
  for (int i = 0; i < 40; ++i) text = "[" + text + "].map(x, x + x)[0]";
  EXPECT_EQ(world.Of(text), "failure(the budget is spent) at 0");
}

TEST(CelInterpreter, TakesOneBranchOfAConditional) {
  EXPECT_EQ(Evaluated("rank == 3 ? 1 : 1 / 0"), "1");
  EXPECT_EQ(Evaluated("rank != 3 ? 1 / 0 : 2"), "2");
  EXPECT_EQ(Evaluated("1 / 0 == 0 ? 1 : 2"), "failure(division by zero) at 2");
  EXPECT_EQ(Dynamic("'a' ? 1 : 2"), "failure(no overload for these types) at 4");
}

TEST(CelInterpreter, TellsWhereAFactIsMissing) {
  EXPECT_EQ(Evaluated("rank > 1 && event.rank > 1"), "failure(the fact is absent) at 12");
  EXPECT_EQ(Evaluated("place == 'x'"), "failure(the fact is unknown) at 0");
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include "policy/src/cel/macros.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelMacros, ExpandsOnlyTheNamesAndShapesOfTheLanguage) {
  EXPECT_EQ(Evaluated("[1, 2].exists_one(x, x == 2)"), "true");
  EXPECT_EQ(ProblemOf("[1].exists(x)"), "1:5: unknown function `exists`");
  EXPECT_EQ(ProblemOf("[1].any(x, x == 1)"), "1:5: unknown function `any`");
}

TEST(CelMacros, WantsASimpleName) {
  EXPECT_EQ(ProblemOf("[1].all(1, true)"),
            "1:9: the first argument of `all` is a simple name: `list.all(x, ...)`");
  EXPECT_EQ(ProblemOf("[1].map(a.b, true)"),
            "1:11: the first argument of `map` is a simple name: `list.map(x, ...)`");
}

TEST(CelMacros, WantsASelectionInHas) {
  EXPECT_EQ(ProblemOf("has(rank)"), "1:5: `has` takes a selection such as `event.rank`");
  EXPECT_EQ(Evaluated("has(event.rank)"), "false");
}

TEST(CelMacros, HidesNamesWithTheVariable) {
  EXPECT_EQ(Evaluated("[1].all(rank, rank == 1) && rank == 3"), "true");
  EXPECT_EQ(Evaluated("[[1], [2]].all(x, x.all(x, x > 0))"), "true");
  EXPECT_EQ(Evaluated("[{'surface': 'x'}].all(event, event.surface == 'x')"), "true");
}

TEST(CelMacros, RunsOverTheKeysOfAMap) {
  EXPECT_EQ(Evaluated("{'a': 1, 'b': 2}.filter(k, k != 'a')"), "[\"b\"]");
}

}  // namespace
}  // namespace lineward::policy::cel

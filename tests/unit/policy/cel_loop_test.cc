#include <gtest/gtest.h>

#include "policy/src/cel/loop.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelLoop, EndsAsSoonAsTheResultIsKnown) {
  World world;
  EXPECT_EQ(world.Of("[1, 2, 3, rank].exists(x, x == 1)"), "true");
  const uint64_t first = world.taken.steps;
  EXPECT_EQ(world.Of("[1, 2, 3, rank].exists(x, x == 3)"), "true");
  EXPECT_EQ(world.taken.steps, first + 6);  // three nodes for each of two more elements
}

TEST(CelLoop, AbsorbsFailuresInAllAndExistsOnly) {
  EXPECT_EQ(Evaluated("[0, 1].exists(x, 1 / x == 1)"), "true");
  EXPECT_EQ(Evaluated("[0, 2].exists(x, 1 / x == 1)"), "failure(division by zero) at 19");
  EXPECT_EQ(Evaluated("[0, 2].all(x, 1 / x == 1)"), "false");
  EXPECT_EQ(Evaluated("[0, 1].all(x, 1 / x == 1)"), "failure(division by zero) at 16");
  EXPECT_EQ(Evaluated("[1, 1, 0].exists_one(x, 1 / x == 1)"), "failure(division by zero) at 26");
  EXPECT_EQ(Evaluated("[1, 0].filter(x, 1 / x == 1)"), "failure(division by zero) at 19");
  EXPECT_EQ(Evaluated("[1, 0].map(x, 1 / x)"), "failure(division by zero) at 16");
}

TEST(CelLoop, FiltersMapsAndCounts) {
  EXPECT_EQ(Evaluated("[1, rank, 5].filter(x, x > 2)"), "[3, 5]");
  EXPECT_EQ(Evaluated("[1, rank, 5].map(x, x * 2)"), "[2, 6, 10]");
  EXPECT_EQ(Evaluated("[1, rank, 5].map(x, x > 2, x * 2)"), "[6, 10]");
  EXPECT_EQ(Evaluated("[1, rank].map(x, x > 2, 1 / 0)"), "failure(division by zero) at 26");
  EXPECT_EQ(Evaluated("[0, rank].map(x, 1 / x > 2, x)"), "failure(division by zero) at 19");
  EXPECT_EQ(Evaluated("[rank, 3].exists_one(x, x == 3)"), "false");
  EXPECT_EQ(Evaluated("[rank, 4].exists_one(x, x == 3)"), "true");
}

TEST(CelLoop, GivesTheNeutralResultForNothing) {
  EXPECT_EQ(Evaluated("[].all(x, false)"), "true");
  EXPECT_EQ(Evaluated("[].exists(x, true)"), "false");
  EXPECT_EQ(Evaluated("{}.exists_one(x, true)"), "false");
  EXPECT_EQ(Evaluated("model.labels.filter(x, false).map(x, x)"), "[]");
}

TEST(CelLoop, NestsAndReadsOuterElements) {
  EXPECT_EQ(Evaluated("[1, 2].map(x, [3, 4].map(y, x * y + rank))"), "[[6, 7], [9, 11]]");
  EXPECT_EQ(Evaluated("[1, 2].all(x, [x].exists(y, y == x))"), "true");
}

TEST(CelLoop, WantsAConditionAndARange) {
  EXPECT_EQ(Dynamic("[1].all(x, x)"), "failure(no overload for these types) at 4");
  EXPECT_EQ(Dynamic("[1].filter(x, x)"), "failure(no overload for these types) at 4");
  EXPECT_EQ(Dynamic("(1).all(x, true)"), "failure(no overload for these types) at 4");
  EXPECT_EQ(Dynamic("[1, 'a'].all(x, x == 1)"), "false");
}

}  // namespace
}  // namespace lineward::policy::cel

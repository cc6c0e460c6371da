#include <gtest/gtest.h>

#include "policy/src/cel/containers.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelContainers, FindsByAnyNumberThatIsEqual) {
  EXPECT_EQ(Dynamic("[7, 8][dyn(1.0)]"), "8");
  EXPECT_EQ(Dynamic("[7, 8][1u]"), "8");
  EXPECT_EQ(Dynamic("{1: 'a'}[1.0]"), "\"a\"");
  EXPECT_EQ(Dynamic("{1u: 'a'}[1]"), "\"a\"");
  EXPECT_EQ(Dynamic("{1: 'a'}[1.5]"), "failure(no such key) at 8");
}

TEST(CelContainers, FailsOutsideOfThem) {
  EXPECT_EQ(Evaluated("[1][1]"), "failure(index out of bounds) at 3");
  EXPECT_EQ(Evaluated("[1][-1]"), "failure(index out of bounds) at 3");
  EXPECT_EQ(Dynamic("[1][0.5]"), "failure(index out of bounds) at 3");
  EXPECT_EQ(Dynamic("[1]['a']"), "failure(no overload for these types) at 3");
  EXPECT_EQ(Evaluated("{'a': 1}.b"), "failure(no such key) at 9");
  EXPECT_EQ(Dynamic("rank.a"), "failure(no overload for these types) at 5");
  EXPECT_EQ(Dynamic("'a' in 'abc'"), "failure(no overload for these types) at 4");
}

TEST(CelContainers, RefusesKeysTwiceAndOddKeys) {
  EXPECT_EQ(Evaluated("{'a': 1, 'a': 2}"), "failure(duplicate key) at 0");
  EXPECT_EQ(Dynamic("{0: 1, 0u: 2}"), "failure(duplicate key) at 0");
  EXPECT_EQ(Dynamic("{1.0: 1}"), "failure(a key is an int, uint, bool or string) at 0");
  EXPECT_EQ(Dynamic("{null: 1}"), "failure(a key is an int, uint, bool or string) at 0");
}

TEST(CelContainers, CarriesTheFailureOfAMember) {
  EXPECT_EQ(Evaluated("[1, 1 / 0, place]"), "failure(division by zero) at 6");
  EXPECT_EQ(Evaluated("{'a': 1 / 0}"), "failure(division by zero) at 8");
}

TEST(CelContainers, KnowsWhatIsIn) {
  EXPECT_EQ(Evaluated("'synthetic' in model.labels"), "true");
  EXPECT_EQ(Evaluated("event.surface in ['search', 'home']"), "true");
  EXPECT_EQ(Evaluated("event.surface in {'search': 1}"), "false");
  EXPECT_EQ(Evaluated("has({'a': 1}.a) && !has({'a': 1}.b)"), "true");
}

}  // namespace
}  // namespace lineward::policy::cel

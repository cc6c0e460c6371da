#include <gtest/gtest.h>

#include "policy/src/cel/functions.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelFunctions, AbsorbsFailuresOnEitherSideOfAndAndOr) {
  EXPECT_EQ(Evaluated("1 / 0 > 0 && false"), "false");
  EXPECT_EQ(Evaluated("false && 1 / 0 > 0"), "false");
  EXPECT_EQ(Evaluated("1 / 0 > 0 || true"), "true");
  EXPECT_EQ(Evaluated("1 / 0 > 0 && true"), "failure(division by zero) at 2");
  EXPECT_EQ(Evaluated("place == 'x' || 1 / 0 > 0"), "failure(the fact is unknown) at 0");
  EXPECT_EQ(Dynamic("'a' && false"), "false");
  EXPECT_EQ(Dynamic("'a' || true"), "true");
  EXPECT_EQ(Dynamic("'a' && true"), "failure(no overload for these types) at 4");
}

TEST(CelFunctions, CarriesTheFirstFailureOfTheArguments) {
  EXPECT_EQ(Evaluated("1 / 0 + 9223372036854775807 * 2"), "failure(division by zero) at 2");
  EXPECT_EQ(Evaluated("near(rank, 1 / 0)"), "failure(division by zero) at 13");
}

TEST(CelFunctions, AsksTheHost) {
  EXPECT_EQ(Evaluated("near(rank, 2) && !near(rank, 9)"), "true");
  EXPECT_EQ(Evaluated("purpose.under('dpv:Marketing', 'dpv:')"), "true");
  const std::array<Value, 1> arguments = {Value::Int(1)};
  Scratch scratch;
  EXPECT_EQ(CallHost(Activation(), 0, arguments, &scratch).failure(), Failure::kUnknownFunction);
}

TEST(CelFunctions, AsksWhetherAFactIsThere) {
  EXPECT_EQ(Evaluated("has(event.rank)"), "false");
  EXPECT_EQ(Evaluated("has(event.surface)"), "true");
  EXPECT_EQ(HasVariable(Value::Failed(Failure::kUnknownFact)).failure(), Failure::kUnknownFact);
}

TEST(CelFunctions, KnowsTypes) {
  EXPECT_EQ(Evaluated("type(rank) == int && type(int) == type && type(1u) != int"), "true");
  EXPECT_EQ(Evaluated("type(timestamp(0)) == google.protobuf.Timestamp"), "true");
}

TEST(CelFunctions, NegatesBoolsOnly) {
  EXPECT_EQ(Evaluated("!(rank > 3)"), "true");
  EXPECT_EQ(Dynamic("!0"), "failure(no overload for these types) at 0");
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include "policy/src/cel/folding.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

size_t Instructions(std::string_view expression) {
  Problems problems;
  World world;
  const auto ast = Check(expression, world.env, &problems);
  return CompileProgram(*ast)->code.size();
}

TEST(CelFolding, EvaluatesConstantPartsOnce) {
  EXPECT_EQ(Instructions("1 + 2 * 3 == 7"), 2u);
  EXPECT_EQ(Instructions("event.surface in ['a', 'b', 'c']"), 4u);
  EXPECT_EQ(Instructions("[1, 2].map(x, [x].all(y, y == x))"), 2u);
  EXPECT_EQ(Instructions("rank > size('abc')"), 4u);
}

TEST(CelFolding, LeavesWhatDependsOnFactsOrFails) {
  EXPECT_GT(Instructions("[1, 2].all(x, x < rank)"), 4u);
  EXPECT_GT(Instructions("1 / 0 == 0"), 4u);
  EXPECT_GT(Instructions("timestamp(0).getHours('Asia/Tokyo') == 9"), 3u);
  EXPECT_EQ(Evaluated("rank == 3 || 1 / 0 == 0"), "true");
}

TEST(CelFolding, TakesTheStepsOfWhatItFolded) {
  World world;
  EXPECT_EQ(world.Of("1 + 2 == 3"), "true");
  EXPECT_EQ(world.taken.steps, 5u);
  EXPECT_EQ(world.Of("rank in [1, 2, 3]"), "true");
  EXPECT_EQ(world.taken.steps, 6u);
}

TEST(CelFolding, KeepsNothingThatIsVeryLarge) {
  std::vector<std::vector<Value>> lists(41);
  lists[0] = {Value::Int(1)};
  for (size_t i = 1; i < lists.size(); ++i) {
    lists[i] = {Value::List(lists[i - 1]), Value::List(lists[i - 1])};
  }
  Program program;
  EXPECT_EQ(Keep(Value::List(lists[40]), &program), std::nullopt);
  EXPECT_EQ(Keep(Value::String(std::string(70'000, 'x')), &program), std::nullopt);
  EXPECT_TRUE(program.texts.empty());
  EXPECT_TRUE(program.values.empty());
}

TEST(CelFolding, OwnsWhatItKeeps) {
  Program program;
  std::optional<Value> kept;
  {
    const std::string text = "a text that is not in the small buffer";
    const std::vector<Value> items = {Value::String(text), Value::Int(1)};
    kept = Keep(Value::List(items), &program);
  }
  EXPECT_EQ(ToText(*kept), "[\"a text that is not in the small buffer\", 1]");
}

}  // namespace
}  // namespace lineward::policy::cel

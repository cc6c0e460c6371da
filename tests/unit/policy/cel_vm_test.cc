#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <span>
#include <string>

#include "policy/src/cel/vm.h"
#include "tests/support/seed.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

// Random expressions of a small grammar, well or badly typed.
class Writer {
 public:
  explicit Writer(uint64_t seed) : random_(seed) {}

  std::string Expression(int depth) {
    if (depth == 0) return Pick(kLeaves);
    const auto sub = [this, depth] { return Expression(depth - 1); };
    switch (random_() % 9) {
      case 0:
        return "(" + sub() + " " + Pick(kOperators) + " " + sub() + ")";
      case 1:
        return "(" + sub() + " && " + sub() + ")";
      case 2:
        return "(" + sub() + " || " + sub() + ")";
      case 3:
        return "(" + sub() + " ? " + sub() + " : " + sub() + ")";
      case 4:
        return "[" + sub() + ", " + sub() + "]";
      case 5:
        return sub() + "." + Pick(kMacros) + "(x, " + sub() + ")";
      case 6:
        return Pick(kFunctions) + "(" + sub() + ")";
      case 7:
        return "{" + sub() + ": " + sub() + "}[" + sub() + "]";
      default:
        return Pick(kLeaves);
    }
  }

 private:
  std::string Pick(std::span<const std::string_view> texts) {
    return std::string(texts[random_() % texts.size()]);
  }

  static constexpr std::array<std::string_view, 16> kLeaves = {
      "1",    "0",    "-1",    "2u",    "1.5", "'a'",          "true",          "false",
      "null", "rank", "share", "place", "x",   "model.labels", "event.surface", "event.rank"};
  static constexpr std::array<std::string_view, 14> kOperators = {
      "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "+", "=="};
  static constexpr std::array<std::string_view, 5> kMacros = {"all", "exists", "exists_one",
                                                              "filter", "map"};
  static constexpr std::array<std::string_view, 8> kFunctions = {"!",      "-",      "size", "int",
                                                                 "string", "double", "type", "dyn"};

  std::mt19937_64 random_;
};

TEST(CelVm, GivesWhatTheInterpreterGivesOnRandomExpressions) {
  Writer writer(support::Seed());
  World world;
  world.env.is_dynamic = true;
  std::map<bool, int> failed;
  for (int i = 0; i < 20'000; ++i) {
    const std::string expression = writer.Expression(1 + i % 4);
    const std::string result = world.Of(expression);  // compares both engines
    ++failed[result.starts_with("failure")];
    ASSERT_FALSE(testing::Test::HasFailure()) << expression << ", seed " << support::Seed();
  }
  EXPECT_GT(failed[true], 2'000);
  EXPECT_GT(failed[false], 2'000);
}

TEST(CelVm, GivesTheSameUnderEveryBudget) {
  World world;
  for (std::string_view expression :
       {"rank > 1 && [1, 2, rank].exists(x, x == 3 && 'a' in ['b', 'a'])",
        "model.labels.map(l, size(l) > 3, l + l)", "rank > 3 ? 1 + 2 : size([1, rank])"}) {
    for (uint64_t steps = 0; steps < 60; ++steps) world.Of(expression, steps);  // compares both
  }
}

TEST(CelVm, ChecksTheKindsThatTypedInstructionsWant) {
  World world;
  world.values[0] = Value::String("not an int");
  EXPECT_EQ(world.Of("rank < 5"), "failure(no overload for these types) at 5");
  EXPECT_EQ(world.Of("rank + 5 == 1"), "failure(no overload for these types) at 5");
  world.values[0] = Value::Failed(Failure::kUnknownFact);
  EXPECT_EQ(world.Of("rank + 5 == 1"), "failure(the fact is unknown) at 0");
}

TEST(CelVm, RunsOneProgramOnManyFacts) {
  World world;
  Problems problems;
  const auto ast = Check("rank > 2 && event.surface == 'home'", world.env, &problems);
  const auto program = CompileProgram(*ast);
  for (int64_t rank = 0; rank < 5; ++rank) {
    world.values[0] = Value::Int(rank);
    const Activation activation{world.values, &world};
    EXPECT_EQ(cel::Run(*program, activation, &world.scratch).as_bool(), rank > 2);
  }
}

}  // namespace
}  // namespace lineward::policy::cel

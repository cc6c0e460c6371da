#include <gtest/gtest.h>

#include "policy/src/cel/compiler.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

std::vector<Op> Ops(std::string_view expression) {
  Problems problems;
  World world;
  const auto ast = Check(expression, world.env, &problems);
  const auto program = CompileProgram(*ast);
  std::vector<Op> ops;
  for (const Instruction& instruction : program->code) ops.push_back(instruction.op);
  return ops;
}

TEST(CelCompiler, ChoosesTypedInstructionsWhereTypesAreKnown) {
  EXPECT_EQ(Ops("rank < 5"),
            (std::vector<Op>{Op::kVariable, Op::kConstant, Op::kLessInt, Op::kReturn}));
  EXPECT_EQ(Ops("share >= 0.5")[2], Op::kGreaterEqualDouble);
  EXPECT_EQ(Ops("event.surface != 'x'")[2], Op::kNotEqualString);
  EXPECT_EQ(Ops("rank < share")[2], Op::kCall);
}

TEST(CelCompiler, CompilesLiteralPatternsBeforehand) {
  EXPECT_EQ(Ops("event.surface.matches('h')"),
            (std::vector<Op>{Op::kVariable, Op::kMatches, Op::kReturn}));
  EXPECT_EQ(Ops("event.surface.matches(place)")[2], Op::kCall);
}

TEST(CelCompiler, JumpsOverTheRightSideOnceTheLeftDecides) {
  EXPECT_EQ(Ops("rank > 1 && rank < 5")[3], Op::kJumpIfFalse);
  EXPECT_EQ(Ops("rank > 1 || rank < 5")[3], Op::kJumpIfTrue);
}

TEST(CelCompiler, RefusesWhatNeedsTooLargeAStack) {
  std::string list = "[rank";
  for (int i = 1; i < 2'000; ++i) list += ",rank";
  EXPECT_EQ(Evaluated(list + "]"),
            "RESOURCE_EXHAUSTED: the expression needs a stack of 2000 values, at most 1024");
}

TEST(CelCompiler, NeedsNothingOfTheTreeAfterwards) {
  World world;
  std::optional<Program> program;
  {
    Problems problems;
    const auto ast = Check(
        "event.surface == 'a text longer than its buffer' || "
        "{'a field longer than its buffer': rank}.`a field longer than its buffer` == 3",
        world.env, &problems);
    program = std::move(*CompileProgram(*ast));
  }
  const Activation activation{world.values, &world};
  EXPECT_TRUE(cel::Run(*program, activation, &world.scratch).is_true());
}

}  // namespace
}  // namespace lineward::policy::cel

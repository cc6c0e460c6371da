#pragma once

// Expressions evaluated in both engines: what they give must agree in value, place and steps.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "policy/src/cel/checker.h"
#include "policy/src/cel/compiler.h"
#include "policy/src/cel/interpreter.h"
#include "policy/src/cel/vm.h"

namespace lineward::policy::cel {

// A small world: a few variables, and a host that answers `near(a, b)` and `purpose.under(p, q)`.
class World : public Host {
 public:
  World() {
    env.variables = {{"rank", TypeKind::kInt},
                     {"event.rank", TypeKind::kInt, true},
                     {"event.surface", TypeKind::kString},
                     {"model.labels", Type::List(TypeKind::kString)},
                     {"share", TypeKind::kDouble},
                     {"place", TypeKind::kString}};
    env.functions = {{"near", {TypeKind::kInt, TypeKind::kInt}, TypeKind::kBool},
                     {"purpose.under", {TypeKind::kString, TypeKind::kString}, TypeKind::kBool}};
    values = {Value::Int(3),         Value::Failed(Failure::kAbsent),
              Value::String("home"), Value::List(labels_),
              Value::Double(0.25),   Value::Failed(Failure::kUnknownFact)};
  }

  Value Call(uint32_t index, std::span<const Value> arguments, Scratch*) const noexcept override {
    if (index == 0) return Value::Bool(std::abs(arguments[0].as_int() - arguments[1].as_int()) < 2);
    return Value::Bool(arguments[0].text().starts_with(arguments[1].text()));
  }

  // What `expression` gives, as text: a value, `failure(...) at 7`, or the first problem.
  std::string Of(std::string_view expression, uint64_t steps = kStepsMax) {
    Problems problems;
    const std::optional<Ast> ast = Check(expression, env, &problems);
    if (!ast) return ToText(problems.at(0));
    const Activation activation{values, this};
    const std::string interpreted = Told(Interpret(*ast, activation, &scratch, steps));
    taken = scratch.taken();
    const auto program = CompileProgram(*ast);
    if (!program.ok()) return program.status().ToString();
    const Value run = cel::Run(*program, activation, &scratch, steps);
    EXPECT_EQ(Told(run), interpreted) << expression;
    if (!scratch.is_exhausted()) {
      EXPECT_EQ(scratch.taken().steps, taken.steps) << expression;
      EXPECT_EQ(scratch.taken().work, taken.work) << expression;
      EXPECT_EQ(scratch.taken().arena, taken.arena) << expression;
    }
    return interpreted;
  }

  Env env;
  std::vector<Value> values;
  Scratch scratch;
  Scratch::Taken taken;  // by the last expression

 private:
  static std::string Told(const Value& value) {
    std::string text = ToText(value);
    if (value.is_failure()) text += " at " + std::to_string(value.offset().value_or(9999));
    return text;
  }

  const std::array<Value, 2> labels_ = {Value::String("synthetic"), Value::String("licensed")};
};

// The unchecked language.
inline std::string Dynamic(std::string_view expression) {
  World world;
  world.env.is_dynamic = true;
  return world.Of(expression);
}

inline std::string Evaluated(std::string_view expression) { return World().Of(expression); }

// The first problem of an expression, or nothing.
inline std::string ProblemOf(std::string_view expression) {
  Problems problems;
  World world;
  (void)Check(expression, world.env, &problems);
  return problems.empty() ? "" : ToText(problems[0]);
}

}  // namespace lineward::policy::cel

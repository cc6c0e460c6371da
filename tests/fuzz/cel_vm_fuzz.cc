// Any expression in the unchecked language, in interpreter and VM: the same value, failure, place
// and cost, however small the budget. First byte: steps and arena; then the expression.

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lineward/base/check.h"
#include "policy/src/cel/checker.h"
#include "policy/src/cel/compiler.h"
#include "policy/src/cel/interpreter.h"
#include "policy/src/cel/vm.h"

namespace {

using namespace lineward::policy::cel;  // NOLINT: a fuzz target of one namespace

const Env& World() {
  static const Env& env = *new Env{
      .variables = {{"rank", TypeKind::kInt},
                    {"share", TypeKind::kDouble},
                    {"event.rank", TypeKind::kInt, true},
                    {"event.surface", TypeKind::kString},
                    {"labels", Type::List(TypeKind::kString)},
                    {"at", TypeKind::kTimestamp}},
      .functions = {{"purpose.under", {TypeKind::kString, TypeKind::kString}, TypeKind::kBool}},
      .is_dynamic = true};
  return env;
}

class Answers : public Host {
 public:
  Value Call(uint32_t, std::span<const Value> arguments, Scratch*) const noexcept override {
    if (!arguments[0].is(Kind::kString)) return Value::Failed(Failure::kNoOverload);
    return Value::Bool(arguments[0].size() % 2 == 0);
  }
};

// Items that are shared many times over are compared so often at most.
constexpr int kComparedMax = 10'000;

bool IsSame(const Value& a, const Value& b, int* left) {
  if (--*left < 0) return true;
  if (a.kind() != b.kind()) return false;
  if (a.is_failure()) return a.failure() == b.failure() && a.offset() == b.offset();
  if (a.is(Kind::kDouble) && std::isnan(a.as_double())) return std::isnan(b.as_double());
  if (!a.is(Kind::kList) && !a.is(Kind::kMap)) return ToText(a) == ToText(b);
  if (a.size() != b.size()) return false;
  const auto items = a.is(Kind::kList) ? a.items() : a.entries();
  const auto others = a.is(Kind::kList) ? b.items() : b.entries();
  for (size_t i = 0; i < items.size() && *left > 0; ++i) {
    if (!IsSame(items[i], others[i], left)) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint64_t steps = (data[0] & 1) != 0 ? data[0] : kStepsMax;
  const uint32_t arena = (data[0] & 2) != 0 ? 1'024 : kArenaBytes;
  const std::string_view source(reinterpret_cast<const char*>(data) + 1, size - 1);
  Problems problems;
  const auto ast = Check(source, World(), &problems);
  if (!ast) return 0;
  const auto program = CompileProgram(*ast);
  if (!program.ok()) return 0;

  const std::vector<Value> labels = {Value::String("synthetic"), Value::String("licensed")};
  const std::vector<Value> variables = {
      Value::Int(3),         Value::Double(0.25), Value::Failed(Failure::kAbsent),
      Value::String("home"), Value::List(labels), Value::Timestamp(1'772'366'400, 5)};
  const Answers answers;
  const Activation activation{variables, &answers};
  Scratch first(arena);
  Scratch second(arena);
  const Value interpreted = Interpret(*ast, activation, &first, steps);
  const Value run = Run(*program, activation, &second, steps);
  int left = kComparedMax;
  LW_CHECK(IsSame(interpreted, run, &left));
  LW_CHECK(first.is_exhausted() == second.is_exhausted());
  if (!first.is_exhausted()) {
    LW_CHECK(first.taken().steps == second.taken().steps);
    LW_CHECK(first.taken().work == second.taken().work);
    LW_CHECK(first.taken().arena == second.taken().arena);
  }
  return 0;
}

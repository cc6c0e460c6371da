#include "policy/src/cel/functions.h"

#include <compare>

#include "policy/src/cel/arithmetic.h"
#include "policy/src/cel/compare.h"
#include "policy/src/cel/containers.h"
#include "policy/src/cel/conversions.h"
#include "policy/src/cel/texts.h"
#include "policy/src/cel/times.h"

namespace lineward::policy::cel {
namespace {

Value Failed(Failure failure) { return Value::Failed(failure); }

Value Equality(Function function, const Value& a, const Value& b, Scratch* scratch) noexcept {
  const std::optional<bool> equal = AreEqual(a, b, scratch);
  if (!equal) return Failed(Failure::kBudgetSpent);
  return Value::Bool(*equal == (function == Function::kEqual));
}

Value Comparison(Function function, const Value& a, const Value& b, Scratch* scratch) noexcept {
  const std::optional<std::partial_ordering> order = Order(a, b, scratch);
  if (!order) return Failed(Failure::kNoOverload);
  switch (function) {
    case Function::kLess:
      return Value::Bool(*order < 0);
    case Function::kLessEqual:
      return Value::Bool(*order <= 0);
    case Function::kGreater:
      return Value::Bool(*order > 0);
    default:
      return Value::Bool(*order >= 0);
  }
}

Value Field(Function function, std::span<const Value> arguments,
            const Activation& activation) noexcept {
  const Value& time = arguments[0];
  if (time.is(Kind::kDuration) && arguments.size() == 1) return DurationField(function, time);
  if (!time.is(Kind::kTimestamp)) return Failed(Failure::kNoOverload);
  if (arguments.size() == 1) return TimeField(function, time, "UTC", activation);
  if (!arguments[1].is(Kind::kString)) return Failed(Failure::kNoOverload);
  return TimeField(function, time, arguments[1].text(), activation);
}

Value CallUnary(Function function, const Value& a, Scratch* scratch) noexcept {
  switch (function) {
    case Function::kNegate:
      return Negate(a);
    case Function::kNot:
      return a.is(Kind::kBool) ? Value::Bool(!a.as_bool()) : Failed(Failure::kNoOverload);
    case Function::kSize:
      return SizeOf(a, scratch);
    case Function::kToBool:
      return ToBool(a);
    case Function::kToInt:
      return ToInt(a);
    case Function::kToUint:
      return ToUint(a);
    case Function::kToDouble:
      return ToDouble(a);
    case Function::kToString:
      return ToString(a, scratch);
    case Function::kToBytes:
      return ToBytes(a);
    case Function::kToTimestamp:
      return ToTimestamp(a);
    case Function::kToDuration:
      return ToDuration(a);
    case Function::kDyn:
      return a;
    case Function::kTypeOf:
      return Value::TypeNamed(TypeNameOf(a));
    default:
      return Failed(Failure::kNoOverload);
  }
}

Value CallBinary(Function function, const Value& a, const Value& b, Scratch* scratch) noexcept {
  switch (function) {
    case Function::kAdd:
    case Function::kSubtract:
    case Function::kMultiply:
    case Function::kDivide:
    case Function::kModulo:
      return Calculate(function, a, b, scratch);
    case Function::kEqual:
    case Function::kNotEqual:
      return Equality(function, a, b, scratch);
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
      return Comparison(function, a, b, scratch);
    case Function::kIn:
      return Contains(a, b, scratch);
    case Function::kIndex:
      return Index(a, b, scratch);
    case Function::kContains:
    case Function::kStartsWith:
    case Function::kEndsWith:
      return TestText(function, a, b, scratch);
    case Function::kMatches:
      return Matches(a, b, scratch);
    default:
      return Failed(Failure::kNoOverload);
  }
}

}  // namespace

Value Call(Function function, std::span<const Value> arguments, const Activation& activation,
           Scratch* scratch) noexcept {
  for (const Value& argument : arguments) {
    if (argument.is_failure()) return argument;
  }
  if (function >= Function::kGetFullYear) return Field(function, arguments, activation);
  return arguments.size() == 1 ? CallUnary(function, arguments[0], scratch)
                               : CallBinary(function, arguments[0], arguments[1], scratch);
}

Value And(const Value& a, const Value& b) noexcept {
  if (a.is_false() || b.is_false()) return Value::Bool(false);
  if (a.is_true() && b.is_true()) return Value::Bool(true);
  if (a.is_failure()) return a;
  return b.is_failure() ? b : Failed(Failure::kNoOverload);
}

Value Or(const Value& a, const Value& b) noexcept {
  if (a.is_true() || b.is_true()) return Value::Bool(true);
  if (a.is_false() && b.is_false()) return Value::Bool(false);
  if (a.is_failure()) return a;
  return b.is_failure() ? b : Failed(Failure::kNoOverload);
}

Value CallHost(const Activation& activation, uint32_t index, std::span<const Value> arguments,
               Scratch* scratch) noexcept {
  for (const Value& argument : arguments) {
    if (argument.is_failure()) return argument;
  }
  if (activation.host == nullptr) return Failed(Failure::kUnknownFunction);
  return activation.host->Call(index, arguments, scratch);
}

Value HasVariable(const Value& variable) noexcept {
  if (!variable.is_failure()) return Value::Bool(true);
  return variable.failure() == Failure::kAbsent ? Value::Bool(false) : variable;
}

}  // namespace lineward::policy::cel

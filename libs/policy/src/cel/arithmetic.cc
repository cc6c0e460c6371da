#include "policy/src/cel/arithmetic.h"

#include <cstring>
#include <limits>

#include "policy/src/cel/containers.h"
#include "policy/src/cel/times.h"

namespace lineward::policy::cel {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();

Value Failed(Failure failure) { return Value::Failed(failure); }

Value CalculateInts(Function function, int64_t a, int64_t b) noexcept {
  int64_t result = 0;
  bool is_over = false;
  switch (function) {
    case Function::kAdd:
      is_over = __builtin_add_overflow(a, b, &result);
      break;
    case Function::kSubtract:
      is_over = __builtin_sub_overflow(a, b, &result);
      break;
    case Function::kMultiply:
      is_over = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      if (b == 0) return Failed(Failure::kDivideByZero);
      if (a == kLowest && b == -1) return Failed(Failure::kOverflow);
      result = function == Function::kDivide ? a / b : a % b;
  }
  return is_over ? Failed(Failure::kOverflow) : Value::Int(result);
}

Value CalculateUints(Function function, uint64_t a, uint64_t b) noexcept {
  uint64_t result = 0;
  bool is_over = false;
  switch (function) {
    case Function::kAdd:
      is_over = __builtin_add_overflow(a, b, &result);
      break;
    case Function::kSubtract:
      is_over = __builtin_sub_overflow(a, b, &result);
      break;
    case Function::kMultiply:
      is_over = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      if (b == 0) return Failed(Failure::kDivideByZero);
      result = function == Function::kDivide ? a / b : a % b;
  }
  return is_over ? Failed(Failure::kOverflow) : Value::Uint(result);
}

Value CalculateDoubles(Function function, double a, double b) noexcept {
  switch (function) {
    case Function::kAdd:
      return Value::Double(a + b);
    case Function::kSubtract:
      return Value::Double(a - b);
    case Function::kMultiply:
      return Value::Double(a * b);
    case Function::kDivide:
      return Value::Double(a / b);
    default:
      return Failed(Failure::kNoOverload);
  }
}

Value JoinTexts(const Value& a, const Value& b, Scratch* scratch) noexcept {
  const size_t bytes = size_t{a.size()} + b.size();
  char* text = scratch->NewChars(bytes);
  if (text == nullptr) return Failed(Failure::kBudgetSpent);
  if (a.size() > 0) std::memcpy(text, a.text().data(), a.size());
  if (b.size() > 0) std::memcpy(text + a.size(), b.text().data(), b.size());
  return a.is(Kind::kString) ? Value::String({text, bytes}) : Value::Bytes({text, bytes});
}

Value CalculateTimes(Function function, const Value& a, const Value& b) noexcept {
  const bool is_plus = function == Function::kAdd;
  if (!is_plus && function != Function::kSubtract) return Failed(Failure::kNoOverload);
  if (a.is(Kind::kDuration) && b.is(Kind::kDuration)) {
    const Value sum = CalculateInts(function, a.duration_nanos(), b.duration_nanos());
    return sum.is_failure() ? sum : Value::Duration(sum.as_int());
  }
  if (a.is(Kind::kTimestamp) && b.is(Kind::kDuration)) {
    return Shifted(a, b.duration_nanos(), is_plus);
  }
  if (a.is(Kind::kDuration) && b.is(Kind::kTimestamp) && is_plus) {
    return Shifted(b, a.duration_nanos(), true);
  }
  if (a.is(Kind::kTimestamp) && b.is(Kind::kTimestamp) && !is_plus) return Difference(a, b);
  return Failed(Failure::kNoOverload);
}

}  // namespace

Value Calculate(Function function, const Value& a, const Value& b, Scratch* scratch) noexcept {
  if (a.is(Kind::kTimestamp) || a.is(Kind::kDuration)) return CalculateTimes(function, a, b);
  if (a.kind() != b.kind()) return Failed(Failure::kNoOverload);
  switch (a.kind()) {
    case Kind::kInt:
      return CalculateInts(function, a.as_int(), b.as_int());
    case Kind::kUint:
      return CalculateUints(function, a.as_uint(), b.as_uint());
    case Kind::kDouble:
      return CalculateDoubles(function, a.as_double(), b.as_double());
    case Kind::kString:
    case Kind::kBytes:
      if (function == Function::kAdd) return JoinTexts(a, b, scratch);
      break;
    case Kind::kList:
      if (function == Function::kAdd) return JoinLists(a, b, scratch);
      break;
    default:
      break;
  }
  return Failed(Failure::kNoOverload);
}

Value Negate(const Value& a) noexcept {
  if (a.is(Kind::kDouble)) return Value::Double(-a.as_double());
  if (!a.is(Kind::kInt)) return Failed(Failure::kNoOverload);
  if (a.as_int() == kLowest) return Failed(Failure::kOverflow);
  return Value::Int(-a.as_int());
}

}  // namespace lineward::policy::cel

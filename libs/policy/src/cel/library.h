#pragma once

// The functions and operators of the language with their overloads: data that checker and profile
// read. What they do stands in functions.h. Immutable; any thread.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/src/cel/type.h"

namespace lineward::policy::cel {

enum class Function : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kNegate,
  kNot,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kIndex,
  kSize,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kToBool,
  kToInt,
  kToUint,
  kToDouble,
  kToString,
  kToBytes,
  kToTimestamp,
  kToDuration,
  kDyn,
  kTypeOf,
  kGetFullYear,
  kGetMonth,
  kGetDate,
  kGetDayOfMonth,
  kGetDayOfWeek,
  kGetDayOfYear,
  kGetHours,
  kGetMinutes,
  kGetSeconds,
  kGetMilliseconds,
};

enum class Form : uint8_t { kOperator, kGlobal, kMember };

struct Overload {
  std::string_view name;
  Function function;
  Form form;
  std::vector<Type> parameters;  // of a member its target first
  Type result;
};

// All overloads of the name and form, in no order that matters; empty if there is no such function.
// All have the same Function.
std::span<const Overload> OverloadsOf(std::string_view name, Form form);

// The names of all functions of the form, for hints.
std::vector<std::string_view> FunctionNames(Form form);

}  // namespace lineward::policy::cel

#pragma once

// `+ - * / %` and negation of every kind that has them. Exact or a failure: int and uint never
// wrap, times stay in years 1 to 9999. Pure; any thread.

#include "policy/src/cel/library.h"
#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// `a <operator> b` for kAdd, kSubtract, kMultiply, kDivide, kModulo.
Value Calculate(Function function, const Value& a, const Value& b, Scratch* scratch) noexcept;

// `-a`.
Value Negate(const Value& a) noexcept;

}  // namespace lineward::policy::cel

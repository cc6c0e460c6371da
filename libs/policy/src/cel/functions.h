#pragma once

// What the operators and functions of the language do. Pure; any thread.

#include <span>

#include "policy/src/cel/activation.h"
#include "policy/src/cel/library.h"
#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// The result of a function for one to two arguments; the first failure among them, else kNoOverload
// if their kinds do not fit.
Value Call(Function function, std::span<const Value> arguments, const Activation& activation,
           Scratch* scratch) noexcept;

// `a && b` and `a || b` of two values: what is not bool or failed is absorbed by the other side.
Value And(const Value& a, const Value& b) noexcept;
Value Or(const Value& a, const Value& b) noexcept;

// The answer of the host's function `index`; the first failure among the arguments.
Value CallHost(const Activation& activation, uint32_t index, std::span<const Value> arguments,
               Scratch* scratch) noexcept;

// `has` of a variable of the env: whether it is there; a failure other than kAbsent stays one.
Value HasVariable(const Value& variable) noexcept;

}  // namespace lineward::policy::cel

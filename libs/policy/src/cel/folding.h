#pragma once

// The constant parts of an expression: found once, evaluated once, copied out of the scratch. Pure.

#include <optional>
#include <vector>

#include "policy/src/cel/ast.h"
#include "policy/src/cel/program.h"

namespace lineward::policy::cel {

// Per node of `ast` whether its value depends on nothing outside it: no variable, no function of
// the host, no element of an enclosing macro, no time zone.
std::vector<bool> ConstantNodes(const Ast& ast);

// Copies `value` with all that it points to into `program`; nullopt if it is larger than is worth
// keeping (items shared many times over count each time).
std::optional<Value> Keep(const Value& value, Program* program);

}  // namespace lineward::policy::cel

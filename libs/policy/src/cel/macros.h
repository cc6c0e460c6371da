#pragma once

// The macros of the language: calls whose arguments are not evaluated once, left to right. Pure.

#include <optional>

#include "policy/src/cel/problem.h"
#include "policy/src/cel/syntax.h"

namespace lineward::policy::cel {

// Turns `call`, whose children stand in `syntax`, into a kHas or kMacro node if it is `has(x.y)` or
// `x.all(v, b)`, `exists`, `exists_one`, `filter`, `map`; leaves every other call alone. A problem
// if the first argument is no selection or no simple name.
std::optional<Problem> ExpandMacro(const Syntax& syntax, SyntaxNode* call);

}  // namespace lineward::policy::cel

#pragma once

// Source text into its tree, by precedence climbing (Pratt), macros expanded. Pure; any thread.

#include <string_view>
#include <variant>

#include "policy/src/cel/problem.h"
#include "policy/src/cel/syntax.h"

namespace lineward::policy::cel {

// The tree, or the first problem: what is not an expression (106), or is larger than the limits of
// limits.h (107). Literals point into the tree: it may be moved, not copied.
std::variant<Syntax, Problem> Parse(std::string_view source);

}  // namespace lineward::policy::cel

#pragma once

// What a policy may use of the language (policy design, section 9): a pass of its own over the
// checked tree, so that the whole language stays testable. Pure; any thread.

#include "policy/src/cel/ast.h"
#include "policy/src/cel/env.h"
#include "policy/src/cel/problem.h"

namespace lineward::policy::cel {

// Adds what a rule's `when` may not have: a type other than bool (106); dyn, types and bytes as
// values, mixed lists, time zones, doubles compared for equality or turned into text, macros nested
// deeper than two, patterns that are no short literal or
// that only RE2 takes, too large an expression (107); an optional
// fact read without `has` (108); a pattern that is no regular expression (109).
void CheckProfile(const Ast& ast, const Env& env, Problems* problems);

}  // namespace lineward::policy::cel

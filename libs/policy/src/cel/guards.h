#pragma once

// Whether optional facts are read only where `has` has shown them to be there. Pure; any thread.

#include "policy/src/cel/ast.h"
#include "policy/src/cel/env.h"
#include "policy/src/cel/problem.h"

namespace lineward::policy::cel {

// Adds a problem (108) for each reading of an optional variable that is not behind its `has`: on
// the right of `has(x) &&` or `!has(x) ||`, or in the fitting branch of `has(x) ? :`.
void CheckGuards(const Ast& ast, const Env& env, Problems* problems);

}  // namespace lineward::policy::cel

#pragma once

// A checked tree into a program: constant parts evaluated once, literal patterns compiled, typed
// instructions where the checker knew the types. Pure; any thread.

#include <absl/status/statusor.h>

#include "policy/src/cel/ast.h"
#include "policy/src/cel/program.h"

namespace lineward::policy::cel {

// The program of `ast`, which need not outlive it. RESOURCE_EXHAUSTED if it would need more stack
// than a scratch has; an expression that fits the policy profile never does.
absl::StatusOr<Program> CompileProgram(const Ast& ast);

}  // namespace lineward::policy::cel

#pragma once

// Evaluates a checked tree by walking it: the meaning of the language, written plainly. The VM
// (vm.h) gives the same values, failures and steps.

#include "policy/src/cel/activation.h"
#include "policy/src/cel/ast.h"
#include "policy/src/cel/limits.h"
#include "policy/src/cel/scratch.h"

namespace lineward::policy::cel {

// The value of `ast`, or a failure with its place; kBudgetSpent after `steps` steps, or once the
// scratch is full: no operator absorbs that. The value lives until the scratch is used again.
Value Interpret(const Ast& ast, const Activation& activation, Scratch* scratch,
                uint64_t steps = kStepsMax) noexcept;

// The same of one node whose names are bound within it.
Value InterpretNode(const Ast& ast, NodeId node, const Activation& activation, Scratch* scratch,
                    uint64_t steps) noexcept;

}  // namespace lineward::policy::cel

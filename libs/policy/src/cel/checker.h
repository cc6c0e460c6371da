#pragma once

// Resolves names, chooses overloads, gives every node its type. Knows the whole language: what a
// policy may use of it is profile.h's matter. Pure; any thread.

#include <optional>
#include <string_view>

#include "policy/src/cel/ast.h"
#include "policy/src/cel/env.h"
#include "policy/src/cel/problem.h"

namespace lineward::policy::cel {

// The checked tree of `syntax`; nullopt if anything is wrong, then every problem found is added to
// `problems`. With `env.is_dynamic` nothing is wrong: what does not resolve fails when evaluated.
std::optional<Ast> Check(Syntax syntax, const Env& env, Problems* problems);

// Parses, then checks.
std::optional<Ast> Check(std::string_view expression, const Env& env, Problems* problems);

}  // namespace lineward::policy::cel

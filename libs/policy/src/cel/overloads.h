#pragma once

// Choosing among overloads by the types of the arguments. Pure; any thread.

#include <optional>
#include <span>
#include <string>

#include "policy/src/cel/library.h"
#include "policy/src/cel/type.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// The type of a call: the result of the one overload that takes `arguments`; of several (an
// argument is dyn) their common result, else dyn; nullopt if none does.
std::optional<Type> ResultOf(std::span<const Overload> overloads, std::span<const Type> arguments);

// Whether values of the type can be keys: int, uint, bool, string, or dyn.
bool IsKey(const Type& type);

// The type of a literal.
Type TypeOfConstant(Kind kind);

// "(int, string)", and " (takes (string, string))" with at most three signatures.
std::string ArgumentsText(std::span<const Type> types);
std::string SignaturesHint(std::span<const Overload> overloads);

}  // namespace lineward::policy::cel

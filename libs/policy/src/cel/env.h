#pragma once

// What an expression may name: variables and functions of the host, by full name. Built once, then
// immutable; any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/src/cel/type.h"

namespace lineward::policy::cel {

struct Variable {
  std::string name;  // may have dots: `event.rank`
  Type type;
  bool is_optional = false;  // `has(event.rank)` asks whether it is there
};

// Of any function, the host's included.
inline constexpr size_t kArgumentsMax = 4;

// A function that the host answers (activation.h), called as it is named: `purpose.under(p, q)`.
struct HostFunction {
  std::string name;
  std::vector<Type> parameters;
  Type result;
};

struct Env {
  std::vector<Variable> variables = {};  // the index is the variable's place in an activation
  std::vector<HostFunction> functions = {};
  std::string container = {};  // names are looked up in it first, then in what encloses it
  // The unchecked language: unknown names and types that do not fit fail when evaluated.
  bool is_dynamic = false;
};

}  // namespace lineward::policy::cel

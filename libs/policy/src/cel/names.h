#pragma once

// Names in expressions: which of `a.b.c` is a variable, a function of the host or a type. Pure; any
// thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/src/cel/env.h"
#include "policy/src/cel/syntax.h"

namespace lineward::policy::cel {

// A name with dots as it stands in the source.
struct QualifiedName {
  std::string text;
  std::string_view first = {};  // up to the first dot
  bool is_absolute = false;
  uint32_t offset = 0;
};

// `written` as a name with dots; nullopt if it is none (`f(x).y`, x.`y`).
std::optional<QualifiedName> QualifiedNameOf(const Syntax& syntax, const SyntaxNode& written);

// The called function's name, with the names before it if it is called on them.
std::optional<QualifiedName> CalledName(const Syntax& syntax, const SyntaxNode& call);

// `int`, `list`, `google.protobuf.Duration`: the name of a type as a value; nullopt for others.
std::optional<std::string_view> NameOfType(std::string_view name);

// The names of an env; must not outlive it.
class Names {
 public:
  explicit Names(const Env& env) : env_(env) {}

  // The index of the variable or function that `name` means: in the container first, then in each
  // that encloses it; an absolute name as it is.
  std::optional<uint32_t> VariableIndex(const QualifiedName& name) const;
  std::optional<uint32_t> FunctionIndex(const QualifiedName& name) const;

  // Whether `name` or what it begins with, up to a dot, is a variable or type.
  bool BeginsKnown(const QualifiedName& name) const;

  // " (nearest: `event.rank`)", or empty.
  std::string Hint(std::string_view name) const;

 private:
  const Env& env_;
};

}  // namespace lineward::policy::cel

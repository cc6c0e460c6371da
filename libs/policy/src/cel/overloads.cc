#include "policy/src/cel/overloads.h"

#include <map>

namespace lineward::policy::cel {
namespace {

using Bindings = std::map<char, Type>;

// Whether `type` fits `wanted`; what its parameters stand for is noted, and widened where needed.
bool Fits(const Type& wanted, const Type& type, Bindings* bindings) {
  if (wanted.is(TypeKind::kParameter)) {
    const auto [bound, is_new] = bindings->emplace(wanted.parameter(), type);
    if (is_new) return true;
    if (!IsAssignable(bound->second, type)) return false;
    bound->second = Join(bound->second, type);
    return true;
  }
  if (type.is_dyn() || wanted.is_dyn()) return true;
  if (wanted.kind() != type.kind()) return false;
  if (wanted.is(TypeKind::kList)) return Fits(wanted.item(), type.item(), bindings);
  if (!wanted.is(TypeKind::kMap)) return true;
  return Fits(wanted.key(), type.key(), bindings) && Fits(wanted.value(), type.value(), bindings);
}

Type Substitute(const Type& type, const Bindings& bindings) {
  if (type.is(TypeKind::kParameter)) {
    const auto bound = bindings.find(type.parameter());
    return bound == bindings.end() ? Type() : bound->second;
  }
  if (type.is(TypeKind::kList)) return Type::List(Substitute(type.item(), bindings));
  return type;
}

std::optional<Type> ResultOf(const Overload& overload, std::span<const Type> arguments) {
  if (overload.parameters.size() != arguments.size()) return std::nullopt;
  Bindings bindings;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!Fits(overload.parameters[i], arguments[i], &bindings)) return std::nullopt;
  }
  return Substitute(overload.result, bindings);
}

constexpr size_t kSignaturesShown = 3;

}  // namespace

std::optional<Type> ResultOf(std::span<const Overload> overloads, std::span<const Type> arguments) {
  std::optional<Type> result;
  for (const Overload& overload : overloads) {
    const std::optional<Type> one = ResultOf(overload, arguments);
    if (!one) continue;
    result = !result || *result == *one ? *one : Type();
  }
  return result;
}

bool IsKey(const Type& type) {
  return type.is_dyn() || type.is(TypeKind::kInt) || type.is(TypeKind::kUint) ||
         type.is(TypeKind::kBool) || type.is(TypeKind::kString);
}

Type TypeOfConstant(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return TypeKind::kNull;
    case Kind::kBool:
      return TypeKind::kBool;
    case Kind::kInt:
      return TypeKind::kInt;
    case Kind::kUint:
      return TypeKind::kUint;
    case Kind::kDouble:
      return TypeKind::kDouble;
    case Kind::kString:
      return TypeKind::kString;
    case Kind::kBytes:
      return TypeKind::kBytes;
    case Kind::kTimestamp:
      return TypeKind::kTimestamp;
    case Kind::kDuration:
      return TypeKind::kDuration;
    case Kind::kType:
      return TypeKind::kType;
    case Kind::kList:
    case Kind::kMap:
    case Kind::kFailure:
      break;
  }
  return {};
}

std::string ArgumentsText(std::span<const Type> types) {
  std::string text = "(";
  for (const Type& type : types) {
    if (text.size() > 1) text += ", ";
    text += ToText(type);
  }
  return text + ")";
}

std::string SignaturesHint(std::span<const Overload> overloads) {
  if (overloads.empty() || overloads.size() > kSignaturesShown) return "";
  std::string text;
  for (const Overload& overload : overloads) {
    text += (text.empty() ? "" : " or ") + ArgumentsText(overload.parameters);
  }
  return " (takes " + text + ")";
}

}  // namespace lineward::policy::cel

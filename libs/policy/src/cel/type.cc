#include "policy/src/cel/type.h"

#include <fmt/format.h>

#include <array>

namespace lineward::policy::cel {
namespace {

struct NamedKind {
  std::string_view name;
  TypeKind kind;
};

constexpr std::array<NamedKind, 11> kSimple = {{{"dyn", TypeKind::kDyn},
                                                {"null", TypeKind::kNull},
                                                {"bool", TypeKind::kBool},
                                                {"int", TypeKind::kInt},
                                                {"uint", TypeKind::kUint},
                                                {"double", TypeKind::kDouble},
                                                {"string", TypeKind::kString},
                                                {"bytes", TypeKind::kBytes},
                                                {"timestamp", TypeKind::kTimestamp},
                                                {"duration", TypeKind::kDuration},
                                                {"type", TypeKind::kType}}};

// Takes one type off the front of `text`.
std::optional<Type> Take(std::string_view* text) {
  while (text->starts_with(' ')) text->remove_prefix(1);
  const auto accept = [text](char c) {
    if (!text->starts_with(c)) return false;
    text->remove_prefix(1);
    return true;
  };
  const std::string_view name = text->substr(0, text->find_first_of("(), "));
  text->remove_prefix(name.size());
  if (name.size() == 1) return Type::Parameter(name[0]);
  for (const NamedKind& simple : kSimple) {
    if (simple.name == name) return Type(simple.kind);
  }
  if ((name != "list" && name != "map") || !accept('(')) return std::nullopt;
  std::optional<Type> first = Take(text);
  if (name == "list") {
    if (!first || !accept(')')) return std::nullopt;
    return Type::List(*std::move(first));
  }
  if (!first || !accept(',')) return std::nullopt;
  std::optional<Type> second = Take(text);
  if (!second || !accept(')')) return std::nullopt;
  return Type::Map(*std::move(first), *std::move(second));
}

}  // namespace

Type Type::List(Type item) {
  Type type(TypeKind::kList);
  type.arguments_ = std::make_shared<const Arguments>(std::move(item), Type());
  return type;
}

Type Type::Map(Type key, Type value) {
  Type type(TypeKind::kMap);
  type.arguments_ = std::make_shared<const Arguments>(std::move(key), std::move(value));
  return type;
}

Type Type::Parameter(char name) {
  Type type(TypeKind::kParameter);
  type.parameter_ = name;
  return type;
}

std::optional<Type> Type::Parse(std::string_view text) {
  std::optional<Type> type = Take(&text);
  if (!text.empty()) return std::nullopt;
  return type;
}

bool Type::Holds(TypeKind kind) const {
  if (kind_ == kind) return true;
  if (kind_ == TypeKind::kList) return item().Holds(kind);
  return kind_ == TypeKind::kMap && (key().Holds(kind) || value().Holds(kind));
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_ || a.parameter_ != b.parameter_) return false;
  return a.arguments_ == b.arguments_ || *a.arguments_ == *b.arguments_;
}

std::string ToText(const Type& type) {
  if (type.is(TypeKind::kParameter)) return std::string(1, type.parameter());
  if (type.is(TypeKind::kList)) return fmt::format("list({})", ToText(type.item()));
  if (type.is(TypeKind::kMap)) {
    return fmt::format("map({}, {})", ToText(type.key()), ToText(type.value()));
  }
  for (const NamedKind& simple : kSimple) {
    if (simple.kind == type.kind()) return std::string(simple.name);
  }
  return "";
}

bool IsAssignable(const Type& to, const Type& from) {
  if (to.is_dyn() || from.is_dyn()) return true;
  if (to.kind() != from.kind()) return false;
  if (to.is(TypeKind::kList)) return IsAssignable(to.item(), from.item());
  if (!to.is(TypeKind::kMap)) return true;
  return IsAssignable(to.key(), from.key()) && IsAssignable(to.value(), from.value());
}

Type Join(const Type& a, const Type& b) {
  if (!IsAssignable(a, b)) return {};
  if (a.is_dyn() || b.is_dyn()) return {};
  if (a.is(TypeKind::kList)) return Type::List(Join(a.item(), b.item()));
  if (a.is(TypeKind::kMap)) return Type::Map(Join(a.key(), b.key()), Join(a.value(), b.value()));
  return a;
}

}  // namespace lineward::policy::cel

#pragma once

// Static types: bool, int, list(string), map(string, dyn) and so on. Cheap to copy, immutable; any
// thread. Written in declarations and messages as authors know them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lineward::policy::cel {

enum class TypeKind : uint8_t {
  kDyn,  // known only when evaluated
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kType,
  kList,
  kMap,
  kParameter,  // `A`, `B` of a signature
};

class Type {
 public:
  Type() = default;                     // dyn
  Type(TypeKind kind) : kind_(kind) {}  // NOLINT(google-explicit-constructor): a kind is a type
  static Type List(Type item);
  static Type Map(Type key, Type value);
  static Type Parameter(char name);

  // `list(string)`, `map(int, A)`; nullopt if it is no type.
  static std::optional<Type> Parse(std::string_view text);

  TypeKind kind() const { return kind_; }
  bool is(TypeKind kind) const { return kind_ == kind; }
  bool is_dyn() const { return kind_ == TypeKind::kDyn; }
  char parameter() const { return parameter_; }
  const Type& item() const { return arguments_->first; }  // of a list
  const Type& key() const { return arguments_->first; }   // of a map
  const Type& value() const { return arguments_->second; }

  // Whether `kind` stands anywhere in it.
  bool Holds(TypeKind kind) const;

  friend bool operator==(const Type& a, const Type& b);

 private:
  using Arguments = std::pair<Type, Type>;

  TypeKind kind_ = TypeKind::kDyn;
  char parameter_ = '\0';
  std::shared_ptr<const Arguments> arguments_;
};

std::string ToText(const Type& type);

// Whether a value of type `from` may stand where `to` is wanted; dyn fits everywhere.
bool IsAssignable(const Type& to, const Type& from);

// The type of either of two: the wider if one takes the other, else dyn.
Type Join(const Type& a, const Type& b);

}  // namespace lineward::policy::cel

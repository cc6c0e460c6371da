#include "policy/src/cel/names.h"

#include <algorithm>
#include <array>
#include <vector>

#include "lineward/document/nearest.h"

namespace lineward::policy::cel {
namespace {

constexpr std::array<std::string_view, 12> kTypeNames = {"null_type",
                                                         "bool",
                                                         "int",
                                                         "uint",
                                                         "double",
                                                         "string",
                                                         "bytes",
                                                         "list",
                                                         "map",
                                                         "type",
                                                         "google.protobuf.Timestamp",
                                                         "google.protobuf.Duration"};

// Calls `look` with the full name that `name` has in the container, in each that encloses it, and
// outside of all; ends when it returns true.
template <typename Look>
bool LookOutwards(std::string_view container, const QualifiedName& name, Look look) {
  while (!name.is_absolute && !container.empty()) {
    if (look(std::string(container) + "." + name.text)) return true;
    const size_t dot = container.rfind('.');
    container = dot == std::string_view::npos ? "" : container.substr(0, dot);
  }
  return look(name.text);
}

bool BeginsWith(std::string_view name, std::string_view beginning) {
  return name.starts_with(beginning) &&
         (name.size() == beginning.size() || name[beginning.size()] == '.');
}

// The index in `all` of the first candidate for `name` that is there.
template <typename T>
std::optional<uint32_t> IndexIn(const std::vector<T>& all, std::string_view container,
                                const QualifiedName& name) {
  std::optional<uint32_t> index;
  LookOutwards(container, name, [&](std::string_view full) {
    const auto found =
        std::find_if(all.begin(), all.end(), [full](const T& one) { return one.name == full; });
    if (found != all.end()) index = static_cast<uint32_t>(found - all.begin());
    return index.has_value();
  });
  return index;
}

}  // namespace

std::optional<QualifiedName> QualifiedNameOf(const Syntax& syntax, const SyntaxNode& written) {
  if (written.kind == SyntaxKind::kName) {
    return QualifiedName{written.text, written.text, written.is_absolute, written.offset};
  }
  if (written.kind != SyntaxKind::kSelect || written.is_quoted) return std::nullopt;
  std::optional<QualifiedName> name = QualifiedNameOf(syntax, syntax.node(written.children[0]));
  if (name) name->text += "." + written.text;
  return name;
}

std::optional<QualifiedName> CalledName(const Syntax& syntax, const SyntaxNode& call) {
  if (!call.has_target) {
    return QualifiedName{call.text, call.text, call.is_absolute, call.offset};
  }
  std::optional<QualifiedName> name = QualifiedNameOf(syntax, syntax.node(call.children[0]));
  if (name) name->text += "." + call.text;
  return name;
}

std::optional<std::string_view> NameOfType(std::string_view name) {
  const auto found = std::find(kTypeNames.begin(), kTypeNames.end(), name);
  if (found == kTypeNames.end()) return std::nullopt;
  return *found;
}

std::optional<uint32_t> Names::VariableIndex(const QualifiedName& name) const {
  return IndexIn(env_.variables, env_.container, name);
}

std::optional<uint32_t> Names::FunctionIndex(const QualifiedName& name) const {
  return IndexIn(env_.functions, env_.container, name);
}

bool Names::BeginsKnown(const QualifiedName& name) const {
  return LookOutwards(env_.container, name, [this](std::string_view full) {
    const auto begins = [full](std::string_view known) { return BeginsWith(full, known); };
    return std::any_of(kTypeNames.begin(), kTypeNames.end(), begins) ||
           std::any_of(env_.variables.begin(), env_.variables.end(),
                       [&begins](const Variable& variable) { return begins(variable.name); });
  });
}

std::string Names::Hint(std::string_view name) const {
  std::vector<std::string_view> known;
  for (const Variable& variable : env_.variables) known.emplace_back(variable.name);
  return document::NearestHint(name, std::span<const std::string_view>(known));
}

}  // namespace lineward::policy::cel

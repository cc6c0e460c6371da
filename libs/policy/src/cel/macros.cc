#include "policy/src/cel/macros.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace lineward::policy::cel {
namespace {

struct Shape {
  std::string_view name;
  size_t children;  // target and arguments
  Macro macro;
};

constexpr std::array<Shape, 6> kShapes = {{{"all", 3, Macro::kAll},
                                           {"exists", 3, Macro::kExists},
                                           {"exists_one", 3, Macro::kExistsOne},
                                           {"filter", 3, Macro::kFilter},
                                           {"map", 3, Macro::kMap},
                                           {"map", 4, Macro::kMapIf}}};

Problem ProblemAt(const Syntax& syntax, const SyntaxNode& node, std::string message) {
  return {kNotAnExpression, PlaceOf(syntax.source, node.offset), std::move(message)};
}

std::optional<Problem> ExpandHas(const Syntax& syntax, SyntaxNode* call) {
  const SyntaxNode& argument = syntax.node(call->children[0]);
  if (argument.kind != SyntaxKind::kSelect) {
    return ProblemAt(syntax, argument, "`has` takes a selection such as `event.rank`");
  }
  call->kind = SyntaxKind::kHas;
  call->is_quoted = argument.is_quoted;
  call->text = argument.text;
  call->children = {argument.children[0]};
  return std::nullopt;
}

}  // namespace

std::optional<Problem> ExpandMacro(const Syntax& syntax, SyntaxNode* call) {
  if (!call->has_target && !call->is_absolute && call->text == "has" &&
      call->children.size() == 1) {
    return ExpandHas(syntax, call);
  }
  if (!call->has_target) return std::nullopt;
  for (const Shape& shape : kShapes) {
    if (call->text != shape.name || call->children.size() != shape.children) continue;
    const SyntaxNode& variable = syntax.node(call->children[1]);
    if (variable.kind != SyntaxKind::kName || variable.is_absolute) {
      return ProblemAt(syntax, variable,
                       fmt::format("the first argument of `{}` is a simple name: `list.{}(x, ...)`",
                                   shape.name, shape.name));
    }
    call->kind = SyntaxKind::kMacro;
    call->macro = shape.macro;
    call->text = variable.text;
    call->children.erase(call->children.begin() + 1);
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace lineward::policy::cel

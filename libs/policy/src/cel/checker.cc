#include "policy/src/cel/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lineward/base/check.h"
#include "lineward/document/nearest.h"
#include "policy/src/cel/limits.h"
#include "policy/src/cel/names.h"
#include "policy/src/cel/overloads.h"
#include "policy/src/cel/parser.h"

namespace lineward::policy::cel {
namespace {

// Of one expression; whoever mends these sees the others next.
constexpr size_t kProblemsMax = 32;

class Checker {
 public:
  Checker(Syntax syntax, const Env& env, Problems* problems)
      : env_(env), names_(env), problems_(problems) {
    ast_.syntax = std::move(syntax);
    for (const HostFunction& function : env.functions) {
      LW_CHECK(function.parameters.size() <= kArgumentsMax, "{}", function.name);
    }
  }

  std::optional<Ast> Run() {
    const size_t before = problems_->size();
    ast_.root = Visit(ast_.syntax.root);
    if (problems_->size() > before) return std::nullopt;
    return std::move(ast_);
  }

 private:
  struct Local {
    std::string_view name;
    Type type;
  };

  const SyntaxNode& Written(NodeId id) const { return ast_.syntax.node(id); }
  const Type& TypeOf(NodeId id) const { return ast_.nodes[id].type; }

  NodeId Add(Node node) {
    ast_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(ast_.nodes.size() - 1);
  }

  // A problem; or in the unchecked language what fails when evaluated. Its type is dyn, so that one
  // mistake is told once.
  NodeId Wrong(uint32_t offset, Failure failure, std::string message) {
    if (!env_.is_dynamic) Report(offset, std::move(message));
    return Add({.kind = NodeKind::kFailure, .offset = offset, .constant = Value::Failed(failure)});
  }
  void Report(uint32_t offset, std::string message) {
    if (problems_->size() >= kProblemsMax) return;
    problems_->push_back(
        {kNotAnExpression, PlaceOf(ast_.syntax.source, offset), std::move(message)});
  }

  NodeId Visit(NodeId id) {
    const SyntaxNode& written = Written(id);
    switch (written.kind) {
      case SyntaxKind::kLiteral:
        return Literal(written);
      case SyntaxKind::kName:
      case SyntaxKind::kSelect:
        return NameOrSelect(written);
      case SyntaxKind::kCall:
        return Call(written);
      case SyntaxKind::kList:
        return List(written);
      case SyntaxKind::kMap:
        return MapOf(written);
      case SyntaxKind::kHas:
        return Has(written);
      case SyntaxKind::kMacro:
        return MacroOf(written);
    }
    return 0;
  }

  std::vector<NodeId> VisitAll(std::span<const NodeId> ids) {
    std::vector<NodeId> visited;
    visited.reserve(ids.size());
    for (NodeId id : ids) visited.push_back(Visit(id));
    return visited;
  }

  NodeId Literal(const SyntaxNode& written) {
    return Add({.offset = written.offset,
                .type = TypeOfConstant(written.literal.kind()),
                .constant = written.literal});
  }

  std::optional<NodeId> LocalNamed(const SyntaxNode& written) {
    if (written.kind != SyntaxKind::kName || written.is_absolute) return std::nullopt;
    for (size_t i = locals_.size(); i-- > 0;) {
      if (locals_[i].name != written.text) continue;
      return Add({.kind = NodeKind::kLocal,
                  .index = static_cast<uint32_t>(i),
                  .offset = written.offset,
                  .type = locals_[i].type});
    }
    return std::nullopt;
  }

  // `a.b.c` as one name of the env, or nullopt; a macro's variable hides what begins with its name.
  std::optional<NodeId> VariableNamed(const SyntaxNode& written) {
    const std::optional<QualifiedName> name = QualifiedNameOf(ast_.syntax, written);
    if (!name || (!name->is_absolute && IsLocal(name->first))) return std::nullopt;
    if (const std::optional<uint32_t> index = names_.VariableIndex(*name)) {
      return Add({.kind = NodeKind::kVariable,
                  .index = *index,
                  .offset = name->offset,
                  .type = env_.variables[*index].type});
    }
    if (const std::optional<std::string_view> type = NameOfType(name->text)) {
      return Add(
          {.offset = name->offset, .type = TypeKind::kType, .constant = Value::TypeNamed(*type)});
    }
    return std::nullopt;
  }

  bool IsLocal(std::string_view name) const {
    return std::any_of(locals_.begin(), locals_.end(),
                       [name](const Local& local) { return local.name == name; });
  }

  NodeId NameOrSelect(const SyntaxNode& written) {
    if (const std::optional<NodeId> local = LocalNamed(written)) return *local;
    if (const std::optional<NodeId> variable = VariableNamed(written)) return *variable;
    if (written.kind == SyntaxKind::kSelect && !IsUnknownPath(written)) return Select(written);
    const std::optional<QualifiedName> name = QualifiedNameOf(ast_.syntax, written);
    return Wrong(name->offset, Failure::kUnknownName,
                 fmt::format("unknown name `{}`{}", name->text, names_.Hint(name->text)));
  }

  // Nothing of `a.b.c` from the left is known: it is told as one unknown name.
  bool IsUnknownPath(const SyntaxNode& written) const {
    const std::optional<QualifiedName> name = QualifiedNameOf(ast_.syntax, written);
    return name && !IsLocal(name->first) && !names_.BeginsKnown(*name);
  }

  NodeId Select(const SyntaxNode& written) {
    const NodeId target = Visit(written.children[0]);
    const std::optional<Type> type = FieldType(target);
    if (!type) return NoFields(target, written);
    return Add({.kind = NodeKind::kSelect,
                .offset = written.offset,
                .type = *type,
                .text = written.text,
                .children = {target}});
  }

  // Of a map its values, of dyn dyn; others have no fields.
  std::optional<Type> FieldType(NodeId target) const {
    const Type& type = TypeOf(target);
    if (type.is_dyn()) return Type();
    if (type.is(TypeKind::kMap) && IsAssignable(type.key(), TypeKind::kString)) return type.value();
    return std::nullopt;
  }

  NodeId NoFields(NodeId target, const SyntaxNode& written) {
    return Wrong(written.offset, Failure::kNoOverload,
                 fmt::format("`.{}` of a value of type {}: only a map with string keys has fields",
                             written.text, ToText(TypeOf(target))));
  }

  NodeId Has(const SyntaxNode& written) {
    // `has(event.rank)` on a variable of that name asks for the variable.
    std::optional<QualifiedName> name = QualifiedNameOf(ast_.syntax, Written(written.children[0]));
    if (name && !written.is_quoted && (name->is_absolute || !IsLocal(name->first))) {
      name->text += "." + written.text;
      if (const std::optional<uint32_t> index = names_.VariableIndex(*name)) {
        return Add({.kind = NodeKind::kHasVariable,
                    .index = *index,
                    .offset = written.offset,
                    .type = TypeKind::kBool});
      }
      if (IsUnknownPath(Written(written.children[0]))) {
        return Wrong(name->offset, Failure::kUnknownName,
                     fmt::format("unknown name `{}`{}", name->text, names_.Hint(name->text)));
      }
    }
    const NodeId target = Visit(written.children[0]);
    if (!FieldType(target)) return NoFields(target, written);
    return Add({.kind = NodeKind::kHas,
                .offset = written.offset,
                .type = TypeKind::kBool,
                .text = written.text,
                .children = {target}});
  }

  NodeId Call(const SyntaxNode& written) {
    if (written.is_operator) {
      if (written.text == "&&") return Logic(NodeKind::kAnd, written);
      if (written.text == "||") return Logic(NodeKind::kOr, written);
      if (written.text == kConditionalSymbol) return Conditional(written);
      return Apply(written, Form::kOperator);
    }
    if (const std::optional<NodeId> host = HostCall(written)) return *host;
    return Apply(written, written.has_target ? Form::kMember : Form::kGlobal);
  }

  // A function of the host, under its full name.
  std::optional<NodeId> HostCall(const SyntaxNode& written) {
    const std::optional<QualifiedName> name = CalledName(ast_.syntax, written);
    if (!name || (written.has_target && !name->is_absolute && IsLocal(name->first))) {
      return std::nullopt;
    }
    const std::optional<uint32_t> index = names_.FunctionIndex(*name);
    if (!index) return std::nullopt;
    const HostFunction& function = env_.functions[*index];
    const std::span<const NodeId> all(written.children);
    std::vector<NodeId> arguments = VisitAll(all.subspan(written.has_target ? 1 : 0));
    const bool fits = std::equal(
        arguments.begin(), arguments.end(), function.parameters.begin(), function.parameters.end(),
        [this](NodeId id, const Type& wanted) { return IsAssignable(wanted, TypeOf(id)); });
    if (!fits) return NoOverload(written, name->text, TypesOf(arguments));
    return Add({.kind = NodeKind::kHostCall,
                .index = *index,
                .offset = written.offset,
                .type = function.result,
                .children = std::move(arguments)});
  }

  std::vector<Type> TypesOf(std::span<const NodeId> ids) const {
    std::vector<Type> types;
    for (NodeId id : ids) types.push_back(TypeOf(id));
    return types;
  }

  NodeId NoOverload(const SyntaxNode& written, std::string_view name, std::span<const Type> types) {
    return Wrong(written.offset, Failure::kNoOverload,
                 fmt::format("`{}` does not take {}{}", name == kNegationSymbol ? "-" : name,
                             ArgumentsText(types), TakesHint(written)));
  }

  std::string TakesHint(const SyntaxNode& written) const {
    if (written.is_operator) return "";
    const Form form = written.has_target ? Form::kMember : Form::kGlobal;
    return SignaturesHint(OverloadsOf(written.text, form));
  }

  NodeId Apply(const SyntaxNode& written, Form form) {
    const std::span<const Overload> overloads = OverloadsOf(written.text, form);
    if (overloads.empty()) return UnknownFunction(written, form);
    std::vector<NodeId> arguments = VisitAll(written.children);
    const std::vector<Type> types = TypesOf(arguments);
    std::optional<Type> type = ResultOf(overloads, types);
    if (!type) {
      const bool has_arity =
          std::any_of(overloads.begin(), overloads.end(), [&types](const Overload& overload) {
            return overload.parameters.size() == types.size();
          });
      if (!env_.is_dynamic || !has_arity) return NoOverload(written, written.text, types);
      type = Type();
    }
    return Add({.kind = NodeKind::kCall,
                .function = overloads[0].function,
                .offset = written.offset,
                .type = *std::move(type),
                .children = std::move(arguments)});
  }

  NodeId UnknownFunction(const SyntaxNode& written, Form form) {
    std::vector<std::string_view> known = FunctionNames(form);
    for (const HostFunction& function : env_.functions) known.emplace_back(function.name);
    const std::optional<QualifiedName> name = CalledName(ast_.syntax, written);
    std::string hint;
    if (name) hint = document::NearestHint(name->text, std::span(std::as_const(known)));
    if (hint.empty()) {
      hint = document::NearestHint(written.text, std::span(std::as_const(known)));
    }
    const Form other = form == Form::kMember ? Form::kGlobal : Form::kMember;
    if (hint.empty() && !OverloadsOf(written.text, other).empty()) {
      hint = form == Form::kMember ? fmt::format(" (it is called as `{}(x)`)", written.text)
                                   : fmt::format(" (it is called as `x.{}(...)`)", written.text);
    }
    return Wrong(written.offset, Failure::kUnknownFunction,
                 fmt::format("unknown function `{}`{}", written.text, hint));
  }

  NodeId Logic(NodeKind kind, const SyntaxNode& written) {
    std::vector<NodeId> sides = VisitAll(written.children);
    for (NodeId side : sides) {
      if (IsAssignable(TypeKind::kBool, TypeOf(side)) || env_.is_dynamic) continue;
      Report(ast_.nodes[side].offset, fmt::format("`{}` takes bool on both sides, not {}",
                                                  written.text, ToText(TypeOf(side))));
    }
    return Add({.kind = kind,
                .offset = written.offset,
                .type = TypeKind::kBool,
                .children = std::move(sides)});
  }

  NodeId Conditional(const SyntaxNode& written) {
    std::vector<NodeId> parts = VisitAll(written.children);
    if (!env_.is_dynamic && !IsAssignable(TypeKind::kBool, TypeOf(parts[0]))) {
      Report(ast_.nodes[parts[0]].offset,
             fmt::format("`?` takes bool before it, not {}", ToText(TypeOf(parts[0]))));
    }
    if (!env_.is_dynamic && !IsAssignable(TypeOf(parts[1]), TypeOf(parts[2]))) {
      Report(written.offset, fmt::format("`? :` gives {} or {}: both sides must be of one type",
                                         ToText(TypeOf(parts[1])), ToText(TypeOf(parts[2]))));
    }
    return Add({.kind = NodeKind::kConditional,
                .offset = written.offset,
                .type = Join(TypeOf(parts[1]), TypeOf(parts[2])),
                .children = std::move(parts)});
  }

  NodeId List(const SyntaxNode& written) {
    std::vector<NodeId> items = VisitAll(written.children);
    return Add({.kind = NodeKind::kList,
                .offset = written.offset,
                .type = Type::List(JoinEvery(items, 0, 1)),
                .children = std::move(items)});
  }

  // The joint type of every `step`-th of `ids` from `first` on.
  Type JoinEvery(std::span<const NodeId> ids, size_t first, size_t step) const {
    if (first >= ids.size()) return {};
    Type type = TypeOf(ids[first]);
    for (size_t i = first + step; i < ids.size(); i += step) type = Join(type, TypeOf(ids[i]));
    return type;
  }

  NodeId MapOf(const SyntaxNode& written) {
    std::vector<NodeId> entries = VisitAll(written.children);
    for (size_t i = 0; i < entries.size(); i += 2) {
      const Node& key = ast_.nodes[entries[i]];
      if (IsKey(key.type) || env_.is_dynamic) continue;
      Report(key.offset,
             fmt::format("a key is an int, uint, bool or string, not {}", ToText(key.type)));
    }
    Type key = JoinEvery(entries, 0, 2);
    if (!IsKey(key)) key = Type();
    return Add({.kind = NodeKind::kMap,
                .offset = written.offset,
                .type = Type::Map(std::move(key), JoinEvery(entries, 1, 2)),
                .children = std::move(entries)});
  }

  NodeId MacroOf(const SyntaxNode& written) {
    const NodeId range = Visit(written.children[0]);
    Type item;
    if (TypeOf(range).is(TypeKind::kList)) {
      item = TypeOf(range).item();
    } else if (TypeOf(range).is(TypeKind::kMap)) {
      item = TypeOf(range).key();
    } else if (!TypeOf(range).is_dyn() && !env_.is_dynamic) {
      Report(ast_.nodes[range].offset,
             fmt::format("a macro runs over a list or map, not {}", ToText(TypeOf(range))));
    }
    if (locals_.size() >= kMacroNestingMax) {
      problems_->push_back({kOutsideProfile, PlaceOf(ast_.syntax.source, written.offset),
                            fmt::format("macros nested deeper than {}", kMacroNestingMax)});
      return range;
    }
    const Type item_type = item;
    locals_.push_back({written.text, std::move(item)});
    std::vector<NodeId> children = {range};
    for (size_t i = 1; i < written.children.size(); ++i) {
      children.push_back(Visit(written.children[i]));
    }
    locals_.pop_back();
    const bool is_plain_map = written.macro == Macro::kMap;
    if (!is_plain_map) ExpectCondition(children[1]);
    return Add({.kind = NodeKind::kMacro,
                .macro = written.macro,
                .index = static_cast<uint32_t>(locals_.size()),
                .offset = written.offset,
                .type = MacroType(written.macro, item_type, TypeOf(children.back())),
                .children = std::move(children)});
  }

  void ExpectCondition(NodeId body) {
    if (env_.is_dynamic || IsAssignable(TypeKind::kBool, TypeOf(body))) return;
    Report(ast_.nodes[body].offset,
           fmt::format("the condition of a macro is bool, not {}", ToText(TypeOf(body))));
  }

  static Type MacroType(Macro macro, const Type& item, const Type& last) {
    switch (macro) {
      case Macro::kAll:
      case Macro::kExists:
      case Macro::kExistsOne:
        return TypeKind::kBool;
      case Macro::kFilter:
        return Type::List(item);
      case Macro::kMap:
      case Macro::kMapIf:
        return Type::List(last);
    }
    return {};
  }

  const Env& env_;
  const Names names_;
  Problems* const problems_;
  std::vector<Local> locals_;
  Ast ast_;
};

}  // namespace

std::optional<Ast> Check(Syntax syntax, const Env& env, Problems* problems) {
  return Checker(std::move(syntax), env, problems).Run();
}

std::optional<Ast> Check(std::string_view expression, const Env& env, Problems* problems) {
  auto parsed = Parse(expression);
  if (auto* problem = std::get_if<Problem>(&parsed)) {
    problems->push_back(std::move(*problem));
    return std::nullopt;
  }
  return Check(std::get<Syntax>(std::move(parsed)), env, problems);
}

}  // namespace lineward::policy::cel

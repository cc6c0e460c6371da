#include "policy/src/residuals.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "lineward/base/check.h"
#include "policy/src/cel/compiler.h"
#include "policy/src/cel/folding.h"
#include "policy/src/cel/interpreter.h"
#include "policy/src/when.h"

namespace lineward::policy {
namespace {

using cel::Ast;
using cel::Function;
using cel::Node;
using cel::NodeId;
using cel::NodeKind;
using cel::Value;

// `a && b && c` from the left.
void Conjuncts(const Ast& ast, NodeId id, std::vector<NodeId>* list) {
  const Node& node = ast.node(id);
  if (node.kind != NodeKind::kAnd) {
    list->push_back(id);
    return;
  }
  for (NodeId child : node.children) Conjuncts(ast, child, list);
}

template <typename F>
bool AnyNode(const Ast& ast, NodeId id, const F& f) {
  const Node& node = ast.node(id);
  return f(node) || std::any_of(node.children.begin(), node.children.end(),
                                [&](NodeId child) { return AnyNode(ast, child, f); });
}

bool HasMacro(const Ast& ast, NodeId id) {
  return AnyNode(ast, id, [](const Node& node) { return node.kind == NodeKind::kMacro; });
}

// What looks at no more bytes than its constant side has, where one side is constant.
bool IsBoundByConstant(Function function) {
  switch (function) {
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kIn:
    case Function::kStartsWith:
    case Function::kEndsWith:
      return true;
    default:
      return false;
  }
}

// Whether the budget may be spent on the way: only macros repeat, only texts and lists are scanned
// or made, and what a policy writes out is short. It has too few nodes for the rest to matter.
bool MaySpendBudget(const Ast& ast, const std::vector<bool>& are_constant, NodeId id) {
  return AnyNode(ast, id, [&](const Node& node) {
    if (node.kind == NodeKind::kMacro) return true;
    if (node.kind != NodeKind::kCall) return false;
    const auto is_constant = [&](NodeId child) { return are_constant[child]; };
    const auto is_long = [&](NodeId child) {
      const cel::Type& type = ast.node(child).type;
      return type.is(cel::TypeKind::kString) || type.is(cel::TypeKind::kList) ||
             type.is(cel::TypeKind::kMap);
    };
    if (IsBoundByConstant(node.function) &&
        std::any_of(node.children.begin(), node.children.end(), is_constant)) {
      return false;
    }
    return std::any_of(node.children.begin(), node.children.end(), is_long);
  });
}

uint64_t StepsOf(const Ast& ast, NodeId id) {
  uint64_t steps = 1;
  for (NodeId child : ast.node(id).children) steps += StepsOf(ast, child);
  return steps;
}

// What a node says, the same for equal trees wherever they stand.
std::string TextOf(const Ast& ast, NodeId id) {
  const Node& node = ast.node(id);
  std::string text =
      fmt::format("({} {} {} {} {}", static_cast<int>(node.kind), static_cast<int>(node.macro),
                  static_cast<int>(node.function), node.index, static_cast<int>(node.type.kind()));
  const std::string constant =
      node.kind == NodeKind::kConstant ? cel::ToText(node.constant) : std::string();
  text += fmt::format(" {}:{} {}:{}", constant.size(), constant, node.text.size(), node.text);
  for (NodeId child : node.children) text += TextOf(ast, child);
  return text + ")";
}

// The value of a node that depends on nothing; nullopt for others, and if it fails. It lives until
// the scratch is used again.
std::optional<Value> ConstantOf(const Ast& ast, NodeId id, cel::Scratch* scratch) {
  if (!cel::ConstantNodes(ast)[id]) return std::nullopt;
  const Value value = cel::InterpretNode(ast, id, cel::Activation(), scratch, cel::kStepsMax);
  if (value.is_failure()) return std::nullopt;
  return value;
}

// Adds a value that a field is compared with. A time finer than µs is none that a field can have.
void AddValue(const Value& value, CompiledCondition* condition) {
  constexpr int64_t kMicros = 1'000'000;
  constexpr uint32_t kNanosPerMicro = 1'000;
  switch (value.kind()) {
    case cel::Kind::kBool:
      condition->wholes.push_back(value.as_bool() ? 1 : 0);
      return;
    case cel::Kind::kInt:
      condition->wholes.push_back(value.as_int());
      return;
    case cel::Kind::kString:
      condition->texts.emplace_back(value.text());
      return;
    case cel::Kind::kTimestamp:
      if (value.nanos() % kNanosPerMicro != 0) return;
      condition->wholes.push_back(value.seconds() * kMicros + value.nanos() / kNanosPerMicro);
      return;
    default:
      return;
  }
}

}  // namespace

bool Residuals::TakeHostCall(const Ast& ast, const Node& call, CompiledWhen* when) {
  if (call.index != when::kPurposeUnder && call.index != when::kLineageAny) return false;
  const std::optional<Value> name = ConstantOf(ast, call.children.back(), &scratch_);
  if (!name.has_value()) return false;
  if (call.index == when::kLineageAny) {
    const auto label = set_->labels.find(name->text());
    if (label == set_->labels.end()) return false;
    when->labels.push_back(label->second);
    return true;
  }
  const Node& asked = ast.node(call.children.front());
  if (asked.kind != NodeKind::kVariable || asked.index != when::kEventPurpose) return false;
  const Taxonomy& taxonomy = *set_->source.taxonomy;
  const std::optional<uint8_t> purpose = taxonomy.Purpose(name->text());
  if (!purpose.has_value()) return false;
  when->purposes =
      when->has_purpose ? when->purposes & taxonomy.Down(*purpose) : taxonomy.Down(*purpose);
  when->has_purpose = true;
  return true;
}

// `field == constant`, either way round, and `field in constants`, of a field that every event has.
bool Residuals::TakeField(const Ast& ast, const Node& call, CompiledWhen* when) {
  if (call.function != Function::kEqual && call.function != Function::kIn) return false;
  NodeId field = call.children[0];
  NodeId constant = call.children[1];
  if (call.function == Function::kEqual && ast.node(field).kind != NodeKind::kVariable) {
    std::swap(field, constant);
  }
  const Node& variable = ast.node(field);
  if (variable.kind != NodeKind::kVariable || variable.index < when::kFirstField) return false;
  const size_t index = variable.index - when::kFirstField;
  const EventField& declared = set_->source.vocabulary.event_fields[index];
  if (declared.is_optional || declared.type == FieldType::kDouble) return false;
  const std::optional<Value> value = ConstantOf(ast, constant, &scratch_);
  if (!value.has_value() || value->is(cel::Kind::kMap)) return false;
  CompiledCondition condition;
  condition.field = index;
  condition.type = declared.type;
  condition.op = FieldCondition::Operator::kIn;
  if (value->is(cel::Kind::kList)) {
    for (const Value& item : value->items()) AddValue(item, &condition);
  } else {
    AddValue(*value, &condition);
  }
  when->conditions.push_back(std::move(condition));
  return true;
}

bool Residuals::TakeKey(const Ast& ast, NodeId id, CompiledWhen* when) {
  const Node& node = ast.node(id);
  if (node.kind == NodeKind::kHostCall) return TakeHostCall(ast, node, when);
  return node.kind == NodeKind::kCall && TakeField(ast, node, when);
}

CompiledWhen Residuals::Compile(const Rule& rule) {
  const Ast& ast = *rule.expression;
  std::vector<NodeId> all;
  Conjuncts(ast, ast.root, &all);
  const std::vector<bool> are_constant = cel::ConstantNodes(ast);
  CompiledWhen when;
  std::vector<NodeId> rest;
  uint64_t taken = 0;
  bool may_spend = false;
  for (NodeId id : all) {
    // A key behind what may spend the budget stays there: the spent budget is what counts then.
    if (!may_spend && TakeKey(ast, id, &when)) {
      taken += StepsOf(ast, id) + 1;
      continue;
    }
    may_spend |= MaySpendBudget(ast, are_constant, id);
    rest.push_back(id);
  }
  if (!rest.empty()) when.residual = IndexOf(rule, rest, taken);
  return when;
}

uint32_t Residuals::IndexOf(const Rule& rule, const std::vector<NodeId>& conjuncts,
                            uint64_t steps) {
  Ast ast;
  ast.nodes = rule.expression->nodes;
  ast.root = conjuncts[0];
  for (size_t i = 1; i < conjuncts.size(); ++i) {
    ast.nodes.push_back({.kind = NodeKind::kAnd,
                         .offset = ast.nodes[conjuncts[i]].offset,
                         .type = cel::TypeKind::kBool,
                         .children = {ast.root, conjuncts[i]}});
    ast.root = static_cast<NodeId>(ast.nodes.size() - 1);
  }
  const bool asks_region = AnyNode(ast, ast.root, [](const Node& node) {
    return node.kind == NodeKind::kHostCall && node.index == when::kInRegion;
  });
  // The steps of the keys count too; without a macro there are never enough to matter.
  const uint64_t left = cel::kStepsMax - (HasMacro(ast, ast.root) ? steps : 0);
  const bool is_forbid = rule.effect == Effect::kForbid;
  const std::string text =
      fmt::format("{} {} {}", asks_region ? is_forbid ? 1 : 2 : 0, left, TextOf(ast, ast.root));
  const auto index = static_cast<uint32_t>(set_->residuals.size());
  const auto [known, is_new] = known_.try_emplace(text, index);
  if (!is_new) return known->second;
  absl::StatusOr<cel::Program> program = cel::CompileProgram(ast);
  LW_CHECK(program.ok(), "an expression within the profile fits the stack");
  AnyNode(ast, ast.root, [this](const Node& node) {
    if (node.kind == NodeKind::kVariable || node.kind == NodeKind::kHasVariable) {
      set_->variables_read |= 1u << node.index;
    }
    return false;
  });
  set_->residuals.push_back({*std::move(program), left, is_forbid});
  return index;
}

}  // namespace lineward::policy

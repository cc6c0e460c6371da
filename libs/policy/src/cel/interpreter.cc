#include "policy/src/cel/interpreter.h"

#include <array>

#include "policy/src/cel/containers.h"
#include "policy/src/cel/functions.h"
#include "policy/src/cel/loop.h"

namespace lineward::policy::cel {
namespace {

class Interpreter {
 public:
  Interpreter(const Ast& ast, const Activation& activation, Scratch* scratch)
      : ast_(ast), activation_(activation), scratch_(scratch) {}

  Value Evaluate(NodeId id) noexcept {
    const Node& node = ast_.node(id);
    if (!scratch_->Step(1)) return Value::Failed(Failure::kBudgetSpent);
    return ValueOf(node).PlacedAt(node.offset);
  }

 private:
  Value ValueOf(const Node& node) noexcept {
    switch (node.kind) {
      case NodeKind::kConstant:
      case NodeKind::kFailure:
        return node.constant;
      case NodeKind::kVariable:
        return activation_.variables[node.index];
      case NodeKind::kLocal:
        return locals_[node.index];
      case NodeKind::kSelect:
        return Select(Evaluate(node.children[0]), node.text, scratch_);
      case NodeKind::kHas:
        return Has(Evaluate(node.children[0]), node.text, scratch_);
      case NodeKind::kHasVariable:
        return HasVariable(activation_.variables[node.index]);
      case NodeKind::kCall:
      case NodeKind::kHostCall:
        return CallOf(node);
      case NodeKind::kAnd:
      case NodeKind::kOr:
        return Logic(node);
      case NodeKind::kConditional:
        return Conditional(node);
      case NodeKind::kList:
      case NodeKind::kMap:
        return Collection(node);
      case NodeKind::kMacro:
        return MacroOf(node);
    }
    return Value::Failed(Failure::kNoOverload);
  }

  Value CallOf(const Node& node) noexcept {
    std::array<Value, kArgumentsMax> values;
    for (size_t i = 0; i < node.children.size(); ++i) values[i] = Evaluate(node.children[i]);
    const std::span<const Value> arguments = std::span(values).first(node.children.size());
    return node.kind == NodeKind::kHostCall ? CallHost(activation_, node.index, arguments, scratch_)
                                            : Call(node.function, arguments, activation_, scratch_);
  }

  Value Logic(const Node& node) noexcept {
    const bool is_and = node.kind == NodeKind::kAnd;
    const Value left = Evaluate(node.children[0]);
    if (is_and ? left.is_false() : left.is_true()) return left;
    const Value right = Evaluate(node.children[1]);
    return is_and ? And(left, right) : Or(left, right);
  }

  Value Conditional(const Node& node) noexcept {
    const Value condition = Evaluate(node.children[0]);
    if (condition.is_failure()) return condition;
    if (!condition.is(Kind::kBool)) return Value::Failed(Failure::kNoOverload);
    return Evaluate(node.children[condition.as_bool() ? 1 : 2]);
  }

  // A failure among the members is the result; all of them are evaluated all the same.
  Value Collection(const Node& node) noexcept {
    const size_t count = node.children.size();
    Value* values = scratch_->NewValues(count);
    if (values == nullptr) return Value::Failed(Failure::kBudgetSpent);
    for (size_t i = 0; i < count; ++i) values[i] = Evaluate(node.children[i]);
    return node.kind == NodeKind::kList ? MakeList({values, count})
                                        : MakeMap({values, count}, scratch_);
  }

  Value MacroOf(const Node& node) noexcept {
    Loop loop;
    loop.Begin(node.macro, Evaluate(node.children[0]), scratch_);
    while (!loop.is_done()) {
      locals_[node.index] = loop.item();
      const Value body = Evaluate(node.children[1]);
      if (node.macro != Macro::kMapIf) {
        loop.Take(body);
      } else if (loop.Admits(body)) {
        loop.Take(Evaluate(node.children[2]));
      }
    }
    return loop.result();
  }

  const Ast& ast_;
  const Activation& activation_;
  Scratch* const scratch_;
  std::array<Value, kMacroNestingMax> locals_;
};

}  // namespace

Value InterpretNode(const Ast& ast, NodeId node, const Activation& activation, Scratch* scratch,
                    uint64_t steps) noexcept {
  scratch->Begin(steps);
  const Value value = Interpreter(ast, activation, scratch).Evaluate(node);
  if (!scratch->is_exhausted()) return value;
  return Value::Failed(Failure::kBudgetSpent).PlacedAt(0);
}

Value Interpret(const Ast& ast, const Activation& activation, Scratch* scratch,
                uint64_t steps) noexcept {
  return InterpretNode(ast, ast.root, activation, scratch, steps);
}

}  // namespace lineward::policy::cel

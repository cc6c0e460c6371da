#include "policy/src/cel/guards.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace lineward::policy::cel {
namespace {

using Shown = std::set<uint32_t>;  // variables known to be there

class Guards {
 public:
  Guards(const Ast& ast, const Env& env, Problems* problems)
      : ast_(ast), env_(env), problems_(problems) {}

  void Visit(NodeId id, const Shown& shown) {
    const Node& node = ast_.node(id);
    if (node.kind == NodeKind::kVariable) return Read(node, shown);
    for (size_t i = 0; i < node.children.size(); ++i) {
      Visit(node.children[i], i == 0 ? shown : With(shown, ShownBefore(node, i)));
    }
  }

 private:
  void Read(const Node& node, const Shown& shown) {
    const Variable& variable = env_.variables[node.index];
    if (!variable.is_optional || shown.contains(node.index)) return;
    problems_->push_back({kUnguardedOptional, PlaceOf(ast_.syntax.source, node.offset),
                          fmt::format("`{}` is optional and may be absent: write `has({}) && ...`",
                                      variable.name, variable.name)});
  }

  // What holds when the child `index` is reached, not the first.
  Shown ShownBefore(const Node& node, size_t index) const {
    const NodeId first = node.children[0];
    if (node.kind == NodeKind::kAnd) return ShownBy(first, true);
    if (node.kind == NodeKind::kOr) return ShownBy(first, false);
    if (node.kind == NodeKind::kConditional) return ShownBy(first, index == 1);
    return {};
  }

  // What is there if the node's value is `value`.
  Shown ShownBy(NodeId id, bool value) const {
    const Node& node = ast_.node(id);
    if (node.kind == NodeKind::kHasVariable && value) return {node.index};
    if (node.kind == NodeKind::kCall && node.function == Function::kNot) {
      return ShownBy(node.children[0], !value);
    }
    if (node.kind != NodeKind::kAnd && node.kind != NodeKind::kOr) return {};
    const Shown left = ShownBy(node.children[0], value);
    const Shown right = ShownBy(node.children[1], value);
    const bool both_hold = (node.kind == NodeKind::kAnd) == value;
    return both_hold ? With(left, right) : Both(left, right);
  }

  static Shown With(Shown a, const Shown& b) {
    a.insert(b.begin(), b.end());
    return a;
  }
  static Shown Both(const Shown& a, const Shown& b) {
    Shown both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
    return both;
  }

  const Ast& ast_;
  const Env& env_;
  Problems* const problems_;
};

}  // namespace

void CheckGuards(const Ast& ast, const Env& env, Problems* problems) {
  Guards(ast, env, problems).Visit(ast.root, {});
}

}  // namespace lineward::policy::cel

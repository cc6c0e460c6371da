#include "policy/src/cel/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/src/cel/guards.h"
#include "policy/src/cel/limits.h"
#include "policy/src/cel/texts.h"

namespace lineward::policy::cel {
namespace {

class Profile {
 public:
  Profile(const Ast& ast, Problems* problems) : ast_(ast), problems_(problems) {}

  void Run() {
    Size();
    for (const Node& node : ast_.nodes) {
      if (!Value(node)) continue;
      if (node.kind == NodeKind::kCall) Call(node);
      if (node.kind == NodeKind::kMacro) MacroOf(node);
    }
    if (!ast_.type().is(TypeKind::kBool) && !ast_.type().is_dyn()) {
      Add(kNotAnExpression, ast_.node(ast_.root).offset,
          fmt::format("`when` is {}, not bool", ToText(ast_.type())));
    }
  }

 private:
  void Add(uint16_t code, uint32_t offset, std::string message) {
    problems_->push_back({code, PlaceOf(ast_.syntax.source, offset), std::move(message)});
  }
  void Outside(const Node& node, std::string message) {
    Add(kOutsideProfile, node.offset, std::move(message));
  }

  void Size() {
    if (ast_.syntax.source.size() > kPolicySourceBytesMax) {
      Add(kOutsideProfile, 0,
          fmt::format("{} bytes, at most {}", ast_.syntax.source.size(), kPolicySourceBytesMax));
    }
    if (ast_.nodes.size() > kPolicyNodesMax) {
      Add(kOutsideProfile, 0,
          fmt::format("{} nodes, at most {}", ast_.nodes.size(), kPolicyNodesMax));
    }
  }

  // Whether the value of the node is one that policies have; what it is used for is then not told.
  bool Value(const Node& node) {
    if (node.type.is(TypeKind::kBytes)) {
      Outside(node, "bytes are not available in policies");
    } else if (node.type.is(TypeKind::kType)) {
      Outside(node, "types as values are not available in policies");
    } else if (node.kind == NodeKind::kCall && node.function == Function::kDyn) {
      Outside(node, "`dyn` is not available in policies");
    } else if (IsMixed(node)) {
      Outside(node, "items of different types: a list or map in a policy has items of one type");
    } else if (node.type.is_dyn()) {
      Outside(node, "the type of this is known only when it is evaluated");
    } else {
      return true;
    }
    return false;
  }

  // A list or map whose members have no common type, and is not empty.
  static bool IsMixed(const Node& node) {
    if (node.children.empty()) return false;
    if (node.kind == NodeKind::kList) return node.type.item().is_dyn();
    if (node.kind != NodeKind::kMap) return false;
    return node.type.key().is_dyn() || node.type.value().is_dyn();
  }

  const Type& TypeOfArgument(const Node& node, size_t index) const {
    return ast_.node(node.children[index]).type;
  }
  bool HasArgument(const Node& node, TypeKind kind) const {
    return std::any_of(node.children.begin(), node.children.end(),
                       [this, kind](NodeId id) { return ast_.node(id).type.Holds(kind); });
  }

  void Call(const Node& node) {
    if (node.function >= Function::kGetFullYear && node.children.size() > 1) {
      return Outside(node, "time zones are not available in policies: times are read in UTC");
    }
    switch (node.function) {
      case Function::kToString:
        if (!HasArgument(node, TypeKind::kDouble)) return;
        return Outside(node, "`string` of a double is not available in policies");
      case Function::kEqual:
      case Function::kNotEqual:
      case Function::kIn:
        if (!HasArgument(node, TypeKind::kDouble)) return;
        return Outside(node, "doubles are not compared for equality: use `<`, `<=`, `>`, `>=`");
      case Function::kMatches:
        return Pattern(ast_.node(node.children[1]));
      default:
        return;
    }
  }

  void Pattern(const Node& pattern) {
    if (pattern.kind != NodeKind::kConstant) {
      return Outside(pattern, "the pattern of `matches` is a literal");
    }
    const std::string_view text = pattern.constant.text();
    const auto characters =
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
    if (characters > kPolicyRegexCharactersMax) {
      return Outside(pattern, fmt::format("a pattern of {} characters, at most {}", characters,
                                          kPolicyRegexCharactersMax));
    }
    const Regex compiled = CompileRegex(text);
    if (!compiled.re2->ok()) {
      Add(kInvalidRegex, pattern.offset,
          fmt::format("`{}` is no regular expression: {}", text, compiled.re2->error()));
    } else if (!compiled.machine.has_value()) {
      Outside(pattern,
              fmt::format("`{}` has what patterns of policies may not: flags, classes by name "
                          "(`\\pL`, `[:alpha:]`), octal escapes, or more than {} states",
                          text, Pattern::kStatesMax));
    }
  }

  void MacroOf(const Node& node) {
    if (node.index < kPolicyMacroNestingMax) return;
    Outside(node, fmt::format("macros nested {} deep, at most {}", node.index + 1,
                              kPolicyMacroNestingMax));
  }

  const Ast& ast_;
  Problems* const problems_;
};

}  // namespace

void CheckProfile(const Ast& ast, const Env& env, Problems* problems) {
  Profile(ast, problems).Run();
  CheckGuards(ast, env, problems);
}

}  // namespace lineward::policy::cel

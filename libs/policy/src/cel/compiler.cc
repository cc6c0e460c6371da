#include "policy/src/cel/compiler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lineward/base/status.h"
#include "policy/src/cel/folding.h"
#include "policy/src/cel/interpreter.h"
#include "policy/src/cel/texts.h"

namespace lineward::policy::cel {
namespace {

// No reason word: whoever compiles a rule tells it as a finding.
constexpr std::string_view kNoReason = "";

std::optional<Op> IntOp(Function function) {
  switch (function) {
    case Function::kAdd:
      return Op::kAddInt;
    case Function::kSubtract:
      return Op::kSubtractInt;
    case Function::kEqual:
      return Op::kEqualInt;
    case Function::kNotEqual:
      return Op::kNotEqualInt;
    case Function::kLess:
      return Op::kLessInt;
    case Function::kLessEqual:
      return Op::kLessEqualInt;
    case Function::kGreater:
      return Op::kGreaterInt;
    case Function::kGreaterEqual:
      return Op::kGreaterEqualInt;
    default:
      return std::nullopt;
  }
}

std::optional<Op> DoubleOp(Function function) {
  switch (function) {
    case Function::kLess:
      return Op::kLessDouble;
    case Function::kLessEqual:
      return Op::kLessEqualDouble;
    case Function::kGreater:
      return Op::kGreaterDouble;
    case Function::kGreaterEqual:
      return Op::kGreaterEqualDouble;
    default:
      return std::nullopt;
  }
}

std::optional<Op> StringOp(Function function) {
  if (function == Function::kEqual) return Op::kEqualString;
  if (function == Function::kNotEqual) return Op::kNotEqualString;
  return std::nullopt;
}

class Compiler {
 public:
  explicit Compiler(const Ast& ast) : ast_(ast), are_constant_(ConstantNodes(ast)) {}

  absl::StatusOr<Program> Run() {
    Visit(ast_.root);
    Emit(Op::kReturn, 0, 0, 0);
    if (depth_max_ > kStackMax) {
      return base::ResourceExhausted(kNoReason,
                                     "the expression needs a stack of {} values, at most {}",
                                     depth_max_, kStackMax);
    }
    return std::move(program_);
  }

 private:
  // Adds an instruction of the node being visited; `change` of the stack's depth.
  size_t Emit(Op op, uint32_t argument, int change, uint16_t cost, uint8_t count = 0) {
    program_.code.push_back({op, count, cost, argument});
    program_.offsets.push_back(offset_);
    depth_ = static_cast<uint32_t>(static_cast<int>(depth_) + change);
    depth_max_ = std::max(depth_max_, depth_);
    return program_.code.size() - 1;
  }
  uint32_t Here() const { return static_cast<uint32_t>(program_.code.size()); }
  void Land(size_t jump) { program_.code[jump].argument = Here(); }

  uint32_t AddConstant(const Value& value, const Scratch::Taken& taken) {
    program_.constants.push_back(value);
    program_.folded.push_back(taken);
    return static_cast<uint32_t>(program_.constants.size() - 1);
  }
  uint32_t AddText(std::string_view text) {
    program_.texts.emplace_back(text);
    return static_cast<uint32_t>(program_.texts.size() - 1);
  }

  void Visit(NodeId id) {
    const Node& node = ast_.node(id);
    const uint32_t outer_offset = std::exchange(offset_, node.offset);
    if (node.kind == NodeKind::kConstant || !are_constant_[id] || !Fold(id)) VisitNode(node);
    offset_ = outer_offset;
  }

  // The value of a constant node in place of its instructions; false if it fails or is too large.
  bool Fold(NodeId id) {
    const Value value = InterpretNode(ast_, id, Activation(), &scratch_, kStepsMax);
    if (value.is_failure()) return false;
    const Scratch::Taken taken = scratch_.taken();
    const std::optional<Value> kept = Keep(value, &program_);
    if (!kept) return false;
    Emit(Op::kFolded, AddConstant(*kept, taken), +1, 0);
    return true;
  }

  void VisitNode(const Node& node) {
    switch (node.kind) {
      case NodeKind::kConstant:
      case NodeKind::kFailure:
        return Constant(node);
      case NodeKind::kVariable:
        return Read(Op::kVariable, node);
      case NodeKind::kHasVariable:
        return Read(Op::kHasVariable, node);
      case NodeKind::kLocal:
        return Read(Op::kLocal, node);
      case NodeKind::kSelect:
        return Field(Op::kSelect, node);
      case NodeKind::kHas:
        return Field(Op::kHas, node);
      case NodeKind::kCall:
        return Call(node);
      case NodeKind::kHostCall:
        return Apply(Op::kHostCall, node.index, node);
      case NodeKind::kAnd:
        return Logic(Op::kJumpIfFalse, Op::kAnd, node);
      case NodeKind::kOr:
        return Logic(Op::kJumpIfTrue, Op::kOr, node);
      case NodeKind::kConditional:
        return Conditional(node);
      case NodeKind::kList:
        return Collection(Op::kList, node);
      case NodeKind::kMap:
        return Collection(Op::kMap, node);
      case NodeKind::kMacro:
        return MacroOf(node);
    }
  }

  void Constant(const Node& node) {
    const std::optional<Value> kept = Keep(node.constant, &program_);
    if (kept) {
      Emit(Op::kConstant, AddConstant(*kept, {}), +1, 1);
    } else {  // a literal larger than what is kept of folded values
      const std::string& text = program_.texts.emplace_back(node.constant.text());
      const bool is_string = node.constant.is(Kind::kString);
      const Value value = is_string ? Value::String(text) : Value::Bytes(text);
      Emit(Op::kConstant, AddConstant(value, {}), +1, 1);
    }
  }

  void Read(Op op, const Node& node) { Emit(op, node.index, +1, 1); }

  void Field(Op op, const Node& node) {
    Visit(node.children[0]);
    Emit(op, AddText(node.text), 0, 1);
  }

  void Apply(Op op, uint32_t argument, const Node& node) {
    for (NodeId child : node.children) Visit(child);
    const auto count = static_cast<int>(node.children.size());
    Emit(op, argument, 1 - count, 1, static_cast<uint8_t>(count));
  }

  void Call(const Node& node) {
    if (node.function == Function::kMatches && LiteralMatch(node)) return;
    Apply(TypedOp(node).value_or(Op::kCall), static_cast<uint32_t>(node.function), node);
  }

  std::optional<Op> TypedOp(const Node& node) const {
    if (node.children.size() != 2) return std::nullopt;
    const Type& left = ast_.node(node.children[0]).type;
    const Type& right = ast_.node(node.children[1]).type;
    if (left.kind() != right.kind()) return std::nullopt;
    if (left.is(TypeKind::kInt)) return IntOp(node.function);
    if (left.is(TypeKind::kDouble)) return DoubleOp(node.function);
    if (left.is(TypeKind::kString)) return StringOp(node.function);
    return std::nullopt;
  }

  // `text.matches("literal")` with a pattern that compiles.
  bool LiteralMatch(const Node& node) {
    const Node& pattern = ast_.node(node.children[1]);
    if (pattern.kind != NodeKind::kConstant || !pattern.constant.is(Kind::kString)) return false;
    if (!IsRegexSize(pattern.constant.text())) return false;
    Regex compiled = CompileRegex(pattern.constant.text());
    if (!compiled.re2->ok()) return false;
    Visit(node.children[0]);
    program_.regexes.push_back(std::move(compiled));
    constexpr uint16_t kStepsOfNodeAndPattern = 2;
    Emit(Op::kMatches, static_cast<uint32_t>(program_.regexes.size() - 1), 0,
         kStepsOfNodeAndPattern);
    return true;
  }

  void Logic(Op jump, Op combine, const Node& node) {
    Visit(node.children[0]);
    const size_t decided = Emit(jump, 0, 0, 1);
    Visit(node.children[1]);
    Emit(combine, 0, -1, 0);
    Land(decided);
  }

  void Conditional(const Node& node) {
    Visit(node.children[0]);
    const size_t failed = Emit(Op::kCondition, 0, 0, 1);
    const size_t no = Emit(Op::kBranch, 0, -1, 0);
    Visit(node.children[1]);
    const size_t end = Emit(Op::kJump, 0, -1, 0);
    Land(no);
    Visit(node.children[2]);
    Land(end);
    Land(failed);
  }

  void Collection(Op op, const Node& node) {
    for (NodeId child : node.children) Visit(child);
    const auto count = static_cast<int>(node.children.size());
    Emit(op, static_cast<uint32_t>(count), 1 - count, 1);
  }

  void MacroOf(const Node& node) {
    Visit(node.children[0]);
    const size_t begin = Emit(Op::kLoopBegin, 0, -1, 1, static_cast<uint8_t>(node.macro));
    const uint32_t body = Here();
    std::optional<size_t> refused;
    Visit(node.children[1]);
    if (node.macro == Macro::kMapIf) {
      refused = Emit(Op::kLoopCondition, 0, -1, 0);
      Visit(node.children[2]);
    }
    Emit(Op::kLoopTake, 0, -1, 0);
    if (refused) Land(*refused);
    Emit(Op::kLoopAgain, body, 0, 0);
    Land(begin);
    Emit(Op::kLoopEnd, 0, +1, 0);
  }

  const Ast& ast_;
  const std::vector<bool> are_constant_;
  Scratch scratch_;
  Program program_;
  uint32_t offset_ = 0;
  uint32_t depth_ = 0;
  uint32_t depth_max_ = 0;
};

}  // namespace

absl::StatusOr<Program> CompileProgram(const Ast& ast) { return Compiler(ast).Run(); }

}  // namespace lineward::policy::cel

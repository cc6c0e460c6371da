#include "policy/src/cel/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "policy/src/cel/lexer.h"
#include "policy/src/cel/limits.h"
#include "policy/src/cel/literal.h"
#include "policy/src/cel/macros.h"

namespace lineward::policy::cel {
namespace {

struct BinaryOperator {
  std::string_view symbol;
  int binding;
};

// Binding powers of the operators to the left; `?:` is weaker than all and handled apart.
constexpr std::array<BinaryOperator, 14> kBinary = {{{"||", 2},
                                                     {"&&", 3},
                                                     {"==", 4},
                                                     {"!=", 4},
                                                     {"<", 4},
                                                     {"<=", 4},
                                                     {">", 4},
                                                     {">=", 4},
                                                     {"in", 4},
                                                     {"+", 5},
                                                     {"-", 5},
                                                     {"*", 6},
                                                     {"/", 6},
                                                     {"%", 6}}};
constexpr int kConditionalBinding = 1;
constexpr uint64_t kLowestMagnitude = uint64_t{1} << 63;

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens) : tokens_(std::move(tokens)) {
    syntax_.source = std::string(source);
  }

  std::variant<Syntax, Problem> Run() {
    const NodeId root = Expression(kConditionalBinding);
    if (!problem_ && token().kind != TokenKind::kEnd) Unexpected("an operator or the end");
    if (problem_) return *std::move(problem_);
    syntax_.root = root;
    return std::move(syntax_);
  }

 private:
  // Counts one level of recursion for as long as it lives.
  class Level {
   public:
    explicit Level(uint32_t* depth) : depth_(depth) { ++*depth_; }
    ~Level() { --*depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    uint32_t* depth_;
  };

  const Token& token() const { return tokens_[at_]; }
  bool At(std::string_view symbol) const { return !problem_ && token().is_symbol(symbol); }
  bool Accept(std::string_view symbol) {
    if (!At(symbol)) return false;
    ++at_;
    return true;
  }
  void Expect(std::string_view symbol) {
    if (!problem_ && !Accept(symbol)) Unexpected(fmt::format("`{}`", symbol));
  }

  void Fail(uint32_t offset, std::string message, uint16_t code = kNotAnExpression) {
    if (!problem_) problem_ = Problem{code, PlaceOf(syntax_.source, offset), std::move(message)};
  }
  void Unexpected(std::string_view wanted) {
    const Token& found = token();
    if (found.kind == TokenKind::kEnd) {
      return Fail(found.offset, fmt::format("unexpected end: expected {}", wanted));
    }
    const auto text =
        std::string_view(syntax_.source).substr(found.offset, found.end - found.offset);
    Fail(found.offset, fmt::format("unexpected `{}`: expected {}", text.substr(0, 40), wanted));
  }

  // Adds nothing once there is a problem: what is parsed after it is never looked at.
  NodeId Add(SyntaxNode node) {
    if (problem_) return 0;
    for (NodeId child : node.children) {
      node.depth = std::max(node.depth, syntax_.nodes[child].depth + 1);
    }
    if (syntax_.nodes.size() >= kNodesMax) {
      Fail(node.offset, fmt::format("more than {} nodes", kNodesMax), kOutsideProfile);
    } else if (node.depth > kDepthMax) {
      TooDeep(node.offset);
    }
    if (problem_) return 0;
    syntax_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(syntax_.nodes.size() - 1);
  }
  void TooDeep(uint32_t offset) {
    Fail(offset, fmt::format("nested deeper than {}", kDepthMax), kOutsideProfile);
  }

  NodeId Operator(std::string_view symbol, uint32_t offset, std::vector<NodeId> operands) {
    return Add({.kind = SyntaxKind::kCall,
                .is_operator = true,
                .offset = offset,
                .text = std::string(symbol),
                .children = std::move(operands)});
  }

  NodeId Expression(int binding_min) {
    const Level level(&depth_);
    if (depth_ > kDepthMax) TooDeep(token().offset);
    if (problem_) return 0;
    NodeId left = Unary();
    while (!problem_) {
      const BinaryOperator* found = BinaryAt(binding_min);
      if (found == nullptr) break;
      const uint32_t offset = token().offset;
      ++at_;
      const NodeId right = Expression(found->binding + 1);
      left = Operator(found->symbol, offset, {left, right});
    }
    if (binding_min > kConditionalBinding || !At("?")) return left;
    const uint32_t offset = token().offset;
    ++at_;
    const NodeId yes = Expression(kConditionalBinding + 1);
    Expect(":");
    const NodeId no = Expression(kConditionalBinding);
    return Operator(kConditionalSymbol, offset, {left, yes, no});
  }

  const BinaryOperator* BinaryAt(int binding_min) const {
    if (token().kind != TokenKind::kSymbol && !token().is_name("in")) return nullptr;
    for (const BinaryOperator& binary : kBinary) {
      if (binary.symbol == token().text) return binary.binding >= binding_min ? &binary : nullptr;
    }
    return nullptr;
  }

  NodeId Unary() {
    const Level level(&depth_);
    if (depth_ > kDepthMax) TooDeep(token().offset);
    const uint32_t offset = token().offset;
    if (Accept("!")) return Operator("!", offset, {Unary()});
    if (!At("-")) return Postfix(Primary());
    ++at_;
    const TokenKind next = token().kind;
    if (next != TokenKind::kInt && next != TokenKind::kDouble) {
      return Operator(kNegationSymbol, offset, {Unary()});
    }
    return Postfix(Number(offset, true));
  }

  NodeId Postfix(NodeId left) {
    while (!problem_) {
      const uint32_t offset = token().offset;
      if (Accept("[")) {
        const NodeId index = Expression(kConditionalBinding);
        Expect("]");
        left = Operator(kIndexingSymbol, offset, {left, index});
      } else if (Accept(".")) {
        left = Member(left);
      } else {
        break;
      }
    }
    return left;
  }

  NodeId Member(NodeId target) {
    const Token& name = token();
    if (name.kind != TokenKind::kName && name.kind != TokenKind::kQuotedName) {
      Unexpected("the name of a field or function");
      return target;
    }
    // Words that are literals or operators are no fields, unless quoted.
    if (name.is_name("true") || name.is_name("false") || name.is_name("null") ||
        name.is_name("in")) {
      Unexpected("the name of a field or function");
      return target;
    }
    ++at_;
    if (name.kind == TokenKind::kQuotedName || !At("(")) {
      return Add({.kind = SyntaxKind::kSelect,
                  .is_quoted = name.kind == TokenKind::kQuotedName,
                  .offset = name.offset,
                  .text = name.text,
                  .children = {target}});
    }
    return Call({.kind = SyntaxKind::kCall,
                 .has_target = true,
                 .offset = name.offset,
                 .text = name.text,
                 .children = {target}});
  }

  // The arguments of `call`, from its parenthesis on.
  NodeId Call(SyntaxNode call) {
    Expect("(");
    if (!At(")")) Sequence(")", &call.children);
    Expect(")");
    if (!problem_) {
      if (std::optional<Problem> problem = ExpandMacro(syntax_, &call)) problem_ = *problem;
    }
    return Add(std::move(call));
  }

  // Expressions with commas between; a comma may stand before `closing` only if `is_open` says so.
  void Sequence(std::string_view closing, std::vector<NodeId>* items, bool is_open = false) {
    do {
      if (is_open && At(closing)) return;
      items->push_back(Expression(kConditionalBinding));
    } while (Accept(","));
  }

  NodeId Primary() {
    const Token& first = token();
    switch (first.kind) {
      case TokenKind::kInt:
      case TokenKind::kUint:
      case TokenKind::kDouble:
        return Number(first.offset, false);
      case TokenKind::kString:
      case TokenKind::kBytes:
        ++at_;
        return TextLiteral(first);
      case TokenKind::kName:
        return Word(false);
      case TokenKind::kSymbol:
        return Bracketed();
      case TokenKind::kQuotedName:
      case TokenKind::kEnd:
        break;
    }
    Unexpected("an expression");
    return 0;
  }

  NodeId Bracketed() {
    const uint32_t offset = token().offset;
    if (Accept("(")) {
      const NodeId inner = Expression(kConditionalBinding);
      Expect(")");
      return inner;
    }
    if (Accept("[")) {
      SyntaxNode list{.kind = SyntaxKind::kList, .offset = offset};
      if (!At("]")) Sequence("]", &list.children, true);
      Expect("]");
      return Add(std::move(list));
    }
    if (Accept("{")) return MapLiteral(offset);
    if (Accept(".")) {
      if (token().kind == TokenKind::kName) return Word(true);
      Unexpected("a name");
      return 0;
    }
    Unexpected("an expression");
    return 0;
  }

  NodeId MapLiteral(uint32_t offset) {
    SyntaxNode map{.kind = SyntaxKind::kMap, .offset = offset};
    while (!problem_ && !At("}")) {
      map.children.push_back(Expression(kConditionalBinding));
      Expect(":");
      map.children.push_back(Expression(kConditionalBinding));
      if (!Accept(",")) break;
    }
    Expect("}");
    return Add(std::move(map));
  }

  NodeId Word(bool is_absolute) {
    const Token& word = token();
    if (!is_absolute) {
      std::optional<Value> constant;
      if (word.text == "true") constant = Value::Bool(true);
      if (word.text == "false") constant = Value::Bool(false);
      if (word.text == "null") constant = Value();
      if (constant) {
        ++at_;
        return Add({.kind = SyntaxKind::kLiteral, .offset = word.offset, .literal = *constant});
      }
    }
    if (IsReserved(word.text)) {
      Fail(word.offset, fmt::format("`{}` is a reserved word: expected an expression", word.text));
      return 0;
    }
    ++at_;
    SyntaxNode node{.kind = SyntaxKind::kName,
                    .is_absolute = is_absolute,
                    .offset = word.offset,
                    .text = word.text};
    if (!At("(")) return Add(std::move(node));
    node.kind = SyntaxKind::kCall;
    return Call(std::move(node));
  }

  NodeId Number(uint32_t offset, bool is_negative) {
    const Token& number = token();
    ++at_;
    std::optional<Value> value;
    if (number.kind == TokenKind::kDouble) {
      const std::optional<double> magnitude = DoubleOf(number.text);
      if (magnitude) value = Value::Double(is_negative ? -*magnitude : *magnitude);
    } else if (const std::optional<uint64_t> magnitude = MagnitudeOf(number.text)) {
      if (number.kind == TokenKind::kUint) {
        value = Value::Uint(*magnitude);
      } else if (*magnitude < kLowestMagnitude || (is_negative && *magnitude == kLowestMagnitude)) {
        value = Value::Int(static_cast<int64_t>(is_negative ? 0 - *magnitude : *magnitude));
      }
    }
    if (!value) {
      const std::string_view range = number.kind == TokenKind::kDouble ? "above 1.8e308"
                                     : number.kind == TokenKind::kUint
                                         ? "above 18446744073709551615"
                                         : "outside -9223372036854775808 to 9223372036854775807";
      Fail(offset, fmt::format("number out of range: `{}{}` is {}", is_negative ? "-" : "",
                               number.text, range));
      value = Value();
    }
    return Add({.kind = SyntaxKind::kLiteral, .offset = offset, .literal = *value});
  }

  NodeId TextLiteral(const Token& token) {
    const NodeId id =
        Add({.kind = SyntaxKind::kLiteral, .offset = token.offset, .text = token.text});
    if (problem_) return id;
    SyntaxNode& node = syntax_.nodes[id];  // a deque: its text stays where it is
    node.literal =
        token.kind == TokenKind::kString ? Value::String(node.text) : Value::Bytes(node.text);
    return id;
  }

  const std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  Syntax syntax_;
  std::optional<Problem> problem_;
};

}  // namespace

std::variant<Syntax, Problem> Parse(std::string_view source) {
  if (source.size() > kSourceBytesMax) {
    return Problem{kOutsideProfile,
                   {1, 1},
                   fmt::format("{} bytes, at most {}", source.size(), kSourceBytesMax)};
  }
  auto tokens = Tokenize(source);
  if (auto* problem = std::get_if<Problem>(&tokens)) return std::move(*problem);
  return Parser(source, std::get<std::vector<Token>>(std::move(tokens))).Run();
}

}  // namespace lineward::policy::cel

#include "policy/src/cel/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "lineward/base/strings.h"
#include "policy/src/cel/literal.h"

namespace lineward::policy::cel {
namespace {

constexpr std::array<std::string_view, 21> kReserved = {
    "as",        "break", "const",  "continue", "else", "false", "for",
    "function",  "if",    "import", "in",       "let",  "loop",  "package",
    "namespace", "null",  "return", "true",     "var",  "void",  "while"};

constexpr std::array<std::string_view, 6> kTwoCharacterSymbols = {
    "&&", "||", "==", "!=", "<=", ">="};
constexpr std::string_view kSymbols = "+-*/%!<>?:.,()[]{}";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::variant<std::vector<Token>, Problem> Run() {
    if (!base::IsUtf8(source_)) return Problem{.place = {1, 1}, .message = "not UTF-8"};
    while (!problem_) {
      SkipSpace();
      start_ = at_;
      if (at_ == source_.size()) {
        Add(TokenKind::kEnd, "");
        return std::move(tokens_);
      }
      Next();
    }
    return *std::move(problem_);
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  std::string_view Taken() const { return source_.substr(start_, at_ - start_); }

  void Add(TokenKind kind, std::string_view text) {
    tokens_.push_back(
        {kind, static_cast<uint32_t>(start_), static_cast<uint32_t>(at_), std::string(text)});
  }
  void Fail(std::string message) {
    problem_ = Problem{.place = PlaceOf(source_, static_cast<uint32_t>(start_)),
                       .message = std::move(message)};
  }

  void SkipSpace() {
    while (at_ < source_.size()) {
      if (std::string_view(" \t\n\r\f").find(source_[at_]) != std::string_view::npos) {
        ++at_;
      } else if (source_.substr(at_).starts_with("//")) {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else {
        return;
      }
    }
  }

  void Next() {
    if (LiteralPrefix()) return Text();
    if (IsLetter(Peek())) {
      while (IsLetter(Peek()) || IsDigit(Peek())) ++at_;
      return Add(TokenKind::kName, Taken());
    }
    if (IsDigit(Peek()) || (Peek() == '.' && IsDigit(Peek(1)))) return Number();
    if (Peek() == '`') return QuotedName();
    Symbol();
  }

  // Whether a text literal starts here, perhaps behind r and b in either case and order.
  bool LiteralPrefix() const {
    size_t ahead = 0;
    bool is_raw = false;
    bool is_bytes = false;
    for (;; ++ahead) {
      const char c = Peek(ahead);
      if (c == '"' || c == '\'') return true;
      if ((c == 'r' || c == 'R') && !is_raw) {
        is_raw = true;
      } else if ((c == 'b' || c == 'B') && !is_bytes) {
        is_bytes = true;
      } else {
        return false;
      }
    }
  }

  void Text() {
    bool is_raw = false;
    bool is_bytes = false;
    for (; IsLetter(Peek()); ++at_) (Peek() == 'r' || Peek() == 'R' ? is_raw : is_bytes) = true;
    const std::string quote(1, Peek());
    const bool is_triple = source_.substr(at_).starts_with(quote + quote + quote);
    const std::string closing = is_triple ? quote + quote + quote : quote;
    at_ += closing.size();
    const size_t content = at_;
    while (!source_.substr(at_).starts_with(closing)) {
      if (at_ >= source_.size() || (!is_triple && (Peek() == '\n' || Peek() == '\r'))) {
        return Fail(fmt::format("unterminated text: no closing `{}`", closing));
      }
      at_ += Peek() == '\\' && !is_raw && at_ + 1 < source_.size() ? 2 : 1;
    }
    const std::string_view inner = source_.substr(content, at_ - content);
    at_ += closing.size();
    const TokenKind kind = is_bytes ? TokenKind::kBytes : TokenKind::kString;
    if (is_raw) return Add(kind, inner);
    Unescaped text = Unescape(inner, is_bytes);
    if (!text.error.empty()) {
      start_ = content + text.error_at;
      return Fail(std::move(text.error));
    }
    Add(kind, text.text);
  }

  void Number() {
    bool is_double = false;
    if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X') && IsHexDigit(Peek(2))) {
      at_ += 2;
      while (IsHexDigit(Peek())) ++at_;
    } else {
      is_double = Decimal();
    }
    const std::string_view text = Taken();
    if (!is_double && (Peek() == 'u' || Peek() == 'U')) {
      ++at_;
      Add(TokenKind::kUint, text);
    } else {
      Add(is_double ? TokenKind::kDouble : TokenKind::kInt, text);
    }
    if (IsLetter(Peek()) || IsDigit(Peek())) {
      start_ = at_;
      Fail(fmt::format("`{}` follows the number `{}`", Peek(), text));
    }
  }

  // Digits, fraction, exponent; whether it is a double. `1.x` is an int and a selection.
  bool Decimal() {
    while (IsDigit(Peek())) ++at_;
    bool is_double = false;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      is_double = true;
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    if (Peek() == 'e' || Peek() == 'E') {
      const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
      if (!IsDigit(Peek(1 + sign))) return is_double;
      is_double = true;
      at_ += 1 + sign;
      while (IsDigit(Peek())) ++at_;
    }
    return is_double;
  }

  void QuotedName() {
    const size_t end = source_.find_first_of("`\n", at_ + 1);
    if (end == std::string_view::npos || source_[end] == '\n') {
      return Fail("unterminated name: no closing back-quote");
    }
    const std::string_view name = source_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
      return IsLetter(c) || IsDigit(c) ||
             std::string_view("-./ ").find(c) != std::string_view::npos;
    });
    if (name.empty() || !is_plain) {
      return Fail("a quoted name has letters, digits, `_`, `-`, `.`, `/` and spaces only");
    }
    Add(TokenKind::kQuotedName, name);
  }

  void Symbol() {
    for (std::string_view symbol : kTwoCharacterSymbols) {
      if (!source_.substr(at_).starts_with(symbol)) continue;
      at_ += 2;
      return Add(TokenKind::kSymbol, symbol);
    }
    if (kSymbols.find(Peek()) != std::string_view::npos) {
      ++at_;
      return Add(TokenKind::kSymbol, Taken());
    }
    const std::string_view hint = Peek() == '&'   ? " (nearest: `&&`)"
                                  : Peek() == '|' ? " (nearest: `||`)"
                                  : Peek() == '=' ? " (nearest: `==`)"
                                                  : "";
    do ++at_;
    while ((Peek() & 0xC0) == 0x80);
    const bool is_shown = Taken().size() > 1 || static_cast<unsigned char>(Taken()[0]) >= ' ';
    Fail(is_shown ? fmt::format("unexpected `{}`{}", Taken(), hint)
                  : fmt::format("unexpected control character {}", static_cast<int>(Taken()[0])));
  }

  const std::string_view source_;
  size_t start_ = 0;
  size_t at_ = 0;
  std::vector<Token> tokens_;
  std::optional<Problem> problem_;
};

}  // namespace

std::variant<std::vector<Token>, Problem> Tokenize(std::string_view source) {
  return Lexer(source).Run();
}

bool IsReserved(std::string_view word) {
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

}  // namespace lineward::policy::cel

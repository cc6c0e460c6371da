#pragma once

// Source text into tokens. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/src/cel/problem.h"

namespace lineward::policy::cel {

enum class TokenKind : uint8_t {
  kEnd,
  kName,        // text: the name; reserved words too
  kQuotedName,  // text: between the back-quotes
  kInt,         // text: digits, or 0x and hex digits
  kUint,        // the same without the suffix
  kDouble,
  kString,  // text: unescaped
  kBytes,
  kSymbol,  // text: `+`, `&&` and so on
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t offset = 0;
  uint32_t end = 0;
  std::string text;

  bool is_symbol(std::string_view symbol) const {
    return kind == TokenKind::kSymbol && text == symbol;
  }
  bool is_name(std::string_view name) const { return kind == TokenKind::kName && text == name; }
};

// The tokens of `source`, ended by kEnd; or the first problem: not UTF-8, an unknown character, an
// unterminated or malformed literal.
std::variant<std::vector<Token>, Problem> Tokenize(std::string_view source);

// A word that is no name of a variable or function: `if`, `namespace` and so on; literals and `in`
// too.
bool IsReserved(std::string_view word);

}  // namespace lineward::policy::cel

#include "policy/src/cel/literal.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace lineward::policy::cel {
namespace {

constexpr std::string_view kSimpleEscapes = "abfnrtv\\?\"'`";
constexpr std::string_view kSimpleMeanings = "\a\b\f\n\r\t\v\\?\"'`";

// The number in exactly `count` digits of `base` at `at`; nullopt if they are not there.
std::optional<uint32_t> Digits(std::string_view text, size_t at, size_t count, int base) {
  if (at + count > text.size()) return std::nullopt;
  const char* first = text.data() + at;
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(first, first + count, number, base);
  if (error != std::errc() || end != first + count) return std::nullopt;
  return number;
}

bool IsCodePoint(uint32_t number) {
  return number <= 0x10FFFF && (number < 0xD800 || number > 0xDFFF);
}

struct Escape {
  size_t digits_at;
  size_t digits;
  int base;
};

// How the number of the escape letter `c` at `at` is written; nullopt for an unknown letter.
std::optional<Escape> NumericEscape(char c, size_t at, bool is_bytes) {
  if (c == 'x' || c == 'X') return Escape{at + 1, 2, 16};
  if (c == 'u' && !is_bytes) return Escape{at + 1, 4, 16};
  if (c == 'U' && !is_bytes) return Escape{at + 1, 8, 16};
  if (c >= '0' && c <= '3') return Escape{at, 3, 8};
  return std::nullopt;
}

}  // namespace

void AppendUtf8(std::string* text, uint32_t code_point) {
  const auto add = [text](uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xC0 | code_point >> 6);
    add(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    add(0xE0 | code_point >> 12);
    add(0x80 | (code_point >> 6 & 0x3F));
    add(0x80 | (code_point & 0x3F));
  } else {
    add(0xF0 | code_point >> 18);
    add(0x80 | (code_point >> 12 & 0x3F));
    add(0x80 | (code_point >> 6 & 0x3F));
    add(0x80 | (code_point & 0x3F));
  }
}

Unescaped Unescape(std::string_view text, bool is_bytes) {
  Unescaped result;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      result.text += text[at++];
      continue;
    }
    result.error_at = at++;
    const char letter = at < text.size() ? text[at] : '\0';
    if (const size_t simple = kSimpleEscapes.find(letter); simple != std::string_view::npos) {
      result.text += kSimpleMeanings[simple];
      ++at;
      continue;
    }
    const std::optional<Escape> escape = NumericEscape(letter, at, is_bytes);
    const std::optional<uint32_t> number =
        escape ? Digits(text, escape->digits_at, escape->digits, escape->base) : std::nullopt;
    if (!number || (!is_bytes && !IsCodePoint(*number)) || (is_bytes && *number > 0xFF)) {
      result.error = "malformed escape: `\\n`, `\\x41`, `\\101`, in strings `\\u0041` and so on";
      return result;
    }
    at = escape->digits_at + escape->digits;
    if (is_bytes) {
      result.text += static_cast<char>(*number);
    } else {
      AppendUtf8(&result.text, *number);
    }
  }
  return result;
}

std::optional<uint64_t> MagnitudeOf(std::string_view digits) {
  const bool is_hex = digits.starts_with("0x") || digits.starts_with("0X");
  if (is_hex) digits.remove_prefix(2);
  uint64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, number, is_hex ? 16 : 10);
  if (error != std::errc() || last != end) return std::nullopt;
  return number;
}

std::optional<double> DoubleOf(const std::string& text) {
  const double number = std::strtod(text.c_str(), nullptr);  // from_chars refuses what underflows
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace lineward::policy::cel

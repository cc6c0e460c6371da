#pragma once

// The text of literals into what they mean. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lineward::policy::cel {

struct Unescaped {
  std::string text;
  std::string error;  // empty if well-formed
  size_t error_at = 0;
};

// Resolves `\n`, `\x41`, `\101`, `\u00e9`, `\U0001f600` and so on. In bytes `\x` and octal name a
// byte and `\u` is an error; in strings each names a code point, never a surrogate.
Unescaped Unescape(std::string_view text, bool is_bytes);

// Decimal or `0x` digits; nullopt above 2^64 - 1.
std::optional<uint64_t> MagnitudeOf(std::string_view digits);

// The nearest double, zero if too small; nullopt if too large.
std::optional<double> DoubleOf(const std::string& text);

// Appends the UTF-8 form of `code_point`.
void AppendUtf8(std::string* text, uint32_t code_point);

}  // namespace lineward::policy::cel

#include "lineward/base/strings.h"

#include <absl/strings/escaping.h>

#include <charconv>

namespace lineward::base {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <typename T>
std::optional<T> ParseDecimal(std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && digits.front() == '-') digits.remove_prefix(1);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

// Well-formed sequences: The Unicode Standard, table 3-7.
bool IsUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const auto* end = at + text.size();
  const auto continues = [&](int offset, uint8_t low = 0x80, uint8_t high = 0xBF) {
    return at[offset] >= low && at[offset] <= high;
  };
  while (at < end) {
    const uint8_t lead = *at;
    const auto left = end - at;
    if (lead < 0x80) {
      ++at;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      if (left < 2 || !continues(1)) return false;
      at += 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
      const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
      if (left < 3 || !continues(1, low, high) || !continues(2)) return false;
      at += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
      const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
      if (left < 4 || !continues(1, low, high) || !continues(2) || !continues(3)) return false;
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

std::string ToHex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::optional<std::string> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string ToBase64(std::string_view bytes) { return absl::Base64Escape(ToAbsl(bytes)); }

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape(ToAbsl(text), &bytes) || ToBase64(bytes) != text) return std::nullopt;
  return bytes;
}

std::optional<int64_t> ParseInt64(std::string_view text) { return ParseDecimal<int64_t>(text); }
std::optional<uint64_t> ParseUint64(std::string_view text) { return ParseDecimal<uint64_t>(text); }

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t at = text.find(separator); at != std::string_view::npos;
       at = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace lineward::base

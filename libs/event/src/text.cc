#include "event/src/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

namespace lineward::event {
namespace {

constexpr std::array<bool, 256> SurfaceBytes() {
  std::array<bool, 256> allowed{};
  for (int c = 'A'; c <= 'Z'; ++c) allowed[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) allowed[static_cast<size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) allowed[static_cast<size_t>(c)] = true;
  for (const char c : {'.', '_', '/', '-'}) allowed[static_cast<size_t>(c)] = true;
  return allowed;
}
constexpr std::array<bool, 256> kSurfaceBytes = SurfaceBytes();

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsCapital(char c) { return c >= 'A' && c <= 'Z'; }

// Decimal of exactly `size` digits at `at`; -1 if one of them is none.
int Digits(std::string_view text, size_t at, size_t size) {
  int value = 0;
  for (size_t i = at; i < at + size; ++i) {
    if (!IsDigit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int DaysIn(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

// Days since 1970-01-01 of the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible
// Low-Level Date Algorithms", days_from_civil).
int64_t DaysSinceEpoch(int year, int month, int day) {
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

// A whole number as sign and magnitude; nullopt if it has a fraction or is over 2^63.
struct Whole {
  bool is_negative = false;
  uint64_t magnitude = 0;
};
std::optional<Whole> ParseWhole(std::string_view number) {
  Whole whole;
  if (!number.empty() && number.front() == '-') {
    whole.is_negative = true;
    number.remove_prefix(1);
  }
  const size_t mantissa_end = std::min(number.find_first_of("eE"), number.size());
  int64_t exponent = 0;
  if (mantissa_end < number.size()) {
    std::string_view text = number.substr(mantissa_end + 1);
    if (text.front() == '+') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc()) exponent = text.front() == '-' ? -1'000'000'000 : 1'000'000'000;
  }
  const std::string_view mantissa = number.substr(0, mantissa_end);
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  // The digit at place p has weight 10^p.
  int64_t place = exponent + static_cast<int64_t>(point);
  for (size_t i = 0; i < mantissa.size(); ++i) {
    if (i == point) continue;
    --place;
    const uint64_t digit = static_cast<uint64_t>(mantissa[i] - '0');
    if (digit == 0) continue;
    if (place < 0 || place > 18) return std::nullopt;
    uint64_t weighted = digit;
    for (int64_t p = 0; p < place; ++p) {
      if (weighted > UINT64_MAX / 10) return std::nullopt;
      weighted *= 10;
    }
    if (whole.magnitude > (uint64_t{1} << 63) - std::min(weighted, uint64_t{1} << 63)) {
      return std::nullopt;
    }
    whole.magnitude += weighted;
  }
  return whole;
}

// The exact quotient of two exact doubles is rounded once, so it is the nearest double (W. Clinger,
// "How to Read Floating Point Numbers Accurately", 1990). Nullopt for anything but up to 15 digits
// with a point in them.
std::optional<double> ParseShortDecimal(std::string_view number) {
  constexpr size_t kCharsMax = 16;
  constexpr std::array<double, kCharsMax> kPowers = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  if (number.size() > kCharsMax) return std::nullopt;
  uint64_t digits = 0;
  size_t point = number.size();
  for (size_t i = 0; i < number.size(); ++i) {
    if (number[i] == '.') {
      point = i;
    } else if (IsDigit(number[i])) {
      digits = digits * 10 + static_cast<uint64_t>(number[i] - '0');
    } else {
      return std::nullopt;
    }
  }
  if (point == number.size()) return std::nullopt;
  return static_cast<double>(digits) / kPowers[number.size() - point - 1];
}

}  // namespace

uint8_t ScanText(std::string_view text) {
  uint8_t traits = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x80) traits |= kTextNonAscii;
    if (byte < 0x20 || byte == 0x7f) traits |= kTextControl;
  }
  return traits;
}

bool IsSurface(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return kSurfaceBytes[static_cast<uint8_t>(c)]; });
}

bool IsJurisdiction(std::string_view text) {
  if (text.size() < 2 || !IsCapital(text[0]) || !IsCapital(text[1])) return false;
  if (text.size() == 2) return true;
  if (text.size() < 4 || text.size() > 6 || text[2] != '-') return false;
  return std::all_of(text.begin() + 3, text.end(),
                     [](char c) { return IsCapital(c) || IsDigit(c); });
}

bool IsWeightsDigest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  constexpr size_t kHexDigits = 64;
  if (text.size() != kPrefix.size() + kHexDigits || !text.starts_with(kPrefix)) return false;
  ByteVector others{};
  for (size_t i = 0; i < kHexDigits; i += sizeof(ByteVector)) {
    const ByteVector bytes = LoadVector(text.data() + kPrefix.size() + i);
    others |= ((bytes < '0') | (bytes > '9')) & ((bytes < 'a') | (bytes > 'f'));
  }
  return !IsAnySet(others);
}

std::optional<int64_t> ParseTimeMicros(std::string_view text) {
  constexpr size_t kSecondsEnd = 19;  // 2026-03-01T12:00:00
  if (text.size() <= kSecondsEnd || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  const int hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2);
  const int second = Digits(text, 17, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > DaysIn(year, month)) {
    return std::nullopt;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  int64_t micros = 0;
  size_t at = kSecondsEnd;
  if (text[at] == '.') {
    const size_t first = ++at;
    int64_t unit = 100'000;
    while (at < text.size() && IsDigit(text[at])) {
      micros += (text[at] - '0') * unit;
      unit /= 10;
      ++at;
    }
    if (at == first || at - first > 9 || at == text.size()) return std::nullopt;
  }
  int64_t offset_minutes = 0;
  if (text[at] == 'Z') {
    if (at + 1 != text.size()) return std::nullopt;
  } else {
    if ((text[at] != '+' && text[at] != '-') || at + 6 != text.size() || text[at + 3] != ':') {
      return std::nullopt;
    }
    const int hours = Digits(text, at + 1, 2);
    const int minutes = Digits(text, at + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    offset_minutes = (text[at] == '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  const int64_t seconds = DaysSinceEpoch(year, month, day) * 86'400 + hour * 3'600 + minute * 60 +
                          second - offset_minutes * 60;
  return seconds * 1'000'000 + micros;
}

bool IsJsonNumber(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t first = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return at > first;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

std::optional<uint32_t> ParseUint32(std::string_view number) {
  // Nearly all: digits that cannot overflow.
  constexpr size_t kDigitsSafe = 9;
  if (number.size() <= kDigitsSafe && std::all_of(number.begin(), number.end(), IsDigit)) {
    uint32_t value = 0;
    for (const char c : number) value = value * 10 + static_cast<uint32_t>(c - '0');
    return value;
  }
  const auto whole = ParseWhole(number);
  if (!whole.has_value() || whole->magnitude > UINT32_MAX) return std::nullopt;
  if (whole->is_negative && whole->magnitude != 0) return std::nullopt;
  return static_cast<uint32_t>(whole->magnitude);
}

std::optional<int32_t> ParseInt32(std::string_view number) {
  const auto whole = ParseWhole(number);
  if (!whole.has_value()) return std::nullopt;
  const uint64_t limit = whole->is_negative ? uint64_t{1} << 31 : (uint64_t{1} << 31) - 1;
  if (whole->magnitude > limit) return std::nullopt;
  const auto magnitude = static_cast<int64_t>(whole->magnitude);
  return static_cast<int32_t>(whole->is_negative ? -magnitude : magnitude);
}

std::optional<double> ParseDouble(std::string_view number) {
  if (const auto value = ParseShortDecimal(number)) return value;
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc()) return value;
  // Out of range: too large, or so small that it is (nearly) zero; from_chars does not tell which.
  value = std::strtod(std::string(number).c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  return value;
}

}  // namespace lineward::event

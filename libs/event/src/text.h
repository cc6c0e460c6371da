#pragma once

// Texts of an event: which bytes they hold, patterns, times and numbers in text form. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

namespace lineward::event {

// What ScanText found; a text without any is printable ASCII without backslash.
enum TextTrait : uint8_t {
  kTextControl = 1,    // U+0000-001F or U+007F
  kTextNonAscii = 2,   // a byte over 7F
  kTextBackslash = 4,  // `\`
};
uint8_t ScanText(std::string_view text);

bool IsSurface(std::string_view text);
bool IsJurisdiction(std::string_view text);
bool IsWeightsDigest(std::string_view text);

// RFC 3339 with capital T and Z, numeric offset, at most 9 digits of fraction; cut to microseconds
// since the epoch. Leap seconds are refused. The caller checks the range.
std::optional<int64_t> ParseTimeMicros(std::string_view text);

// 2000-01-01 to the last microsecond of 2099.
inline constexpr int64_t kTimeMinUs = 946'684'800'000'000;
inline constexpr int64_t kTimeEndUs = 4'102'444'800'000'000;

// True if `text` is one number by RFC 8259.
bool IsJsonNumber(std::string_view text);

// The value of a JSON number if it is a whole one within the type; any spelling (`2e1`, `3.0`).
std::optional<uint32_t> ParseUint32(std::string_view number);
std::optional<int32_t> ParseInt32(std::string_view number);

// The nearest double of a JSON number; nullopt if that is infinite.
std::optional<double> ParseDouble(std::string_view number);

}  // namespace lineward::event

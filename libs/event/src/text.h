#pragma once

// Texts of an event: which bytes they hold, patterns, times and numbers in text form. Pure.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace lineward::event {

// What ScanText found; a text without any is printable ASCII.
enum TextTrait : uint8_t {
  kTextControl = 1,   // U+0000-001F or U+007F
  kTextNonAscii = 2,  // a byte over 7F
};
uint8_t ScanText(std::string_view text);

// Sixteen bytes side by side, as the compiler's vectors: no instruction set is named.
using ByteVector = int8_t __attribute__((vector_size(16)));
inline ByteVector LoadVector(const char* at) {
  ByteVector bytes;
  std::memcpy(&bytes, at, sizeof(bytes));
  return bytes;
}
inline bool IsAnySet(ByteVector mask) {
  const auto words = std::bit_cast<std::array<uint64_t, 2>>(mask);
  return (words[0] | words[1]) != 0;
}

// True if ScanText finds nothing: most texts, a word or a vector at a time.
inline bool IsPlain(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const char* const first = text.data();
  const size_t size = text.size();
  if (size >= sizeof(ByteVector)) {
    // As signed numbers bytes over 7F are below a space too.
    const auto others = [](const char* at) {
      const ByteVector bytes = LoadVector(at);
      return (bytes < 0x20) | (bytes == 0x7f);
    };
    // The last vector may overlap the one before.
    ByteVector found = others(first + size - sizeof(ByteVector));
    for (size_t at = 0; at + sizeof(ByteVector) < size; at += sizeof(ByteVector)) {
      found |= others(first + at);
    }
    return !IsAnySet(found);
  }
  // A borrow reaches the byte above only from one that is found itself.
  const auto others = [](uint64_t word) {
    return (word | (word - kOnes * 0x20) | ((word ^ kOnes * 0x7f) - kOnes)) & kHighs;
  };
  if (size >= 8) {
    uint64_t low;
    uint64_t high;
    std::memcpy(&low, first, 8);
    std::memcpy(&high, first + size - 8, 8);
    return (others(low) | others(high)) == 0;
  }
  if (size >= 4) {
    uint32_t low;
    uint32_t high;
    std::memcpy(&low, first, 4);
    std::memcpy(&high, first + size - 4, 4);
    return others(low | static_cast<uint64_t>(high) << 32) == 0;
  }
  uint64_t word = kOnes * ' ';
  for (size_t i = 0; i < size; ++i) word = word << 8 | static_cast<uint8_t>(first[i]);
  return others(word) == 0;
}

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

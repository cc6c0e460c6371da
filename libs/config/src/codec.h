#pragma once

// How each type of option is read from text and printed: `Codec<T>`.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/config/option_table.h"
#include "lineward/config/values.h"

namespace lineward::config {

template <typename T>
struct Codec;

template <>
struct Codec<bool> {
  static constexpr std::string_view kType = "bool";
  static constexpr std::string_view kSchemaType = "boolean";
  static constexpr bool kHasOrder = false;
  static absl::StatusOr<bool> Parse(std::string_view text);
  static std::string Format(bool value) { return value ? "true" : "false"; }
};

template <>
struct Codec<int64_t> {
  static constexpr std::string_view kType = "integer";
  static constexpr std::string_view kSchemaType = "integer";
  static constexpr bool kHasOrder = true;
  static absl::StatusOr<int64_t> Parse(std::string_view text);
  static std::string Format(int64_t value) { return std::to_string(value); }
};

template <>
struct Codec<double> {
  static constexpr std::string_view kType = "ratio";
  static constexpr std::string_view kSchemaType = "number";
  static constexpr bool kHasOrder = true;
  static absl::StatusOr<double> Parse(std::string_view text);
  static std::string Format(double value);
};

template <>
struct Codec<absl::Duration> {
  static constexpr std::string_view kType = "duration";
  static constexpr std::string_view kSchemaType = "string";
  static constexpr bool kHasOrder = true;
  static absl::StatusOr<absl::Duration> Parse(std::string_view text) { return DurationOf(text); }
  static std::string Format(absl::Duration value) { return DurationText(value); }
};

template <>
struct Codec<ByteSize> {
  static constexpr std::string_view kType = "size";
  static constexpr std::string_view kSchemaType = "string";
  static constexpr bool kHasOrder = true;
  static absl::StatusOr<ByteSize> Parse(std::string_view text) { return ParseByteSize(text); }
  static std::string Format(ByteSize value) { return FormatByteSize(value); }
};

template <>
struct Codec<std::string> {
  static constexpr std::string_view kType = "text";
  static constexpr std::string_view kSchemaType = "string";
  static constexpr bool kHasOrder = false;
  static absl::StatusOr<std::string> Parse(std::string_view text) { return std::string(text); }
  static std::string Format(const std::string& value) { return value; }
};

template <>
struct Codec<Address> {
  static constexpr std::string_view kType = "address";
  static constexpr std::string_view kSchemaType = "string";
  static constexpr bool kHasOrder = false;
  static absl::StatusOr<Address> Parse(std::string_view text) { return ParseAddress(text); }
  static std::string Format(const Address& value) { return FormatAddress(value); }
};

// In text a list is separated by commas; an item that holds one can stand in the file only.
std::string JoinList(const std::vector<std::string>& items);

template <>
struct Codec<std::vector<std::string>> {
  static constexpr std::string_view kType = "list";
  static constexpr std::string_view kSchemaType = "array";
  static constexpr bool kHasOrder = false;
  static absl::StatusOr<std::vector<std::string>> Parse(std::string_view text);
  static std::string Format(const std::vector<std::string>& value);
};

// `10ms to 1s`, `at least 1`, `a, b or c`; empty without bounds.
std::string BoundsText(const OptionText& text);

}  // namespace lineward::config

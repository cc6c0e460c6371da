#pragma once

// The value types of options that the language does not have, and how they are written.
// Pure functions, any thread.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace lineward::config {

// A number of bytes, written with a unit: `256KiB`, `1MiB`, `10GiB`, `512B`.
struct ByteSize {
  int64_t bytes = 0;
  friend auto operator<=>(const ByteSize&, const ByteSize&) = default;
};

constexpr ByteSize Bytes(int64_t n) { return {n}; }
constexpr ByteSize KiB(int64_t n) { return {n << 10}; }
constexpr ByteSize MiB(int64_t n) { return {n << 20}; }
constexpr ByteSize GiB(int64_t n) { return {n << 30}; }

// A secret is named by a file and never stands in the configuration: `{file: NAME}`, or
// `LINEWARD_..._FILE` in the environment. It is printed as `***`.
struct Secret {
  std::string file;   // as written; empty = not given
  std::string value;  // what the file holds, without one final LF

  bool is_given() const { return !file.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;
};

// `host:port`, port 0-65,535; an IPv6 host stands in brackets.
struct Address {
  std::string host;
  uint16_t port = 0;
  friend bool operator==(const Address&, const Address&) = default;

  // True for 127.0.0.0/8, ::1 and `localhost`.
  bool is_loopback() const;
};

// A whole number and one unit of `us ms s m h d`; no bare number. INVALID_ARGUMENT otherwise.
absl::StatusOr<absl::Duration> DurationOf(std::string_view text);
std::string DurationText(absl::Duration duration);

// A whole number and one unit of `B KiB MiB GiB TiB`; no bare number. INVALID_ARGUMENT otherwise.
absl::StatusOr<ByteSize> ParseByteSize(std::string_view text);
std::string FormatByteSize(ByteSize size);

absl::StatusOr<Address> ParseAddress(std::string_view text);
std::string FormatAddress(const Address& address);

}  // namespace lineward::config

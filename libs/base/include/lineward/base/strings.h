#pragma once

// Bridges between std types, which our code uses, and this abseil's own string_view; text helpers.
// Any thread.

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lineward::base {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const {
    return absl::Hash<absl::string_view>{}(ToAbsl(text));
  }
};

// Hash map and set that are searched with std::string_view. Their order is random per process:
// never iterate one into bytes that are hashed, stored or sent.
template <typename T>
using StringMap = absl::flat_hash_map<std::string, T, StringHash, std::equal_to<>>;
using StringSet = absl::flat_hash_set<std::string, StringHash, std::equal_to<>>;

// True if `text` is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool IsUtf8(std::string_view text);

// Lower-case hexadecimal of `bytes`, and back; nullopt unless all of `text` is lower-case hex of
// even length.
std::string ToHex(std::string_view bytes);
std::optional<std::string> FromHex(std::string_view text);

// Standard padded base64 (RFC 4648, section 4); decoding takes the canonical form only.
std::string ToBase64(std::string_view bytes);
std::optional<std::string> FromBase64(std::string_view text);

// Decimal of the whole of `text`, no sign but a leading `-` for int64, no leading zero, no space.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);

std::vector<std::string_view> Split(std::string_view text, char separator);

}  // namespace lineward::base

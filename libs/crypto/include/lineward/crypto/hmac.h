#pragma once

// HMAC-SHA256 (RFC 2104) and comparison in constant time. Any thread.

#include <initializer_list>
#include <string_view>

#include "lineward/crypto/sha256.h"

namespace lineward::crypto {

// HMAC-SHA256 of the concatenated `parts`; a key of any length.
Digest HmacSha256(std::string_view key, std::initializer_list<std::string_view> parts);
inline Digest HmacSha256(std::string_view key, std::string_view message) {
  return HmacSha256(key, {message});
}

// True if both are equal; the time depends on the lengths alone.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace lineward::crypto

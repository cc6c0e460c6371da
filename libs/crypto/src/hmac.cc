#include "lineward/crypto/hmac.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace lineward::crypto {
namespace {

constexpr size_t kBlockBytes = 64;  // of SHA-256
using Pad = std::array<char, kBlockBytes>;

std::string_view View(const Pad& pad) { return {pad.data(), pad.size()}; }

}  // namespace

Digest HmacSha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  static thread_local Sha256 hasher;
  Digest short_key;
  if (key.size() > kBlockBytes) {
    short_key = hasher.Update(key).Final();
    key = AsBytes(short_key);
  }
  Pad inner{};
  std::copy(key.begin(), key.end(), inner.begin());
  Pad outer = inner;
  for (char& byte : inner) byte ^= 0x36;
  for (char& byte : outer) byte ^= 0x5C;
  hasher.Update(View(inner));
  for (std::string_view part : parts) hasher.Update(part);
  const Digest inner_digest = hasher.Final();
  return hasher.Update(View(outer)).Update(inner_digest).Final();
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace lineward::crypto

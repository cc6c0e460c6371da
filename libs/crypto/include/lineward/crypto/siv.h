#pragma once

// `siv`, the sealing primitive (audit design, section 7): T = HMAC-SHA256(mac, u64 length of aad,
// aad, text); sealed = T (32 bytes), then AES-256-CTR(enc, iv = T[0..15], text). Deterministic,
// no nonce, committing to keys, aad and text. Any thread.

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "lineward/crypto/sha256.h"

namespace lineward::crypto {

inline constexpr size_t kSivTagBytes = kDigestBytes;

struct SivKeys {
  Digest mac{};
  Digest enc{};
};

// The keys that wrap other keys under `key`: HMAC(key, `lineward/siv/v1/mac` or `/enc`).
SivKeys WrapKeys(std::string_view key);

// Appends 32 + text.size() sealed bytes to `out`.
void AppendSealed(const SivKeys& keys, std::string_view aad, std::string_view text,
                  std::string* out);

// The text. INVALID_ARGUMENT `SEAL_TAG_MISMATCH` if `sealed` is shorter than a tag or was not made
// by these keys over this aad; nothing of the text is then handed out.
absl::StatusOr<std::string> OpenSealed(const SivKeys& keys, std::string_view aad,
                                       std::string_view sealed);

}  // namespace lineward::crypto

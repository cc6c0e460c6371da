#pragma once

// AES-256 in counter mode: a stream, no tag. Use `siv.h` to seal. Any thread.

#include <string>
#include <string_view>

namespace lineward::crypto {

inline constexpr size_t kAesKeyBytes = 32;
inline constexpr size_t kAesIvBytes = 16;

// Appends `text` xor the stream of (key, iv) to `out`; the same call undoes it. The counter is the
// whole iv, big-endian. `key` has 32 bytes, `iv` 16, and `text` is none of `out`'s own bytes.
void AppendAes256Ctr(std::string_view key, std::string_view iv, std::string_view text,
                     std::string* out);

}  // namespace lineward::crypto

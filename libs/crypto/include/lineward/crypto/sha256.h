#pragma once

// SHA-256: identity of everything that is hashed, stored or proven.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lineward::crypto {

inline constexpr size_t kDigestBytes = 32;
using Digest = std::array<uint8_t, kDigestBytes>;

// The 32 bytes of `digest`; valid while it lives.
inline std::string_view AsBytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
// nullopt unless `bytes` are exactly 32.
std::optional<Digest> DigestFrom(std::string_view bytes);

// SHA-256 of the bytes fed in so far. `Final` starts it anew, so one object serves many messages
// without an allocation; a copy carries the state, so a common prefix is hashed once. One owner.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256& other);
  Sha256& operator=(const Sha256& other);
  ~Sha256();

  Sha256& Update(std::string_view bytes);
  Sha256& Update(const Digest& digest) { return Update(AsBytes(digest)); }
  // The digest; the object is then empty again.
  Digest Final();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// SHA-256 of `bytes`, over a context that the calling thread keeps.
Digest Sha256Of(std::string_view bytes);
// Lower-case hex of `Sha256Of`.
std::string Sha256Hex(std::string_view bytes);

}  // namespace lineward::crypto

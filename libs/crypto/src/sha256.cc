// SHA256_Init and its companions are deprecated in favour of EVP, which costs another 60 ns a
// digest and an allocation a copy: too much beside rows of 350 bytes and tree nodes of 65.

#include "lineward/crypto/sha256.h"

#include <openssl/sha.h>

#include <algorithm>

#include "lineward/base/check.h"
#include "lineward/base/strings.h"

namespace lineward::crypto {

struct Sha256::Impl {
  Impl() { Start(); }
  void Start() { LW_CHECK(SHA256_Init(&state) == 1); }

  SHA256_CTX state;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}

Sha256::Sha256(const Sha256& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}

Sha256& Sha256::operator=(const Sha256& other) {
  *impl_ = *other.impl_;
  return *this;
}

Sha256::~Sha256() = default;

Sha256& Sha256::Update(std::string_view bytes) {
  LW_CHECK(SHA256_Update(&impl_->state, bytes.data(), bytes.size()) == 1);
  return *this;
}

Digest Sha256::Final() {
  Digest digest;
  LW_CHECK(SHA256_Final(digest.data(), &impl_->state) == 1);
  impl_->Start();
  return digest;
}

std::optional<Digest> DigestFrom(std::string_view bytes) {
  if (bytes.size() != kDigestBytes) return std::nullopt;
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

Digest Sha256Of(std::string_view bytes) {
  static thread_local Sha256 hasher;
  return hasher.Update(bytes).Final();
}

std::string Sha256Hex(std::string_view bytes) { return base::ToHex(AsBytes(Sha256Of(bytes))); }

}  // namespace lineward::crypto

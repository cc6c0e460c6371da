#include "lineward/crypto/sha256.h"

#include <openssl/evp.h>

#include <algorithm>

#include "lineward/base/check.h"
#include "lineward/base/strings.h"

namespace lineward::crypto {
namespace {

const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  LW_CHECK(algorithm != nullptr, "OpenSSL has no SHA-256");
  return algorithm;
}

}  // namespace

struct Sha256::Impl {
  Impl() : context(EVP_MD_CTX_new()) {
    LW_CHECK(context != nullptr);
    LW_CHECK(EVP_DigestInit_ex2(context, Algorithm(), nullptr) == 1);
  }
  ~Impl() { EVP_MD_CTX_free(context); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  EVP_MD_CTX* context;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}

Sha256::Sha256(const Sha256& other) : Sha256() { *this = other; }

Sha256& Sha256::operator=(const Sha256& other) {
  if (this != &other) LW_CHECK(EVP_MD_CTX_copy_ex(impl_->context, other.impl_->context) == 1);
  return *this;
}

Sha256::~Sha256() = default;

Sha256& Sha256::Update(std::string_view bytes) {
  LW_CHECK(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
  return *this;
}

Digest Sha256::Final() {
  Digest digest;
  unsigned int size = 0;
  LW_CHECK(EVP_DigestFinal_ex(impl_->context, digest.data(), &size) == 1 && size == kDigestBytes);
  // Without a new algorithm the context is only started again, which allocates nothing.
  LW_CHECK(EVP_DigestInit_ex2(impl_->context, nullptr, nullptr) == 1);
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

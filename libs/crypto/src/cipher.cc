#include "lineward/crypto/cipher.h"

#include <openssl/evp.h>

#include "lineward/base/check.h"

namespace lineward::crypto {
namespace {

// EVP takes int lengths; nothing that we seal comes near this.
constexpr size_t kTextBytesMax = size_t{1} << 30;

class Context {
 public:
  Context() : context_(EVP_CIPHER_CTX_new()) {
    static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
    LW_CHECK(algorithm != nullptr, "OpenSSL has no AES-256-CTR");
    LW_CHECK(context_ != nullptr);
    LW_CHECK(EVP_EncryptInit_ex2(context_, algorithm, nullptr, nullptr, nullptr) == 1);
  }
  ~Context() { EVP_CIPHER_CTX_free(context_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_CIPHER_CTX* get() { return context_; }

 private:
  EVP_CIPHER_CTX* context_;
};

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

void AppendAes256Ctr(std::string_view key, std::string_view iv, std::string_view text,
                     std::string* out) {
  LW_CHECK(key.size() == kAesKeyBytes && iv.size() == kAesIvBytes && text.size() < kTextBytesMax);
  if (text.empty()) return;
  static thread_local Context context;
  const size_t before = out->size();
  out->resize(before + text.size());
  LW_CHECK(EVP_EncryptInit_ex2(context.get(), nullptr, Bytes(key), Bytes(iv), nullptr) == 1);
  int size = 0;
  LW_CHECK(EVP_EncryptUpdate(context.get(), reinterpret_cast<unsigned char*>(out->data()) + before,
                             &size, Bytes(text), static_cast<int>(text.size())) == 1);
  LW_CHECK(static_cast<size_t>(size) == text.size());
}

}  // namespace lineward::crypto

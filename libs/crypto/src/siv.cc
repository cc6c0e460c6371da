#include "lineward/crypto/siv.h"

#include "lineward/base/status.h"
#include "lineward/crypto/cipher.h"
#include "lineward/crypto/hmac.h"
#include "lineward/crypto/reasons.h"

namespace lineward::crypto {
namespace {

Digest Tag(const SivKeys& keys, std::string_view aad, std::string_view text) {
  char length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<char>(aad.size() >> (56 - 8 * i));
  return HmacSha256(AsBytes(keys.mac), {std::string_view(length, sizeof(length)), aad, text});
}

}  // namespace

SivKeys WrapKeys(std::string_view key) {
  return SivKeys{.mac = HmacSha256(key, "lineward/siv/v1/mac"),
                 .enc = HmacSha256(key, "lineward/siv/v1/enc")};
}

void AppendSealed(const SivKeys& keys, std::string_view aad, std::string_view text,
                  std::string* out) {
  const Digest tag = Tag(keys, aad, text);
  out->append(AsBytes(tag));
  AppendAes256Ctr(AsBytes(keys.enc), AsBytes(tag).substr(0, kAesIvBytes), text, out);
}

absl::StatusOr<std::string> OpenSealed(const SivKeys& keys, std::string_view aad,
                                       std::string_view sealed) {
  if (sealed.size() < kSivTagBytes) {
    return base::InvalidArgument(kSealTagMismatch, "sealed bytes: {} bytes, a tag alone has {}",
                                 sealed.size(), kSivTagBytes);
  }
  const std::string_view tag = sealed.substr(0, kSivTagBytes);
  std::string text;
  AppendAes256Ctr(AsBytes(keys.enc), tag.substr(0, kAesIvBytes), sealed.substr(kSivTagBytes),
                  &text);
  if (!EqualInConstantTime(AsBytes(Tag(keys, aad, text)), tag)) {
    return base::InvalidArgument(kSealTagMismatch,
                                 "sealed bytes: tag does not match: other key, place or content");
  }
  return text;
}

}  // namespace lineward::crypto

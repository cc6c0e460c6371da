#include "lineward/http/page_token.h"

#include "lineward/base/bytes.h"
#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/hmac.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kMacBytes = 16;
constexpr size_t kKeyBytesMin = 16;

std::string ToUrl(std::string text) {
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

std::optional<std::string> FromUrl(std::string_view text) {
  std::string padded(text);
  for (char& c : padded) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    if (c == '-') {
      c = '+';
    } else if (c == '_') {
      c = '/';
    }
  }
  while (padded.size() % 4 != 0) padded.push_back('=');
  return base::FromBase64(padded);
}

}  // namespace

PageTokens::PageTokens(std::string key) : key_(std::move(key)) {
  LW_CHECK(key_.size() >= kKeyBytesMin, "{} bytes", key_.size());
}

std::string PageTokens::Mac(const PageBinding& binding, std::string_view payload) const {
  std::string bound;
  base::AppendBytes(&bound, binding.route);
  base::AppendBytes(&bound, binding.query);
  base::AppendBytes(&bound, binding.actor);
  const crypto::Digest digest = crypto::HmacSha256(key_, {"lineward page token\n", bound, payload});
  return std::string(crypto::AsBytes(digest).substr(0, kMacBytes));
}

std::string PageTokens::Make(const PageBinding& binding, std::string_view position,
                             absl::Time now) const {
  std::string payload;
  base::AppendU8(&payload, kVersion);
  base::AppendU64(&payload, static_cast<uint64_t>(absl::ToUnixSeconds(now)));
  payload.append(position);
  return ToUrl(base::ToBase64(payload + Mac(binding, payload)));
}

absl::StatusOr<std::string> PageTokens::Open(const PageBinding& binding, std::string_view token,
                                             absl::Time now) const {
  const auto bytes = FromUrl(token);
  constexpr size_t kHead = 1 + 8;
  if (!bytes.has_value() || bytes->size() < kHead + kMacBytes) {
    return base::InvalidArgument(kPageTokenMismatch, "`page_token` is damaged");
  }
  const std::string_view payload(bytes->data(), bytes->size() - kMacBytes);
  const std::string_view mac = std::string_view(*bytes).substr(payload.size());
  if (!crypto::EqualInConstantTime(Mac(binding, payload), mac) ||
      static_cast<uint8_t>(payload[0]) != kVersion) {
    return base::InvalidArgument(
        kPageTokenMismatch,
        "`page_token` was made for another filter, order, actor or server; begin anew without it");
  }
  const absl::Time issued =
      absl::FromUnixSeconds(static_cast<int64_t>(base::LoadU64(payload.data() + 1)));
  if (now > issued + kPageTokenLife) {
    return base::InvalidArgument(kPageTokenExpired, "`page_token` is older than 24 h");
  }
  return std::string(payload.substr(kHead));
}

}  // namespace lineward::http

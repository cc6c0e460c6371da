#include "lineward/crypto/siv.h"

#include <gtest/gtest.h>

#include <string>

#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/hmac.h"
#include "lineward/crypto/reasons.h"

namespace lineward::crypto {
namespace {

std::string FromHex(std::string_view text) { return base::FromHex(text).value(); }

// Audit design, section 11: keys of DEK 00…1f and offset 5613, as section 7 derives them.
SivKeys DesignKeys() {
  std::string dek;
  for (int i = 0; i < 32; ++i) dek.push_back(static_cast<char>(i));
  std::string offset;
  base::AppendU64(&offset, 5613);
  return {.mac = HmacSha256(dek, {"lineward/row/v1/mac", offset}),
          .enc = HmacSha256(dek, {"lineward/row/v1/enc", offset})};
}
const std::string kSealed = FromHex(
    "ee3ddb306c55ba8e2893db1f05d9f428a62f563357bdec33ba4b5db150c66cdede96768e47bde2794751cf7eaa");

TEST(Siv, MatchesTheDesignsVector) {
  std::string sealed;
  AppendSealed(DesignKeys(), "public bytes", "subject=alice", &sealed);
  EXPECT_EQ(base::ToHex(sealed), base::ToHex(kSealed));
}

TEST(Siv, MatchesTheDesignsWrapping) {
  const Digest gate_wrap =
      HmacSha256(std::string(32, '\x0b'), {"lineward/gate-wrap/v1", std::string_view("\0\x03", 2)});
  std::string text;
  for (int i = 0; i < 32; ++i) text.push_back(static_cast<char>(i));
  text += "alice";
  std::string sealed;
  AppendSealed(WrapKeys(AsBytes(gate_wrap)), "k/1/k1/promotions/0/5000", text, &sealed);
  EXPECT_EQ(sealed.size(), 69u);
  EXPECT_EQ(base::ToHex(sealed.substr(0, 16)), "7f598f4198ffb5bc6bde2535cbb29b3b");
}

TEST(Siv, OpensWhatItSealed) {
  const auto text = OpenSealed(DesignKeys(), "public bytes", kSealed);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "subject=alice");
}

TEST(Siv, SealsAnEmptyText) {
  std::string sealed;
  AppendSealed(DesignKeys(), "", "", &sealed);
  EXPECT_EQ(sealed.size(), kSivTagBytes);
  EXPECT_EQ(OpenSealed(DesignKeys(), "", sealed).value(), "");
}

TEST(Siv, RefusesEveryFlippedBit) {
  for (size_t bit = 0; bit < kSealed.size() * 8; ++bit) {
    std::string forged = kSealed;
    forged[bit / 8] = static_cast<char>(forged[bit / 8] ^ (1 << (bit % 8)));
    const auto text = OpenSealed(DesignKeys(), "public bytes", forged);
    ASSERT_FALSE(text.ok()) << bit;
    EXPECT_EQ(base::ReasonOf(text.status()), kSealTagMismatch);
  }
}

TEST(Siv, RefusesAnotherPlaceAnotherKeyAndAStub) {
  EXPECT_FALSE(OpenSealed(DesignKeys(), "public bytez", kSealed).ok());
  SivKeys other_mac = DesignKeys();
  other_mac.mac[0] ^= 1;
  EXPECT_FALSE(OpenSealed(other_mac, "public bytes", kSealed).ok());
  SivKeys other_enc = DesignKeys();
  other_enc.enc[31] ^= 1;
  EXPECT_FALSE(OpenSealed(other_enc, "public bytes", kSealed).ok());
  EXPECT_FALSE(OpenSealed(DesignKeys(), "public bytes", kSealed.substr(0, 31)).ok());
}

}  // namespace
}  // namespace lineward::crypto

#include "lineward/crypto/cipher.h"

#include <gtest/gtest.h>

#include <string>

#include "lineward/base/strings.h"

namespace lineward::crypto {
namespace {

std::string FromHex(std::string_view text) { return base::FromHex(text).value(); }

// NIST SP 800-38A, F.5.5.
const std::string kKey =
    FromHex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
const std::string kIv = FromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
const std::string kText =
    FromHex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
const std::string kCipher =
    FromHex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5");

TEST(Aes256Ctr, MatchesNistVector) {
  std::string out;
  AppendAes256Ctr(kKey, kIv, kText, &out);
  EXPECT_EQ(out, kCipher);
}

TEST(Aes256Ctr, AppendsAndUndoesItself) {
  std::string out = "before";
  AppendAes256Ctr(kKey, kIv, std::string_view(kCipher).substr(0, 5), &out);
  EXPECT_EQ(out, "before" + kText.substr(0, 5));
  AppendAes256Ctr(kKey, kIv, "", &out);
  EXPECT_EQ(out.size(), 11u);
}

}  // namespace
}  // namespace lineward::crypto

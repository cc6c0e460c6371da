#include "lineward/crypto/sha256.h"

#include <gtest/gtest.h>

#include "lineward/base/strings.h"

namespace lineward::crypto {
namespace {

// FIPS 180-4 examples.
constexpr char kEmpty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kTwoBlocks[] = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

TEST(Sha256, MatchesThePublishedExamples) {
  EXPECT_EQ(Sha256Hex(""), kEmpty);
  EXPECT_EQ(Sha256Hex("abc"), kAbc);
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), kTwoBlocks);
}

TEST(Sha256, TakesAMessageInPieces) {
  Sha256 hasher;
  EXPECT_EQ(base::ToHex(AsBytes(hasher.Update("a").Update("").Update("bc").Final())), kAbc);
}

TEST(Sha256, StartsAnewAfterFinal) {
  Sha256 hasher;
  hasher.Update("something else").Final();
  EXPECT_EQ(base::ToHex(AsBytes(hasher.Update("abc").Final())), kAbc);
}

TEST(Sha256, ACopyCarriesTheState) {
  Sha256 prefix;
  prefix.Update("ab");
  Sha256 copy(prefix);
  EXPECT_EQ(base::ToHex(AsBytes(copy.Update("c").Final())), kAbc);
  Sha256 assigned;
  assigned.Update("zzz");
  assigned = prefix;
  EXPECT_EQ(base::ToHex(AsBytes(assigned.Update("c").Final())), kAbc);
  EXPECT_EQ(base::ToHex(AsBytes(prefix.Update("c").Final())), kAbc);
}

TEST(Sha256, DigestFromTakesExactly32Bytes) {
  EXPECT_FALSE(DigestFrom(std::string(31, 'x')).has_value());
  EXPECT_FALSE(DigestFrom(std::string(33, 'x')).has_value());
  const auto digest = DigestFrom(std::string(32, 'x'));
  ASSERT_TRUE(digest.has_value());
  EXPECT_EQ(AsBytes(*digest), std::string(32, 'x'));
}

}  // namespace
}  // namespace lineward::crypto

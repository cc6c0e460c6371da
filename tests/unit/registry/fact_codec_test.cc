#include <gtest/gtest.h>

#include "lineward/base/strings.h"
#include "lineward/registry/fact.h"
#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

TEST(Fact, ComesBackFromItsBytes) {
  const Fact fact{.seq = 7,
                  .kind = FactKind::kDataset,
                  .subject = "datasets/default/clicks",
                  .valid_from_us = 5,
                  .valid_to_us = 9,
                  .recorded_at_us = 11,
                  .actor = "a",
                  .request_id = "r",
                  .origin = Origin::kImport,
                  .body = Parse(R"({"b":1,"a":[true]})")};
  const auto again = DecodeFact(EncodeFact(fact));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(EncodeFact(*again), EncodeFact(fact));
  EXPECT_EQ(again->subject, fact.subject);
  EXPECT_EQ(again->valid_to_us, 9);
}

TEST(Fact, RefusesBytesThatAreNone) {
  EXPECT_FALSE(DecodeFact("\xff").ok());
  EXPECT_FALSE(DecodeFact("").ok());
  Fact fact{.seq = 1, .body = Parse("{}")};
  std::string bytes = EncodeFact(fact);
  EXPECT_TRUE(DecodeFact(bytes).ok());
  fact.seq = 0;
  EXPECT_FALSE(DecodeFact(EncodeFact(fact)).ok());
}

TEST(Fact, KeysSortLikeTheirNumbers) {
  EXPECT_EQ(FactKey(42), "f/00000000000000000042");
  EXPECT_LT(FactKey(9), FactKey(10));
}

// SHA-256 of 32 zero bytes and `abc`, computed with coreutils: (head -c 32 /dev/zero; printf abc) |
// sha256sum.
TEST(Fact, ChainHashesTheOneBeforeAndTheBytes) {
  EXPECT_EQ(base::ToHex(NextChain(FirstChain(), "abc")),
            "365aa7d8f7f9402c4b9434502b4cc89ddb09fe50d7cd95b493b834c62d5a5370");
}

TEST(FactKey, IsReadBackAndNothingElseIs) {
  for (const uint64_t seq : {uint64_t{1}, uint64_t{4711}, UINT64_MAX}) {
    EXPECT_EQ(ParseFactKey(FactKey(seq)), seq);
  }
  for (const char* key : {"", "f", "f/", "f/1", "g/00000000000000000001", "f/0000000000000000000x",
                          "f/000000000000000000011"}) {
    EXPECT_FALSE(ParseFactKey(key).has_value()) << key;
  }
}

}  // namespace
}  // namespace lineward::registry

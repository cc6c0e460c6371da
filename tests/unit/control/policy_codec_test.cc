#include <gtest/gtest.h>

#include <random>
#include <string>

#include "lineward/base/status.h"
#include "lineward/control/policy_records.h"

namespace lineward::control {
namespace {

TEST(PolicyCodec, AHeadSurvivesWithAndWithoutSignatures) {
  PolicyHead head;
  head.set_id = "ps-1";
  head.epoch = 4;
  head.base_id = "ps-0";
  head.created_us = 5;
  head.chunks = 2;
  head.raw_bytes = 9;
  head.author = PolicySignature{"k1", std::string(64, 's')};
  auto decoded = DecodePolicyHead(EncodePolicyHead(head));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, head);
  head.author.reset();
  decoded = DecodePolicyHead(EncodePolicyHead(head));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, head);
  EXPECT_FALSE(DecodePolicyHead("\xFF").ok());
}

TEST(PolicyCodec, ChunkKeysNameSetAndNumber) {
  EXPECT_EQ(ChunkKey("ps-1", 12), "set/ps-1/12");
  EXPECT_EQ(ParseChunkKey("set/ps-1/12"), std::pair(std::string("ps-1"), 12u));
  for (const char* key : {"head", "set/ps-1", "set//1", "set/ps-1/x", "set/ps-1/4294967296"}) {
    EXPECT_EQ(ParseChunkKey(key), std::nullopt) << key;
  }
}

TEST(PolicyCodec, ALargeSetTravelsInSeveralChunks) {
  std::mt19937_64 random(1);
  std::string canonical;
  while (canonical.size() < 2 * kChunkBytesMax) canonical.push_back(static_cast<char>(random()));
  const std::vector<std::string> chunks = CutPolicySet(canonical);
  ASSERT_GE(chunks.size(), 2u);
  for (const std::string& chunk : chunks) EXPECT_LE(chunk.size(), kChunkBytesMax);
  const auto joined = JoinPolicySet(chunks, canonical.size());
  ASSERT_TRUE(joined.ok());
  EXPECT_EQ(*joined, canonical);
}

TEST(PolicyCodec, MissingCutOrMiscountedChunksAreRefused) {
  const std::vector<std::string> chunks = CutPolicySet("canonical bytes");
  const std::vector<std::string> cut = {chunks[0].substr(0, chunks[0].size() - 1)};
  EXPECT_EQ(base::ReasonOf(JoinPolicySet({}, 15).status()), "POLICY_CHUNKS_INVALID");
  EXPECT_EQ(base::ReasonOf(JoinPolicySet(cut, 15).status()), "POLICY_CHUNKS_INVALID");
  EXPECT_EQ(base::ReasonOf(JoinPolicySet(chunks, 14).status()), "POLICY_CHUNKS_INVALID");
  EXPECT_EQ(base::ReasonOf(JoinPolicySet(chunks, kCanonicalBytesMax + 1).status()),
            "POLICY_CHUNKS_INVALID");
  EXPECT_TRUE(JoinPolicySet(chunks, 15).ok());
}

}  // namespace
}  // namespace lineward::control

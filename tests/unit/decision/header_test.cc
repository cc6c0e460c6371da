#include "lineward/decision/header.h"

#include <gtest/gtest.h>

#include <string>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/merkle.h"
#include "lineward/decision/reasons.h"

namespace lineward::decision {
namespace {

// Audit design, section 11: 265 bytes, leaf 1b5a75c8d4b235ec….
BlockHeader DesignHeader() {
  BlockHeader header;
  header.source = {.cluster = "k1", .topic = "promotions", .partition = 0};
  header.first = 5000;
  header.next = 6003;
  header.rows = 1000;
  header.gaps = {3, 0, 0};
  header.root =
      crypto::DigestFrom(base::FromBase64("bhE/waZhlTx6f7BJgLdAjA7NXAtEyBNDHCQZxXmSDj4=").value())
          .value();
  header.decision_time_ms = 1763655600000;
  header.policy_set = crypto::Sha256Of("policy set");
  header.routed = {900, 50, 40, 10};
  return header;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(BlockHeader, MatchesTheDesignsVector) {
  const std::string text = PrintHeader(DesignHeader());
  EXPECT_EQ(text.size(), 265u);
  EXPECT_EQ(base::ToHex(crypto::AsBytes(crypto::LeafHash(text))).substr(0, 16), "1b5a75c8d4b235ec");
}

TEST(BlockHeader, ParsesWhatItPrints) {
  BlockHeader header = DesignHeader();
  for (uint8_t flags = 0; flags < 8; ++flags) {
    header.flags = flags;
    const auto parsed = ParseHeader(PrintHeader(header));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, header);
  }
}

TEST(BlockHeader, RefusesAnythingButItsOwnSpelling) {
  const std::string text = PrintHeader(DesignHeader());
  const std::pair<std::string_view, std::string_view> changes[] = {
      {"lineward/block/v1", "lineward/block/v2"},
      {"promotions 0", "promotions 00"},
      {"promotions 0", "promotions 2147483648"},
      {"source k1", "source  k1"},
      {"source k1", "source k/1"},
      {"offsets 5000", "offsets +5000"},
      {"offsets 5000", "offsets 6004"},
      {"rows 1000 gaps 3", "rows 1001 gaps 2"},
      {"rows 1000", "rows 2000"},
      {"gaps 3 0 0", "gaps 2 0 0"},
      {"gaps 3 0 0", "gaps 4 0 0"},
      {"gaps 3 0 0", "gaps 3 0"},
      {"gaps 3 0 0", "gaps 3 0 0 0"},
      {"Dj4=", "Dj5="},
      {"time 1763655600000", "time -1763655600000"},
      {"set ps-", "set PS-"},
      {"routed 900", "routed 901"},
      {"flags none", "flags control-stale,genesis"},
      {"flags none", "flags genesis,genesis"},
      {"flags none", "flags "},
      {"row-format 1\n", "row-format 1"},
      {"row-format 1\n", "row-format 1\r\n"},
      {"row-format 1\n", "row-format 1\n\n"},
      {"row-format 1\n", "row-format one\n"},
      {"offsets 5000 6003", "offsets 9223372036854775808 9223372036854776811"},
  };
  for (const auto& [from, to] : changes) {
    const auto parsed = ParseHeader(Replaced(text, from, to));
    ASSERT_FALSE(parsed.ok()) << from << " -> " << to;
    EXPECT_EQ(base::ReasonOf(parsed.status()), kBlockUndecodable) << from << " -> " << to;
  }
}

TEST(BlockHeader, TellsAnotherRowFormatApart) {
  const auto parsed =
      ParseHeader(Replaced(PrintHeader(DesignHeader()), "row-format 1", "row-format 2"));
  EXPECT_EQ(base::ReasonOf(parsed.status()), kRowFormatUnknown);
}

TEST(BlockHeader, RefusesMoreThan4KiB) {
  BlockHeader header = DesignHeader();
  header.source.cluster = std::string(5000, 'k');
  EXPECT_FALSE(ParseHeader(PrintHeader(header)).ok());
  header.source.cluster = std::string(250, 'k');
  EXPECT_FALSE(ParseHeader(PrintHeader(header)).ok());
  header.source.cluster = std::string(249, 'k');
  EXPECT_TRUE(ParseHeader(PrintHeader(header)).ok());
}

TEST(PolicySetId, IsPsAnd64HexDigits) {
  const std::string id = DesignHeader().PolicySetId();
  EXPECT_EQ(ParsePolicySetId(id).value(), DesignHeader().policy_set);
  EXPECT_FALSE(ParsePolicySetId(id.substr(1)).ok());
  EXPECT_FALSE(ParsePolicySetId(id + "0").ok());
}

TEST(SourceKey, IsTheStartOfAHashOfAllParts) {
  const SourceName source{.cluster = "k1", .topic = "promotions", .partition = 3};
  EXPECT_EQ(
      SourceKey(source),
      crypto::AsBytes(crypto::Sha256Of(std::string("k1\0promotions\0\0\0\0\3", 18))).substr(0, 8));
}

}  // namespace
}  // namespace lineward::decision

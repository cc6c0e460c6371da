// The blocks that a second implementation made from the design alone: read, and written again.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/merkle.h"
#include "lineward/decision/block.h"
#include "lineward/decision/reasons.h"
#include "lineward/document/json.h"
#include "tests/support/shared_data.h"
#include "tests/unit/decision/row_source.h"

namespace lineward::decision {
namespace {

using document::Json;

std::string Text(const Json& object, std::string_view key) { return object.Find(key)->AsText(); }
std::string Bytes(const Json& object, std::string_view key) {
  return base::FromHex(Text(object, key)).value();
}
std::string Hex(const crypto::Digest& digest) { return base::ToHex(crypto::AsBytes(digest)); }

struct VectorEnvelope {
  Sealer::Key key;
  std::string subject;
  std::string plaintext;
  std::string digest;
  uint32_t rows = 0;
};

// Gives each envelope the key that the vector names.
class VectorSealer final : public Sealer {
 public:
  std::map<std::pair<std::string, uint64_t>, Key> keys;
  Key KeyFor(std::string_view subject, uint64_t first_row) override {
    const auto it = keys.find({std::string(subject), first_row});
    EXPECT_NE(it, keys.end()) << "no envelope begins at row " << first_row;
    return it == keys.end() ? Key{} : it->second;
  }
};

class Vectors : public testing::Test {
 protected:
  void SetUp() override {
    LW_SHARED_DATA_OR_SKIP(path, "vectors/blocks.json");
    auto parsed = document::ParseJson(support::ReadFile(path));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    json_ = *std::move(parsed);
    for (const Json& block : json_.Find("blocks")->items()) {
      if (block.Find("rows") != nullptr) blocks_.push_back(&block);
    }
    ASSERT_EQ(blocks_.size(), 8u);
    tenant_key_ = Bytes(json_, "tenant_key");
  }

  // Builds the block again from its rows and plaintexts.
  SealedBlock Rebuild(const Json& json) {
    const BlockHeader header = ParseHeader(Text(json, "header")).value();
    VectorSealer sealer;
    std::map<std::string, VectorEnvelope> envelopes;
    for (const Json& each : json.Find("envelopes")->items()) {
      VectorEnvelope envelope;
      envelope.key = {.alg = static_cast<uint8_t>(each.Find("alg")->AsInt()),
                      .first = static_cast<uint64_t>(each.Find("key")->AsInt()),
                      .dek = crypto::DigestFrom(Bytes(each, "dek")).value()};
      envelope.subject = Text(each, "subject");
      envelope.plaintext = Bytes(each, "plaintext");
      envelope.digest = Bytes(each, "digest");
      envelope.rows = static_cast<uint32_t>(each.Find("rows")->AsInt());
      sealer.keys[{envelope.subject, static_cast<uint64_t>(each.Find("first_row")->AsInt())}] =
          envelope.key;
      envelopes[envelope.digest] = envelope;
    }

    std::deque<DecodedRow> rows;
    std::deque<OpenedRow> opened;
    BlockContext context;
    for (const Json& row : json.Find("rows")->items()) {
      rows.push_back(DecodedRow::Decode(base::FromHex(row.AsText()).value()).value());
      if (!rows.back().event_id.empty()) context.personal_ids = false;
    }
    context.source = header.source;
    context.first = header.first;
    context.decision_time_ms = header.decision_time_ms;
    context.policy_set = header.policy_set;
    context.flags = header.flags;
    if (Text(json, "name") == "per-row") context.envelope = event::EnvelopeScope::kRow;
    // A block without rows has no row to take the run from.
    std::optional<BlockView> view;
    if (rows.empty()) {
      view = BlockView::Parse(Bytes(json, "message")).value();
      context.run = DecodeRun(view->scan()[FragmentColumn::kRun].value(0)).value();
    } else {
      context.run = rows[0].run;
    }

    FragmentTable table;
    RowSource source(&table);
    BlockBuilder builder(&table);
    builder.Open(context);
    std::array<uint64_t, 3> gaps = header.gaps;
    const auto skip_to = [&builder, &gaps](uint64_t offset) {
      for (size_t reason = 0; reason < gaps.size(); ++reason) {
        const uint64_t count = std::min(gaps[reason], offset - builder.next());
        builder.Skip(static_cast<GapReason>(reason), count);
        gaps[reason] -= count;
      }
    };
    for (const DecodedRow& row : rows) {
      skip_to(row.offset);
      const OpenedRow* personal = nullptr;
      if (row.envelope.has_value()) {
        const VectorEnvelope& envelope =
            envelopes.at(std::string(crypto::AsBytes(row.envelope->digest)));
        opened.push_back(
            DecodeEnvelope(envelope.plaintext, envelope.rows, row.envelope->index).value());
        personal = &opened.back();
      }
      EXPECT_TRUE(builder.Append(source.Facts(row, personal)).ok());
    }
    skip_to(header.next);
    return builder.Seal(sealer, {.zstd_level = 0});
  }

  Json json_;
  std::vector<const Json*> blocks_;
  std::string tenant_key_;
};

TEST_F(Vectors, EveryMessageVerifiesAndGivesItsRows) {
  for (const Json& block : json_.Find("blocks")->items()) {
    const std::string name = Text(block, "name");
    const auto view = BlockView::Parse(Bytes(block, "message"));
    ASSERT_TRUE(view.ok()) << name << ": " << view.status();
    EXPECT_TRUE(view->Verify().ok()) << name << ": " << view->Verify();
    EXPECT_EQ(view->header_text(), Text(block, "header"));
    EXPECT_EQ(PrintHeader(view->header()), Text(block, "header"));
    EXPECT_EQ(Hex(view->header().root), Text(block, "root"));
    EXPECT_EQ(Hex(crypto::LeafHash(view->header_text())), Text(block, "header_leaf"));
  }
  for (const Json* block : blocks_) {
    const auto view = BlockView::Parse(Bytes(*block, "message"));
    ASSERT_TRUE(view.ok());
    const Json::List& rows = block->Find("rows")->items();
    ASSERT_EQ(view->rows(), rows.size());
    const std::vector<crypto::Digest> leaves = view->Leaves();
    for (uint32_t i = 0; i < view->rows(); ++i) {
      std::string row;
      view->AppendRow(i, &row);
      EXPECT_EQ(base::ToHex(row), rows[i].AsText()) << Text(*block, "name") << " " << i;
      EXPECT_EQ(Hex(leaves[i]), block->Find("leaves")->items()[i].AsText());
      const auto decoded = view->Row(i);
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_EQ(view->Find(decoded->offset), i);
    }
  }
}

TEST_F(Vectors, TheCompressedBlockHasTheRowsOfTheOther) {
  std::vector<std::vector<crypto::Digest>> leaves;
  for (const Json& block : json_.Find("blocks")->items()) {
    if (Text(block, "name").starts_with("large")) {
      leaves.push_back(BlockView::Parse(Bytes(block, "message")).value().Leaves());
    }
  }
  ASSERT_EQ(leaves.size(), 2u);
  EXPECT_EQ(leaves[0], leaves[1]);
}

TEST_F(Vectors, RowsAndPlaintextsGiveEqualBytes) {
  for (const Json* block : blocks_) {
    const std::string name = Text(*block, "name");
    const SealedBlock sealed = Rebuild(*block);
    EXPECT_EQ(Hex(sealed.root), Text(*block, "root")) << name;
    EXPECT_EQ(sealed.header_text, Text(*block, "header")) << name;
    const auto view = BlockView::Parse(sealed.bytes);
    ASSERT_TRUE(view.ok()) << name << ": " << view.status();
    EXPECT_EQ(base::ToHex(view->raw_scan()), Text(*block, "scan")) << name;
    EXPECT_EQ(base::ToHex(view->stored_ident().stored), Text(*block, "ident")) << name;
    EXPECT_EQ(base::ToHex(sealed.bytes), Text(*block, "message")) << name;
    EXPECT_EQ(Hex(crypto::Sha256Of(sealed.bytes)), Text(*block, "message_sha256")) << name;
  }
}

TEST_F(Vectors, EnvelopesOpenWithTheTenantKeyAndKeyRecordsAreEqual) {
  size_t opened = 0;
  for (const Json* block : blocks_) {
    const auto view = BlockView::Parse(Bytes(*block, "message"));
    ASSERT_TRUE(view.ok());
    for (const Json& envelope : block->Find("envelopes")->items()) {
      if (envelope.Find("alg")->AsInt() != kAlgTenant) continue;
      const auto row = view->Find(static_cast<uint64_t>(envelope.Find("first_row")->AsInt()));
      ASSERT_TRUE(row.has_value());
      const auto personal = view->OpenRowAsTenant(*row, tenant_key_, 1);
      ASSERT_TRUE(personal.ok()) << personal.status();
      EXPECT_EQ(personal->subject, Text(envelope, "subject"));
      EXPECT_FALSE(view->OpenRowAsTenant(*row, tenant_key_, 2).ok());
      ++opened;

      const Json& record = *envelope.Find("key_record");
      const uint64_t key = static_cast<uint64_t>(envelope.Find("key")->AsInt());
      const KeyRecord made =
          MakeTenantKeyRecord(tenant_key_, 1, view->header().source, key,
                              view->header().decision_time_ms, Text(envelope, "subject"));
      EXPECT_EQ(made.key, Text(record, "key"));
      EXPECT_EQ(base::ToHex(made.value), Text(record, "value"));
    }
  }
  EXPECT_GT(opened, 70u);
}

TEST_F(Vectors, RefusedMessagesGetTheirReason) {
  const Json::List& refused = json_.Find("refused")->items();
  ASSERT_EQ(refused.size(), 40u);
  for (const Json& each : refused) {
    const auto view = BlockView::Parse(Bytes(each, "message"));
    const absl::Status status = view.ok() ? view->Verify() : view.status();
    EXPECT_EQ(base::ReasonOf(status), Text(each, "error")) << Text(each, "name") << ": " << status;
  }
}

}  // namespace
}  // namespace lineward::decision

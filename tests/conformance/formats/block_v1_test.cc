// The worked example of docs/formats/block-v1.md, read from the document itself.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "lineward/base/strings.h"
#include "lineward/crypto/merkle.h"
#include "lineward/decision/block.h"
#include "tests/conformance/formats/random_blocks.h"
#include "tests/support/seed.h"
#include "tests/support/shared_data.h"

namespace lineward::decision {
namespace {

// The fenced blocks of the document by name; hex ones as bytes.
std::map<std::string, std::string> ReadExample() {
  const std::string document =
      support::ReadFile(std::string(LINEWARD_SOURCE_DIR) + "/docs/formats/block-v1.md");
  std::map<std::string, std::string> parts;
  std::string name;
  bool is_hex = false;
  for (std::string_view line : base::Split(document, '\n')) {
    if (line.starts_with("```")) {
      if (!name.empty() && is_hex) parts[name] = base::FromHex(parts[name]).value_or("no hex");
      is_hex = line.starts_with("```hex ");
      name = is_hex ? line.substr(7) : line.starts_with("```text ") ? line.substr(8) : "";
      continue;
    }
    if (name.empty()) continue;
    parts[name].append(line);
    if (!is_hex) parts[name].push_back('\n');
  }
  return parts;
}

class OneKey final : public Sealer {
 public:
  Key KeyFor(std::string_view subject, uint64_t first_row) override {
    EXPECT_EQ(subject, "u-93ab");
    EXPECT_EQ(first_row, 41u);
    return {.alg = kAlgPerson, .first = 40, .dek = Dek()};
  }
  static crypto::Digest Dek() {
    crypto::Digest dek;
    for (size_t i = 0; i < dek.size(); ++i) dek[i] = static_cast<uint8_t>(i);
    return dek;
  }
};

TEST(BlockV1, TheDocumentsExampleIsWhatWeWrite) {
  std::map<std::string, std::string> example = ReadExample();
  ASSERT_EQ(example.size(), 11u);
  const BlockHeader header = ParseHeader(example["header"]).value();
  FragmentTable table;
  BlockBuilder builder(&table);
  BlockContext context;
  context.source = header.source;
  context.first = header.first;
  context.decision_time_ms = header.decision_time_ms;
  context.policy_set = header.policy_set;
  const DecodedRow rows[] = {DecodedRow::Decode(example["row 0"]).value(),
                             DecodedRow::Decode(example["row 1"]).value()};
  context.run = rows[0].run;
  builder.Open(context);
  for (const DecodedRow& row : rows) {
    RowFacts facts;
    const auto intern = [&table](const auto& fields, auto append) {
      std::string bytes;
      append(fields, &bytes);
      return table.Intern(bytes);
    };
    facts.offset = row.offset;
    facts.route = row.verdict.route;
    facts.verdict = intern(row.verdict, AppendVerdict);
    facts.model = intern(row.model, AppendModel);
    facts.place = intern(row.place, AppendPlace);
    facts.purpose = intern(row.purpose, AppendPurpose);
    facts.where = intern(row.where, AppendWhere);
    facts.marks = intern(row.marks, AppendMarks);
    facts.event_time_us = row.event_time_us;
    facts.position = row.position;
    const OpenedRow opened = DecodeEnvelope(example["text"], 2, row.envelope->index).value();
    facts.subject = opened.subject;
    facts.subject_class = opened.subject_class;
    facts.event_id = opened.event_id;
    facts.item_id = opened.item_id;
    facts.sealed_facts = opened.facts;
    ASSERT_TRUE(builder.Append(facts).ok());
  }
  OneKey sealer;
  const SealedBlock block = builder.Seal(sealer, {.zstd_level = 0});
  EXPECT_EQ(block.header_text, example["header"]);
  EXPECT_EQ(crypto::AsBytes(block.root), example["root"]);
  EXPECT_EQ(crypto::AsBytes(crypto::Sha256Of(block.bytes)), example["message_sha256"]);

  const BlockView view = BlockView::Parse(block.bytes).value();
  EXPECT_TRUE(view.Verify().ok());
  EXPECT_EQ(view.raw_scan(), example["scan"]);
  EXPECT_EQ(view.stored_ident().stored, example["ident"]);
  EXPECT_EQ(view.ident().envelopes[0].bytes, example["envelope"]);
  EXPECT_EQ(crypto::AsBytes(view.Leaves()[0]), example["leaf 0"]);
  EXPECT_EQ(crypto::AsBytes(view.Leaves()[1]), example["leaf 1"]);
  std::string row;
  view.AppendRow(0, &row);
  EXPECT_EQ(row, example["row 0"]);
  EXPECT_EQ(view.OpenRow(1, OneKey::Dek()).value().item_id, "1188");
}

TEST(BlockV1, RandomBlocksVerifyAndOpen) {
  RandomBlocks blocks(support::Seed());
  BlockBuilder builder(&blocks.fragments());
  for (int i = 0; i < 300; ++i) {
    blocks.Draw();
    const SealedBlock block = blocks.Build(&builder);
    const auto view = BlockView::Parse(block.bytes);
    ASSERT_TRUE(view.ok()) << "seed " << support::Seed() << " block " << i << ": " << view.status();
    ASSERT_TRUE(view->Verify().ok()) << view->Verify();
    for (uint32_t row = 0; row < view->rows(); ++row) {
      const RowFacts& facts = blocks.rows()[row];
      const auto decoded = view->Row(row);
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_EQ(decoded->offset, facts.offset);
      EXPECT_TRUE(std::equal(decoded->facts.begin(), decoded->facts.end(), facts.facts.begin(),
                             facts.facts.end()));
      const auto opened = view->OpenRowAsTenant(row, RandomBlocks::kTenantKey, 1);
      if (!opened.ok()) {
        EXPECT_EQ(opened.status().code(), absl::StatusCode::kNotFound) << opened.status();
        EXPECT_TRUE(facts.subject.empty());
        continue;
      }
      EXPECT_EQ(opened->subject, facts.subject);
      EXPECT_EQ(opened->experiment_arm, facts.experiment_arm);
      EXPECT_EQ(opened->fine_place, facts.fine_place);
      EXPECT_EQ(opened->message_key, facts.message_key);
      EXPECT_EQ(opened->score, facts.score);
      EXPECT_TRUE(std::equal(opened->facts.begin(), opened->facts.end(), facts.sealed_facts.begin(),
                             facts.sealed_facts.end()));
      const std::string_view event_id =
          blocks.context().personal_ids ? std::string_view(opened->event_id) : decoded->event_id;
      EXPECT_EQ(event_id, facts.event_id);
    }
  }
}

}  // namespace
}  // namespace lineward::decision

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "lineward/decision/block.h"
#include "tests/conformance/formats/random_blocks.h"
#include "tests/support/seed.h"
#include "tests/unit/decision/allocations.h"

namespace lineward::decision {
namespace {

class Builder : public testing::Test {
 protected:
  Builder() : builder_(&table_) {
    std::string bytes;
    AppendVerdict({.outcome = Outcome::kAllow, .route = Route::kAllowed}, &bytes);
    verdict_ = table_.Intern(bytes);
    bytes.clear();
    PlaceFields place;
    place.surface = "home";
    place.schema = "json";
    AppendPlace(place, &bytes);
    place_ = table_.Intern(bytes);
    bytes.clear();
    AppendPurpose({.purpose = "dpv:Marketing", .consent = std::nullopt}, &bytes);
    purpose_ = table_.Intern(bytes);
    context_.source = {.cluster = "k1", .topic = "promotions", .partition = 3};
    context_.first = 41;
    context_.decision_time_ms = 1772366400200;
    context_.run.seat = "lineward.gate.gate-0.0";
    context_.run.software = "0.1.0";
    builder_.Open(context_);
  }

  RowFacts Row(uint64_t offset) const {
    RowFacts row;
    row.offset = offset;
    row.route = Route::kAllowed;
    row.verdict = verdict_;
    row.place = place_;
    row.purpose = purpose_;
    row.event_time_us = 1;
    row.event_id = "e";
    row.item_id = "sku-1";
    row.subject = "u-1";
    return row;
  }

  BlockView Seal() {
    TenantSealer sealer({.tenant_key = std::string(32, 'k'), .source = context_.source});
    const auto view = BlockView::Parse(builder_.Seal(sealer).bytes);
    EXPECT_TRUE(view.ok()) << view.status();
    EXPECT_TRUE(view->Verify().ok()) << view->Verify();
    return *view;
  }

  FragmentTable table_;
  BlockBuilder builder_;
  BlockContext context_;
  FragmentId verdict_ = 0;
  FragmentId place_ = 0;
  FragmentId purpose_ = 0;
};

TEST_F(Builder, RefusesARowThatSkipsAnOffset) {
  EXPECT_EQ(builder_.Append(Row(42)).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(builder_.Append(Row(40)).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(builder_.Append(Row(41)).ok());
  EXPECT_EQ(builder_.Append(Row(41)).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(builder_.next(), 42u);
}

TEST_F(Builder, CountsDeclaredGaps) {
  builder_.Skip(GapReason::kNotDelivered, 2);
  ASSERT_TRUE(builder_.Append(Row(43)).ok());
  builder_.Skip(GapReason::kUnreadable, 1);
  const BlockView view = Seal();
  EXPECT_EQ(view.header().gaps, (std::array<uint64_t, 3>{2, 0, 1}));
  EXPECT_EQ(view.header().next, 45u);
  EXPECT_EQ(view.scan().offsets, std::vector<uint64_t>{43});
}

TEST_F(Builder, IsFullAt1024Rows) {
  for (uint64_t i = 0; i < kRowsMax; ++i) ASSERT_TRUE(builder_.Append(Row(41 + i)).ok());
  EXPECT_EQ(builder_.Append(Row(41 + kRowsMax)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Seal().rows(), kRowsMax);
  context_.first += kRowsMax;
  builder_.Open(context_);
  EXPECT_TRUE(builder_.Append(Row(41 + kRowsMax)).ok());
}

TEST_F(Builder, IsFullBefore768KiBOfRowsAndTexts) {
  // Random bytes: neither dictionaries nor zstd make them smaller.
  std::vector<std::string> values;
  RandomBlocks random(support::Seed());
  uint64_t offset = 41;
  absl::Status status;
  for (; offset < 41 + kRowsMax; ++offset) {
    std::string& value = values.emplace_back(16'000, 'x');
    for (size_t i = 0; i < value.size(); ++i) {
      value[i] = static_cast<char>('!' + (offset * 31 + i * i * 7 + (i >> 3) * offset) % 90);
    }
    RowFacts row = Row(offset);
    const Fact fact{.field = 1000, .value = {.type = FactType::kString, .text = value}};
    const std::string subject = "u-" + std::to_string(offset);
    row.subject = subject;
    row.sealed_facts = {&fact, 1};
    status = builder_.Append(row);
    if (!status.ok()) break;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(builder_.rows() * 16'000, kBlockContentMax - 33'000);
  EXPECT_EQ(builder_.rows(), offset - 41);
  Seal();  // and the message keeps its limit
}

TEST_F(Builder, RefusesARowThatNoBlockHolds) {
  const std::string value(kRowBytesMax, 'x');
  const Fact fact{.field = 1000, .value = {.type = FactType::kString, .text = value}};
  RowFacts row = Row(41);
  row.facts = {&fact, 1};
  EXPECT_EQ(builder_.Append(row).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(builder_.next(), 41u);
  EXPECT_TRUE(builder_.Append(Row(41)).ok());
  EXPECT_TRUE(Seal().scan().facts.empty());
}

TEST_F(Builder, RowsOfOnePersonShareAnEnvelopeOfTheBlock) {
  for (uint64_t i = 0; i < 4; ++i) {
    RowFacts row = Row(41 + i);
    if (i % 2 == 1) row.subject = "";
    ASSERT_TRUE(builder_.Append(row).ok());
  }
  const BlockView view = Seal();
  ASSERT_EQ(view.ident().envelopes.size(), 2u);
  EXPECT_EQ(view.ident().envelopes[0].rows, 2u);
  EXPECT_EQ(view.ident().envelopes[1].first_row, 42u);
  EXPECT_EQ(view.OpenRowAsTenant(2, std::string(32, 'k'), 1).value().subject, "u-1");
  EXPECT_EQ(view.OpenRowAsTenant(3, std::string(32, 'k'), 1).value().subject, "");
  EXPECT_EQ(view.OpenRowAsTenant(3, std::string(32, 'k'), 1).value().item_id, "sku-1");
}

TEST_F(Builder, ARowThatSealsNothingHasNoEnvelope) {
  context_.personal_ids = false;
  builder_.Open(context_);
  RowFacts row = Row(41);
  row.subject = "";
  ASSERT_TRUE(builder_.Append(row).ok());
  const BlockView view = Seal();
  EXPECT_FALSE(view.Row(0).value().envelope.has_value());
  EXPECT_EQ(view.Row(0).value().event_id, "e");
  EXPECT_EQ(view.OpenRowAsTenant(0, std::string(32, 'k'), 1).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(Builder, OpeningAgainDropsTheRows) {
  ASSERT_TRUE(builder_.Append(Row(41)).ok());
  builder_.Open(context_);
  EXPECT_EQ(builder_.rows(), 0u);
  EXPECT_EQ(builder_.next(), 41u);
}

TEST_F(Builder, AppendAllocatesNothingOnceItHasGrown) {
  RandomBlocks blocks(support::Seed());
  blocks.Draw(kRowsMax - 1);
  BlockBuilder builder(&blocks.fragments());
  blocks.Build(&builder);
  builder.Open(blocks.context());
  CountAllocations(true);
  for (const RowFacts& row : blocks.rows()) {
    builder.Skip(GapReason::kNotDelivered, row.offset - builder.next());
    if (!builder.Append(row).ok()) std::abort();
  }
  CountAllocations(false);
  EXPECT_EQ(Allocations(), 0u);
}

TEST(BlockBuilder, EqualRowsGiveEqualBytesWhateverCameBefore) {
  RandomBlocks blocks(support::Seed() + 1);
  BlockBuilder used(&blocks.fragments());
  for (int i = 0; i < 200; ++i) {
    blocks.Draw();
    BlockBuilder fresh(&blocks.fragments());
    const SealedBlock first = blocks.Build(&used, {.zstd_level = 0});
    const SealedBlock second = blocks.Build(&fresh, {.zstd_level = 0});
    ASSERT_EQ(first.bytes, second.bytes) << "seed " << support::Seed() + 1 << " block " << i;
    const BlockView compressed = BlockView::Parse(blocks.Build(&used).bytes).value();
    ASSERT_EQ(compressed.header_text(), first.header_text);
    ASSERT_EQ(compressed.raw_scan(), BlockView::Parse(first.bytes).value().raw_scan());
  }
}

}  // namespace
}  // namespace lineward::decision

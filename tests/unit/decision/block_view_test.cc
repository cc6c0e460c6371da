#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "lineward/base/bytes.h"
#include "lineward/base/hash.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/decision/block.h"
#include "lineward/decision/reasons.h"
#include "tests/conformance/formats/random_blocks.h"
#include "tests/support/seed.h"

namespace lineward::decision {
namespace {

// A block of both codecs' worth of columns, small enough to change each of its bytes.
SealedBlock SmallBlock(uint64_t seed) {
  RandomBlocks blocks(seed);
  blocks.Draw(6);
  BlockBuilder builder(&blocks.fragments());
  return blocks.Build(&builder, {.zstd_level = 0});
}

std::vector<std::string> Rows(const BlockView& view) {
  std::vector<std::string> rows(view.rows());
  for (uint32_t i = 0; i < view.rows(); ++i) view.AppendRow(i, &rows[i]);
  return rows;
}

// Sets the checksums of both sections right again: what is left is what Verify must find.
void FixChecksums(std::string* message) {
  size_t at = 4 + 2 + base::LoadU16(message->data() + 4) + 1;
  for (int section = 0; section < 2 && at + 18 <= message->size(); ++section) {
    const size_t size = base::LoadU32(message->data() + at + 6);
    if (at + 18 + size > message->size()) return;
    std::string sum;
    base::AppendU64(&sum, base::Xxh3(std::string_view(*message).substr(at + 18, size)));
    message->replace(at + 10, 8, sum);
    at += 18 + size;
  }
}

struct Tally {
  int refused_by_parse = 0;
  int refused_by_verify = 0;
  int taken = 0;
};

// Changes each byte of a block in turn; counts how many are taken with other rows than before.
Tally MutateEachByte(const SealedBlock& block, bool verify, bool fix_checksums) {
  const BlockView original = BlockView::Parse(block.bytes).value();
  const std::vector<std::string> rows = Rows(original);
  Tally tally;
  for (size_t i = 0; i < block.bytes.size(); ++i) {
    for (uint8_t change : {0x01, 0x80, 0xFF}) {
      std::string message = block.bytes;
      message[i] = static_cast<char>(static_cast<uint8_t>(message[i]) ^ change);
      if (fix_checksums) FixChecksums(&message);
      if (message == block.bytes) continue;
      const auto view = BlockView::Parse(message);
      if (!view.ok()) {
        ++tally.refused_by_parse;
        continue;
      }
      if (verify && !view->Verify().ok()) {
        ++tally.refused_by_verify;
        continue;
      }
      if (Rows(*view) != rows || view->header_text() != original.header_text()) ++tally.taken;
    }
  }
  return tally;
}

TEST(BlockView, EveryChangedByteIsRefusedOrGivesTheSameRows) {
  for (uint64_t seed = support::Seed(); seed < support::Seed() + 4; ++seed) {
    const SealedBlock block = SmallBlock(seed);
    for (bool fix_checksums : {false, true}) {
      const std::string header = block.header_text;
      const Tally tally = MutateEachByte(block, /*verify=*/true, fix_checksums);
      EXPECT_GT(tally.refused_by_parse, 0);
      // What only the header says (source, time, set, flags) is pinned by the log, not by the rows.
      int header_only = 0;
      for (size_t i = 6; i < 6 + header.size(); ++i) {
        for (uint8_t change : {0x01, 0x80, 0xFF}) {
          std::string changed = block.bytes;
          changed[i] = static_cast<char>(static_cast<uint8_t>(changed[i]) ^ change);
          const auto view = BlockView::Parse(changed);
          if (view.ok() && view->Verify().ok()) ++header_only;
        }
      }
      EXPECT_EQ(tally.taken, header_only) << "seed " << seed;
    }
  }
}

// The control: without Verify, changed rows pass.
TEST(BlockView, WithoutVerifyChangedRowsPass) {
  const SealedBlock block = SmallBlock(support::Seed());
  const Tally verified = MutateEachByte(block, /*verify=*/true, /*fix_checksums=*/true);
  const Tally unverified = MutateEachByte(block, /*verify=*/false, /*fix_checksums=*/true);
  EXPECT_GT(verified.refused_by_verify, 0);
  EXPECT_GT(unverified.taken, verified.taken + 100);
}

TEST(BlockView, EveryCutOrLongerMessageIsRefused) {
  const SealedBlock block = SmallBlock(support::Seed());
  for (size_t size = 0; size < block.bytes.size(); ++size) {
    const auto view = BlockView::Parse(std::string_view(block.bytes).substr(0, size));
    ASSERT_FALSE(view.ok()) << size;
    EXPECT_EQ(base::ReasonOf(view.status()), kBlockUndecodable);
  }
  EXPECT_FALSE(BlockView::Parse(block.bytes + "x").ok());
}

TEST(BlockView, RefusesAMessageOverItsLimit) {
  const SealedBlock block = SmallBlock(support::Seed());
  Limits limits;
  limits.message_bytes_max = block.bytes.size();
  EXPECT_TRUE(BlockView::Parse(block.bytes, limits).ok());
  limits.message_bytes_max = block.bytes.size() - 1;
  EXPECT_FALSE(BlockView::Parse(block.bytes, limits).ok());
  limits.message_bytes_max = block.bytes.size();
  limits.section_bytes_max = 10;
  EXPECT_FALSE(BlockView::Parse(block.bytes, limits).ok());
  limits.section_bytes_max = 1 << 20;
  limits.columns_max = 1;
  EXPECT_FALSE(BlockView::Parse(block.bytes, limits).ok());
}

TEST(BlockView, IsTheSameFromWhatAStoreKeeps) {
  RandomBlocks blocks(support::Seed());
  BlockBuilder builder(&blocks.fragments());
  std::optional<BlockView> drawn;
  for (int i = 0; i < 50 && (i == 0 || drawn->stored_ident().codec == 0); ++i) {
    blocks.Draw(300);
    drawn = BlockView::Parse(blocks.Build(&builder).bytes).value();
  }
  const BlockView& view = *drawn;
  ASSERT_EQ(view.stored_ident().codec, 1);
  const BlockView::StoredSection ident = view.stored_ident();
  const auto stored = BlockView::FromStored(view.header_text(), view.raw_scan(), &ident);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_TRUE(stored->Verify().ok());
  EXPECT_EQ(Rows(*stored), Rows(view));
  const auto scan_only = BlockView::FromStored(view.header_text(), view.raw_scan(), nullptr);
  ASSERT_TRUE(scan_only.ok());
  EXPECT_FALSE(scan_only->has_ident());
  EXPECT_EQ(scan_only->scan().offsets, view.scan().offsets);
}

TEST(BlockView, FindsRowsByOffset) {
  RandomBlocks blocks(support::Seed());
  blocks.Draw(40);
  BlockBuilder builder(&blocks.fragments());
  const BlockView view = BlockView::Parse(blocks.Build(&builder).bytes).value();
  for (uint32_t i = 0; i < view.rows(); ++i) EXPECT_EQ(view.Find(view.scan().offsets[i]), i);
  EXPECT_FALSE(view.Find(view.header().first + 100'000).has_value());
}

TEST(BlockView, AWrongRootIsDataLoss) {
  SealedBlock block = SmallBlock(support::Seed());
  const std::string root = base::ToBase64(crypto::AsBytes(block.root));
  std::string other = root;
  other[0] = other[0] == 'A' ? 'B' : 'A';
  block.bytes.replace(block.bytes.find(root), root.size(), other);
  const absl::Status status = BlockView::Parse(block.bytes).value().Verify();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(base::ReasonOf(status), kAuditRootMismatch);
}

}  // namespace
}  // namespace lineward::decision

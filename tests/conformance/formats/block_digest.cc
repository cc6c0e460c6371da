#include "tests/conformance/formats/block_digest.h"

#include <fmt/format.h>

#include "lineward/base/bytes.h"
#include "lineward/base/check.h"
#include "lineward/base/compress.h"
#include "lineward/base/strings.h"

namespace lineward::decision {
namespace {

void Update(crypto::Sha256* digest, std::string_view bytes) {
  std::string length;
  base::AppendU32(&length, static_cast<uint32_t>(bytes.size()));
  digest->Update(length).Update(bytes);
}

std::string RawIdent(const BlockView& view) {
  const BlockView::StoredSection ident = view.stored_ident();
  if (ident.codec == 0) return std::string(ident.stored);
  return base::ZstdDecompress(ident.stored, ident.raw_length).value();
}

}  // namespace

BlockDigests DigestOfRandomBlocks(const DigestOptions& options) {
  RandomBlocks blocks(options.seed, options.rule_order);
  BlockBuilder builder(&blocks.fragments());
  crypto::Sha256 sections;
  crypto::Sha256 rows;
  crypto::Sha256 roots;
  crypto::Sha256 messages;
  std::string row;
  for (uint64_t i = 0; i < options.lists; ++i) {
    blocks.Draw();
    const SealedBlock block = blocks.Build(&builder, {.zstd_level = options.zstd_level});
    const auto view = BlockView::Parse(block.bytes);
    LW_CHECK(view.ok(), "block {}: {}", i, view.status().ToString());
    const absl::Status verified = view->Verify();
    LW_CHECK(verified.ok(), "block {}: {}", i, verified.ToString());
    Update(&sections, view->raw_scan());
    Update(&sections, RawIdent(*view));
    for (uint32_t n = 0; n < view->rows(); ++n) {
      row.clear();
      view->AppendRow(n, &row);
      Update(&rows, row);
    }
    roots.Update(block.root);
    Update(&messages, block.bytes);
  }
  return {.sections = sections.Final(),
          .rows = rows.Final(),
          .roots = roots.Final(),
          .messages = messages.Final()};
}

std::string PrintDigests(const DigestOptions& options, const BlockDigests& digests) {
  const auto hex = [](const crypto::Digest& digest) {
    return base::ToHex(crypto::AsBytes(digest));
  };
  return fmt::format("lists {}\nseed {}\nsections {}\nrows {}\nroots {}\n", options.lists,
                     options.seed, hex(digests.sections), hex(digests.rows), hex(digests.roots));
}

}  // namespace lineward::decision

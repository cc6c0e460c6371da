// The block parser on any bytes. What it takes is read in every way; what also verifies is written
// again from its rows and gives an equal root. First byte: with which limits it is read.

#include <cstdint>
#include <string>
#include <string_view>

#include "lineward/base/bytes.h"
#include "lineward/base/check.h"
#include "lineward/base/hash.h"
#include "lineward/crypto/merkle.h"
#include "lineward/decision/block.h"

namespace {

using lineward::decision::BlockView;
using lineward::decision::DecodedRow;
using lineward::decision::Limits;

// Sets the checksums of the sections right, so that mutations reach what lies behind them.
void FixChecksums(std::string* message) {
  if (message->size() < 7) return;
  size_t at = 4 + 2 + lineward::base::LoadU16(message->data() + 4) + size_t{1};
  while (at + 18 <= message->size()) {
    const size_t size = lineward::base::LoadU32(message->data() + at + 6);
    if (size > message->size() - at - 18) return;
    std::string sum;
    lineward::base::AppendU64(
        &sum, lineward::base::Xxh3(std::string_view(*message).substr(at + 18, size)));
    message->replace(at + 10, 8, sum);
    at += 18 + size;
  }
}

void ReadRows(const BlockView& view, bool is_verified) {
  lineward::crypto::RightEdge tree;
  for (uint32_t i = 0; i < view.rows(); ++i) {
    std::string row;
    view.AppendRow(i, &row);
    tree.Append(lineward::crypto::LeafHash(row));
    const auto decoded = DecodedRow::Decode(row);
    if (is_verified) LW_CHECK(decoded.ok(), "{}", decoded.status().ToString());
    if (is_verified) LW_CHECK(view.Find(decoded->offset) == i);
    const auto opened = view.OpenRowAsTenant(i, "key", 1);
    LW_CHECK(!opened.ok());
  }
  if (is_verified) LW_CHECK(tree.Root() == view.header().root);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string message(reinterpret_cast<const char*>(data) + 1, size - 1);
  Limits limits;
  limits.allow_deleted = (data[0] & 1) != 0;
  if ((data[0] & 2) != 0) FixChecksums(&message);
  const auto view = BlockView::Parse(message, limits);
  if (view.ok()) {
    LW_CHECK(lineward::decision::PrintHeader(view->header()) == view->header_text());
    ReadRows(*view, view->Verify().ok());
    const BlockView::StoredSection ident = view->stored_ident();
    LW_CHECK(BlockView::FromStored(view->header_text(), view->raw_scan(), &ident, limits).ok());
  }
  // Rows and plaintexts are parsed elsewhere too: from proofs and opened envelopes.
  (void)DecodedRow::Decode(message);
  (void)lineward::decision::DecodeEnvelope(message, 2, 1);
  (void)lineward::decision::OpenTenantKeyRecord("key", "k/1/k1/promotions/3/40", message);
  return 0;
}

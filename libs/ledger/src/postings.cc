#include "ledger/src/postings.h"

#include <vector>

#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/store/reasons.h"

namespace lineward::ledger {
namespace {

enum class SetForm : uint8_t { kAll = 0, kList = 1, kBitmap = 2 };

absl::Status Damaged() { return base::DataLoss(store::kStoreDamaged, "posting: not decodable"); }

absl::StatusOr<std::array<uint64_t, 3>> ReadRows(base::ByteReader& reader) {
  std::array<uint64_t, 3> rows{};
  for (uint64_t& count : rows) {
    const auto value = reader.Uv();
    if (!value) return Damaged();
    count = *value;
  }
  return rows;
}

}  // namespace

std::string EncodeOrdinals(std::span<const uint16_t> ordinals) {
  std::string bytes;
  uint16_t last = 0;
  for (const uint16_t ordinal : ordinals) {
    base::AppendUv(&bytes, ordinal - last);
    last = ordinal;
  }
  return bytes;
}

absl::Status DecodeOrdinals(std::string_view bytes, BlockSet* set) {
  base::ByteReader reader(bytes);
  uint64_t ordinal = 0;
  while (!reader.empty()) {
    const auto difference = reader.Uv();
    if (!difference || *difference >= set->size()) return Damaged();
    ordinal += *difference;
    if (ordinal >= set->size()) return Damaged();
    set->Add(ordinal);
  }
  return absl::OkStatus();
}

std::string EncodeFacet(const FacetPosting& posting, size_t blocks) {
  std::string bytes;
  for (const uint64_t count : posting.rows) base::AppendUv(&bytes, count);
  if (posting.ordinals.size() == blocks) {
    base::AppendU8(&bytes, static_cast<uint8_t>(SetForm::kAll));
    return bytes;
  }
  const std::string list = EncodeOrdinals(posting.ordinals);
  const size_t bitmap_bytes = (blocks + 7) / 8;
  if (list.size() <= bitmap_bytes) {
    base::AppendU8(&bytes, static_cast<uint8_t>(SetForm::kList));
    return bytes + list;
  }
  std::string bitmap(bitmap_bytes, '\0');
  for (const uint16_t ordinal : posting.ordinals) {
    bitmap[ordinal / 8] = static_cast<char>(bitmap[ordinal / 8] | (1 << (ordinal % 8)));
  }
  base::AppendU8(&bytes, static_cast<uint8_t>(SetForm::kBitmap));
  return bytes + bitmap;
}

absl::StatusOr<std::array<uint64_t, 3>> DecodeFacetRows(std::string_view bytes) {
  base::ByteReader reader(bytes);
  return ReadRows(reader);
}

absl::Status DecodeFacetBlocks(std::string_view bytes, BlockSet* set) {
  base::ByteReader reader(bytes);
  LW_RETURN_IF_ERROR(ReadRows(reader).status());
  const auto form = reader.U8();
  if (!form) return Damaged();
  if (*form == static_cast<uint8_t>(SetForm::kAll)) {
    if (!reader.empty()) return Damaged();
    for (size_t i = 0; i < set->size(); ++i) set->Add(i);
    return absl::OkStatus();
  }
  if (*form == static_cast<uint8_t>(SetForm::kList)) return DecodeOrdinals(reader.Rest(), set);
  const std::string_view bitmap = reader.Rest();
  if (*form != static_cast<uint8_t>(SetForm::kBitmap) || bitmap.size() != (set->size() + 7) / 8) {
    return Damaged();
  }
  for (size_t i = 0; i < bitmap.size() * 8; ++i) {
    if ((static_cast<uint8_t>(bitmap[i / 8]) >> (i % 8) & 1) == 0) continue;
    if (i >= set->size()) return Damaged();
    set->Add(i);
  }
  return absl::OkStatus();
}

}  // namespace lineward::ledger

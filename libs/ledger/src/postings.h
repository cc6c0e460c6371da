#pragma once

// The bytes of postings (ledger design, section 7). High-cardinality: uv differences of ordinals.
// Facets: 3 uv (rows ALLOW, QUARANTINE, BLOCK), then a set of blocks: u8 0 all, 1 a list of uv
// differences, 2 a bitmap; the shortest. Pure.

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ledger/src/block_set.h"

namespace lineward::ledger {

// Ordinals ascending, each once.
std::string EncodeOrdinals(std::span<const uint16_t> ordinals);
// Adds them to `set`; DATA_LOSS STORE_DAMAGED if the bytes are no list.
absl::Status DecodeOrdinals(std::string_view bytes, BlockSet* set);

struct FacetPosting {
  std::array<uint64_t, 3> rows{};
  // Ordinals ascending; of `blocks` blocks of the segment.
  std::vector<uint16_t> ordinals = {};
};

std::string EncodeFacet(const FacetPosting& posting, size_t blocks);
// The counts alone.
absl::StatusOr<std::array<uint64_t, 3>> DecodeFacetRows(std::string_view bytes);
// Adds the blocks to `set`, which has the segment's size.
absl::Status DecodeFacetBlocks(std::string_view bytes, BlockSet* set);

}  // namespace lineward::ledger

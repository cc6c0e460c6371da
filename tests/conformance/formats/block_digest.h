#pragma once

// What must be equal on any build and machine for equal row lists (I6), as four digests. The Python
// reader computes the first three from the messages (test_block_v1.py).

#include <cstdint>
#include <string>

#include "lineward/crypto/sha256.h"
#include "tests/conformance/formats/random_blocks.h"

namespace lineward::decision {

struct BlockDigests {
  crypto::Digest sections{};  // raw scan and ident sections, each behind its u32 length
  crypto::Digest rows{};   // canonical rows as a reader rebuilds them, each behind its u32 length
  crypto::Digest roots{};  // roots as the writer states them
  crypto::Digest messages{};  // whole messages: may differ between levels and zstd versions
};

struct DigestOptions {
  uint64_t lists = 0;
  uint64_t seed = 1;
  int zstd_level = 1;
  RuleOrder rule_order = RuleOrder::kSorted;
};

// Builds, parses and verifies a block of each of the first `lists` random row lists. A block that
// does not parse or verify stops the process.
BlockDigests DigestOfRandomBlocks(const DigestOptions& options);

// `lists 10000`, `seed 1`, `sections <hex>`, `rows <hex>`, `roots <hex>`, one a line.
std::string PrintDigests(const DigestOptions& options, const BlockDigests& digests);

}  // namespace lineward::decision

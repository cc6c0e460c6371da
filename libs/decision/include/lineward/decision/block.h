#pragma once

// Decision blocks: up to 1,024 consecutive decisions of one source, the value on
// `lineward.decisions` (docs/formats/block-v1.md). `BlockBuilder` writes them, `BlockView` reads
// and verifies them. Pure.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/crypto/sha256.h"
#include "lineward/decision/columns.h"
#include "lineward/decision/envelope.h"
#include "lineward/decision/header.h"
#include "lineward/decision/row.h"
#include "lineward/event/source_options.h"

namespace lineward::decision {

// The largest block message; brokers take 1 MiB with room for a batch around it.
inline constexpr size_t kBlockBytesMax = 900'000;
// Row and plaintext bytes in one block: what of them cannot be compressed still fits the message.
inline constexpr size_t kBlockContentMax = 768 * 1024;

// What a block's rows have in common. Fixed when the block is opened.
struct BlockContext {
  SourceName source;
  uint64_t first = 0;  // the offset that must come next
  int64_t decision_time_ms = 0;
  crypto::Digest policy_set{};
  uint8_t flags = 0;  // BlockFlag
  RunFields run;      // read during Open only
  bool personal_ids = true;
  event::EnvelopeScope envelope = event::EnvelopeScope::kBlock;
};

struct SealedBlock {
  BlockHeader header;
  std::string header_text;
  std::string bytes;  // the message
  crypto::Digest root{};
};

struct SealOptions {
  int zstd_level = 1;  // 1 to 19; 0: both sections codec 0. Readers take any
};

// The open decision block of one source partition: rows are appended in offset order, then sealed
// once; buffers are kept for the next block, so Append allocates nothing once they have grown.
// Owned by the gate's partition loop; not thread-safe; bounded by kRowsMax and kBlockContentMax.
class BlockBuilder {
 public:
  // `fragments` gave the ids in the rows; it outlives the builder and is not cleared while a block
  // is open.
  explicit BlockBuilder(const FragmentTable* fragments);
  ~BlockBuilder();
  BlockBuilder(BlockBuilder&&) noexcept;
  BlockBuilder& operator=(BlockBuilder&&) noexcept;

  // Starts a block; drops one that is open (its transaction was aborted).
  void Open(const BlockContext& context);
  bool is_open() const;
  // Rows so far, and the offset that must come next.
  uint32_t rows() const;
  uint64_t next() const;

  // Copies the row in. OUT_OF_RANGE if `row.offset` is not `next()` (a promotion was lost: I1);
  // RESOURCE_EXHAUSTED if the block is full: seal it first, then the row fits an empty one;
  // INVALID_ARGUMENT `BLOCK_UNDECODABLE` if the row alone is over kRowBytesMax or its texts break
  // the format. Nothing changes on an error.
  absl::Status Append(const RowFacts& row);
  // Declares `count` offsets that have no decision; `next()` moves on.
  void Skip(GapReason reason, uint64_t count);
  // Takes a Skip back after which no row was appended: the row behind the gap did not fit, and the
  // gap belongs in front of it.
  void Unskip(GapReason reason, uint64_t count);

  // Makes the message and closes the block. `sealer` gives the keys of its envelopes, in the order
  // of their first rows.
  SealedBlock Seal(Sealer& sealer, const SealOptions& options = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Limits {
  size_t message_bytes_max = kBlockBytesMax;
  size_t section_bytes_max = 4 << 20;  // raw
  size_t columns_max = 256;
  bool allow_deleted = false;  // envelopes of alg 255: in stores only
};

// A block, parsed: header, columns, rows on demand. Owns its bytes (decompressed sections), so the
// message may go. Immutable; any thread.
class BlockView {
 public:
  // Checks every limit before it allocates. INVALID_ARGUMENT `BLOCK_UNDECODABLE` or
  // `ROW_FORMAT_UNKNOWN` if `message` is no block of this format.
  static absl::StatusOr<BlockView> Parse(std::string_view message, const Limits& limits = {});

  // The same from what a store keeps: header text, raw scan section and, unless `ident` is null,
  // the ident section as received. Without it the rows cannot be built.
  struct StoredSection {
    uint8_t codec = 0;
    uint32_t raw_length = 0;
    std::string_view stored;
  };
  static absl::StatusOr<BlockView> FromStored(std::string_view header_text,
                                              std::string_view raw_scan, const StoredSection* ident,
                                              const Limits& limits = {.allow_deleted = true});

  // Everything that the format promises: marks and routes of each row, offsets, counts, and the
  // root over the rebuilt rows. INVALID_ARGUMENT `BLOCK_UNDECODABLE`, or DATA_LOSS
  // `AUDIT_ROOT_MISMATCH`.
  absl::Status Verify() const;

  const BlockHeader& header() const;
  std::string_view header_text() const;
  uint32_t rows() const { return header().rows; }
  const ScanColumns& scan() const;
  // Only if the ident section is there.
  bool has_ident() const;
  const IdentColumns& ident() const;

  // Sections as a store keeps them.
  std::string_view raw_scan() const;
  StoredSection stored_ident() const;

  // Appends the canonical bytes of row `i` < rows(); needs the ident section.
  void AppendRow(uint32_t i, std::string* out) const;
  absl::StatusOr<DecodedRow> Row(uint32_t i) const;
  // Index of the row with that offset; nullopt if the block holds none.
  std::optional<uint32_t> Find(uint64_t offset) const;
  // Leaf hashes of all rows in order: what a record proof needs.
  std::vector<crypto::Digest> Leaves() const;

  // The personal data of row `i`, opened with the DEK of its envelope's key. NOT_FOUND if the row
  // seals nothing; otherwise as OpenEnvelope and DecodeEnvelope.
  absl::StatusOr<OpenedRow> OpenRow(uint32_t i, const crypto::Digest& dek) const;
  // The same for alg 1: the DEK follows from tenant key, log epoch, source and the row's key.
  absl::StatusOr<OpenedRow> OpenRowAsTenant(uint32_t i, std::string_view tenant_key,
                                            uint32_t epoch) const;

 private:
  struct Impl;
  explicit BlockView(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;  // shared, so that copies are cheap and views stay valid
};

}  // namespace lineward::decision

#pragma once

// The block header: ten lines of text, appended verbatim to the log as its entry (audit design,
// section 3). It names everything that the rows of a block have in common. Plain values.

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "lineward/crypto/sha256.h"

namespace lineward::decision {

inline constexpr size_t kHeaderBytesMax = 4 * 1024;
inline constexpr uint32_t kRowsMax = 1'024;

// Where promotions come from: one partition of one topic of one cluster. Names match
// `[A-Za-z0-9._-]{1,249}`.
struct SourceName {
  std::string cluster;
  std::string topic;
  uint32_t partition = 0;  // < 2^31
  bool operator==(const SourceName&) const = default;
  auto operator<=>(const SourceName&) const = default;
};

// The 8 bytes that name a source in the ledger's keys: the start of SHA-256(cluster, 00, topic, 00,
// u32 partition).
std::string SourceKey(const SourceName& source);

enum BlockFlag : uint8_t { kGenesis = 1, kAtLeastOnce = 2, kControlStale = 4 };

enum class GapReason : uint8_t { kNotDelivered = 0, kLostByRetention = 1, kUnreadable = 2 };

struct BlockHeader {
  SourceName source;
  uint64_t first = 0;  // the previous block's `next` of this source
  uint64_t next = 0;
  uint32_t rows = 0;
  std::array<uint64_t, 3> gaps{};  // by GapReason
  crypto::Digest root{};
  int64_t decision_time_ms = 0;
  crypto::Digest policy_set{};       // written `ps-` + hex
  std::array<uint32_t, 4> routed{};  // allowed, quarantined, blocked, dead-letter
  uint8_t flags = 0;                 // BlockFlag
  bool operator==(const BlockHeader&) const = default;

  // `ps-` + 64 hex digits.
  std::string PolicySetId() const;
};

// The ten lines, each ended by LF.
std::string PrintHeader(const BlockHeader& header);

// Exactly what PrintHeader writes, counts and sums included. INVALID_ARGUMENT `BLOCK_UNDECODABLE`
// with the line otherwise, `ROW_FORMAT_UNKNOWN` for another row format.
absl::StatusOr<BlockHeader> ParseHeader(std::string_view text);

// The digest in `ps-` + 64 lower-case hex digits; INVALID_ARGUMENT otherwise.
absl::StatusOr<crypto::Digest> ParsePolicySetId(std::string_view id);

}  // namespace lineward::decision

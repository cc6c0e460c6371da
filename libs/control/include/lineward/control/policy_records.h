#pragma once

// A policy set on `lineward.policies`: its canonical bytes in one zstd frame, cut into chunks under
// `set/<id>/<n>`, then the record under `head` that puts it in force. Any thread.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lineward::control {

inline constexpr std::string_view kHeadKey = "head";
inline constexpr size_t kChunkBytesMax = 512 << 10;
// Canonical bytes of a set: its files have 16 MiB at most, and all defaults come on top.
inline constexpr size_t kCanonicalBytesMax = 32 << 20;

struct PolicySignature {
  std::string key_id;
  std::string signature;  // 64 bytes
  friend bool operator==(const PolicySignature&, const PolicySignature&) = default;
};

struct PolicyHead {
  std::string set_id;  // `ps-` + 64 hex digits
  uint64_t epoch = 0;
  std::string base_id;  // empty: the first set
  int64_t created_us = 0;
  uint32_t chunks = 0;
  uint64_t raw_bytes = 0;
  std::optional<PolicySignature> author;  // absent where signatures are off
  std::optional<PolicySignature> approver;
  friend bool operator==(const PolicyHead&, const PolicyHead&) = default;
};

std::string EncodePolicyHead(const PolicyHead& head);
// INVALID_ARGUMENT (CONTROL_RECORD_INVALID).
absl::StatusOr<PolicyHead> DecodePolicyHead(std::string_view bytes);

// `set/<id>/<n>`, and back; nullopt if the key is no chunk's.
std::string ChunkKey(std::string_view set_id, uint32_t number);
std::optional<std::pair<std::string, uint32_t>> ParseChunkKey(std::string_view key);

// The chunks of a set's canonical bytes (`PolicySet::canonical`), in order.
std::vector<std::string> CutPolicySet(std::string_view canonical);
// The canonical bytes again. INVALID_ARGUMENT (POLICY_CHUNKS_INVALID) if the chunks are not one
// frame of `raw_bytes` bytes.
absl::StatusOr<std::string> JoinPolicySet(const std::vector<std::string>& chunks,
                                          uint64_t raw_bytes);

}  // namespace lineward::control

#include <algorithm>
#include <utility>

#include "lineward/base/compress.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/policy_records.h"
#include "lineward/control/reasons.h"
#include "lineward/policy/v1/head.pb.h"

namespace lineward::control {
namespace {

namespace pb = ::lineward::policy::v1;

constexpr std::string_view kChunkPrefix = "set/";

void Put(const PolicySignature& signature, pb::Signature* out) {
  out->set_key_id(signature.key_id);
  out->set_signature(signature.signature);
}

PolicySignature Take(const pb::Signature& in) {
  return {.key_id = in.key_id(), .signature = in.signature()};
}

}  // namespace

std::string EncodePolicyHead(const PolicyHead& head) {
  pb::PolicyHead message;
  message.set_set_id(head.set_id);
  message.set_epoch(head.epoch);
  message.set_base_id(head.base_id);
  message.set_created_us(head.created_us);
  message.set_chunks(head.chunks);
  message.set_raw_bytes(head.raw_bytes);
  if (head.author) Put(*head.author, message.mutable_author());
  if (head.approver) Put(*head.approver, message.mutable_approver());
  return message.SerializeAsString();
}

absl::StatusOr<PolicyHead> DecodePolicyHead(std::string_view bytes) {
  pb::PolicyHead message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::InvalidArgument(kControlRecordInvalid, "{} bytes are no policy head",
                                 bytes.size());
  }
  PolicyHead head;
  head.set_id = message.set_id();
  head.epoch = message.epoch();
  head.base_id = message.base_id();
  head.created_us = message.created_us();
  head.chunks = message.chunks();
  head.raw_bytes = message.raw_bytes();
  if (message.has_author()) head.author = Take(message.author());
  if (message.has_approver()) head.approver = Take(message.approver());
  return head;
}

std::string ChunkKey(std::string_view set_id, uint32_t number) {
  return fmt::format("{}{}/{}", kChunkPrefix, set_id, number);
}

std::optional<std::pair<std::string, uint32_t>> ParseChunkKey(std::string_view key) {
  if (!key.starts_with(kChunkPrefix)) return std::nullopt;
  key.remove_prefix(kChunkPrefix.size());
  const size_t slash = key.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const std::optional<uint64_t> number = base::ParseUint64(key.substr(slash + 1));
  if (!number || *number > UINT32_MAX) return std::nullopt;
  return std::pair(std::string(key.substr(0, slash)), static_cast<uint32_t>(*number));
}

std::vector<std::string> CutPolicySet(std::string_view canonical) {
  const std::string frame = base::ZstdCompress(canonical, 3);
  std::vector<std::string> chunks;
  for (size_t at = 0; at < frame.size(); at += kChunkBytesMax) {
    chunks.push_back(frame.substr(at, kChunkBytesMax));
  }
  return chunks;
}

absl::StatusOr<std::string> JoinPolicySet(const std::vector<std::string>& chunks,
                                          uint64_t raw_bytes) {
  if (raw_bytes > kCanonicalBytesMax) {
    return base::InvalidArgument(kPolicyChunksInvalid, "{} bytes of policy set, at most {}",
                                 raw_bytes, kCanonicalBytesMax);
  }
  std::string frame;
  for (const std::string& chunk : chunks) frame += chunk;
  absl::StatusOr<std::string> canonical = base::ZstdDecompress(frame, raw_bytes);
  if (canonical.ok()) return canonical;
  return base::InvalidArgument(kPolicyChunksInvalid, "{} chunks of {} bytes: {}", chunks.size(),
                               frame.size(), base::MessageOf(canonical.status()));
}

}  // namespace lineward::control

#include "registry/src/view_codec.h"

#include <limits>
#include <utility>

#include "lineward/base/bytes.h"
#include "lineward/crypto/sha256.h"

namespace lineward::registry {
namespace {

template <typename T>
std::optional<T> Narrowed(std::optional<uint64_t> value) {
  if (!value.has_value() || *value > std::numeric_limits<T>::max()) return std::nullopt;
  return static_cast<T>(*value);
}

}  // namespace

std::string EncodeEntity(const Entity& entity) {
  std::string out;
  base::AppendU8(&out, static_cast<uint8_t>(entity.kind));
  base::AppendUv(&out, entity.node);
  base::AppendUv(&out, entity.created_seq);
  base::AppendUv(&out, entity.seq);
  base::AppendSv(&out, entity.recorded_at_us);
  base::AppendBytes(&out, entity.actor);
  base::AppendBytes(&out, document::Canonical(entity.body));
  return out;
}

std::optional<Entity> DecodeEntity(std::string_view name, std::string_view bytes) {
  base::ByteReader reader(bytes);
  const auto kind = reader.U8();
  const auto node = Narrowed<lineage::NodeId>(reader.Uv());
  const auto created_seq = reader.Uv();
  const auto seq = reader.Uv();
  const auto recorded_at_us = reader.Sv();
  const auto actor = reader.Bytes();
  const auto body = reader.Bytes();
  if (!kind || *kind < 1 || *kind > static_cast<uint8_t>(FactKind::kEdge) || !node ||
      !created_seq || !seq || !recorded_at_us || !actor || !body || !reader.empty()) {
    return std::nullopt;
  }
  auto json = document::ParseJson(*body);
  if (!json.ok()) return std::nullopt;
  return Entity{.kind = static_cast<FactKind>(*kind),
                .name = std::string(name),
                .body = *std::move(json),
                .created_seq = *created_seq,
                .seq = *seq,
                .recorded_at_us = *recorded_at_us,
                .actor = std::string(*actor),
                .node = *node};
}

std::string EncodeEdge(const lineage::EdgeFacts& edge) {
  std::string out;
  base::AppendU8(&out, static_cast<uint8_t>(edge.kind));
  base::AppendUv(&out, edge.from);
  base::AppendUv(&out, edge.to);
  base::AppendU8(&out, static_cast<uint8_t>(edge.role));
  base::AppendSv(&out, edge.valid_from_us);
  base::AppendSv(&out, edge.valid_to_us);
  base::AppendUv(&out, edge.seq);
  return out;
}

std::optional<lineage::EdgeFacts> DecodeEdge(std::string_view bytes) {
  base::ByteReader reader(bytes);
  const auto kind = reader.U8();
  const auto from = Narrowed<lineage::NodeId>(reader.Uv());
  const auto to = Narrowed<lineage::NodeId>(reader.Uv());
  const auto role = reader.U8();
  const auto valid_from_us = reader.Sv();
  const auto valid_to_us = reader.Sv();
  const auto seq = reader.Uv();
  if (!kind || *kind < 1 || *kind > static_cast<uint8_t>(lineage::EdgeKind::kRunOf) || !from ||
      !to || !role || *role > static_cast<uint8_t>(lineage::ParentRole::kCopy) || !valid_from_us ||
      !valid_to_us || !seq || !reader.empty()) {
    return std::nullopt;
  }
  return lineage::EdgeFacts{.kind = static_cast<lineage::EdgeKind>(*kind),
                            .from = *from,
                            .to = *to,
                            .role = static_cast<lineage::ParentRole>(*role),
                            .valid_from_us = *valid_from_us,
                            .valid_to_us = *valid_to_us,
                            .seq = *seq};
}

std::string EncodeStoredAnswer(const StoredAnswer& answer) {
  std::string out;
  base::AppendBytes(&out, answer.body_sha256);
  base::AppendUv(&out, static_cast<uint64_t>(answer.http_status));
  base::AppendBytes(&out, answer.body);
  base::AppendSv(&out, answer.recorded_at_us);
  return out;
}

std::optional<StoredAnswer> DecodeStoredAnswer(std::string_view bytes) {
  base::ByteReader reader(bytes);
  const auto body_sha256 = reader.Bytes();
  const auto http_status = Narrowed<uint16_t>(reader.Uv());
  const auto body = reader.Bytes();
  const auto recorded_at_us = reader.Sv();
  if (!body_sha256 || !http_status || !body || !recorded_at_us || !reader.empty()) {
    return std::nullopt;
  }
  return StoredAnswer{.body_sha256 = std::string(*body_sha256),
                      .http_status = *http_status,
                      .body = std::string(*body),
                      .recorded_at_us = *recorded_at_us};
}

std::string EncodeFactMark(const FactMark& mark) {
  std::string out;
  base::AppendUv(&out, mark.seq);
  out += mark.chain;
  base::AppendSv(&out, mark.recorded_at_us);
  base::AppendSv(&out, mark.read_offset);
  base::AppendUv(&out, mark.read_seq);
  return out;
}

std::optional<FactMark> DecodeFactMark(std::string_view bytes) {
  base::ByteReader reader(bytes);
  const auto seq = reader.Uv();
  const auto chain = reader.Raw(crypto::kDigestBytes);
  const auto recorded_at_us = reader.Sv();
  const auto read_offset = reader.Sv();
  const auto read_seq = reader.Uv();
  if (!seq || !chain || !recorded_at_us || !read_offset || !read_seq || !reader.empty()) {
    return std::nullopt;
  }
  return FactMark{.seq = *seq,
                  .chain = std::string(*chain),
                  .recorded_at_us = *recorded_at_us,
                  .read_offset = *read_offset,
                  .read_seq = *read_seq};
}

std::string NumberKey(uint64_t number) {
  std::string key;
  base::AppendU64(&key, number);
  return key;
}

std::optional<uint64_t> ParseNumberKey(std::string_view key) {
  base::ByteReader reader(key);
  const auto number = reader.U64();
  return reader.empty() ? number : std::nullopt;
}

}  // namespace lineward::registry

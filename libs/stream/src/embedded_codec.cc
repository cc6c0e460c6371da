#include "stream/src/embedded_codec.h"

#include <fmt/format.h>

#include "lineward/base/bytes.h"
#include "lineward/base/hash.h"

namespace lineward::stream {
namespace {

// Version of all values of this file.
constexpr uint8_t kFormat = 1;
constexpr uint8_t kHasKey = 1;
constexpr uint8_t kHasValue = 2;
constexpr uint8_t kAppendStamped = 4;
constexpr size_t kChecksumBytes = 4;

std::string PlaceKey(std::string_view prefix, uint32_t topic, int32_t partition) {
  std::string key(prefix);
  base::AppendU32(&key, topic);
  base::AppendU32(&key, static_cast<uint32_t>(partition));
  return key;
}

std::optional<RecordPlace> ParsePlace(base::ByteReader reader) {
  const auto topic = reader.U32();
  const auto partition = reader.U32();
  const auto offset = reader.U64();
  if (!offset.has_value() || reader.Left() != 0) return std::nullopt;
  return RecordPlace{*topic, static_cast<int32_t>(*partition), static_cast<int64_t>(*offset)};
}

uint32_t Checksum(std::string_view bytes) { return static_cast<uint32_t>(base::Xxh3(bytes)); }

}  // namespace

std::string TopicKey(std::string_view topic) { return fmt::format("t/{}", topic); }

std::string RecordKey(uint32_t topic, int32_t partition, int64_t offset) {
  std::string key = PlaceKey("r/", topic, partition);
  base::AppendU64(&key, static_cast<uint64_t>(offset));
  return key;
}

std::string NewestKey(uint32_t topic, std::string_view key) {
  std::string out = "k/";
  base::AppendU32(&out, topic);
  out.append(key);
  return out;
}

std::string CommittedKey(std::string_view group, const TopicPartition& partition) {
  return fmt::format("g/{}/{}/{}", group, partition.topic, partition.partition);
}

std::string EpochKey(std::string_view transactional_id) {
  return fmt::format("x/{}", transactional_id);
}

std::string BoundsKey(uint32_t topic, int32_t partition) {
  return PlaceKey("n/", topic, partition);
}

std::string TombstoneKey(int64_t append_ms, uint32_t topic, int32_t partition, int64_t offset) {
  std::string key = "d/";
  base::AppendU64(&key, static_cast<uint64_t>(append_ms));
  base::AppendU32(&key, topic);
  base::AppendU32(&key, static_cast<uint32_t>(partition));
  base::AppendU64(&key, static_cast<uint64_t>(offset));
  return key;
}

std::string MetaKey(std::string_view name) { return fmt::format("m/{}", name); }

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

std::string EncodeTopic(const EmbeddedTopic& topic) {
  std::string out;
  base::AppendU8(&out, kFormat);
  base::AppendU32(&out, topic.id);
  base::AppendU32(&out, static_cast<uint32_t>(topic.partitions));
  base::AppendU8(&out, static_cast<uint8_t>(topic.cleanup));
  base::AppendU8(&out, static_cast<uint8_t>(topic.timestamp));
  base::AppendSv(&out, topic.retention_ms);
  base::AppendSv(&out, topic.message_bytes_max);
  return out;
}

std::optional<EmbeddedTopic> DecodeTopic(std::string_view value) {
  base::ByteReader reader(value);
  const auto format = reader.U8();
  const auto id = reader.U32();
  const auto partitions = reader.U32();
  const auto cleanup = reader.U8();
  const auto timestamp = reader.U8();
  const auto retention = reader.Sv();
  const auto bytes_max = reader.Sv();
  if (!bytes_max.has_value() || format != kFormat || reader.Left() != 0) return std::nullopt;
  return EmbeddedTopic{.id = *id,
                       .partitions = static_cast<int32_t>(*partitions),
                       .cleanup = static_cast<Cleanup>(*cleanup),
                       .timestamp = static_cast<TimestampType>(*timestamp),
                       .retention_ms = *retention,
                       .message_bytes_max = *bytes_max};
}

std::string EncodeBounds(const EmbeddedBounds& bounds) {
  std::string out;
  base::AppendU64(&out, static_cast<uint64_t>(bounds.start));
  base::AppendU64(&out, static_cast<uint64_t>(bounds.next));
  base::AppendU64(&out, static_cast<uint64_t>(bounds.bytes));
  return out;
}

std::optional<EmbeddedBounds> DecodeBounds(std::string_view value) {
  base::ByteReader reader(value);
  const auto start = reader.U64();
  const auto next = reader.U64();
  const auto bytes = reader.U64();
  if (!bytes.has_value() || reader.Left() != 0 || *start > *next) return std::nullopt;
  return EmbeddedBounds{static_cast<int64_t>(*start), static_cast<int64_t>(*next),
                        static_cast<int64_t>(*bytes)};
}

std::string EncodeNewest(const NewestOffset& newest) {
  std::string out;
  base::AppendU32(&out, static_cast<uint32_t>(newest.partition));
  base::AppendU64(&out, static_cast<uint64_t>(newest.offset));
  return out;
}

std::optional<NewestOffset> DecodeNewest(std::string_view value) {
  base::ByteReader reader(value);
  const auto partition = reader.U32();
  const auto offset = reader.U64();
  if (!offset.has_value() || reader.Left() != 0) return std::nullopt;
  return NewestOffset{static_cast<int32_t>(*partition), static_cast<int64_t>(*offset)};
}

std::string EncodeCommitted(int64_t offset, std::string_view metadata) {
  std::string out;
  base::AppendU64(&out, static_cast<uint64_t>(offset));
  out.append(metadata);
  return out;
}

std::optional<DecodedCommitted> DecodeCommitted(std::string_view value) {
  base::ByteReader reader(value);
  const auto offset = reader.U64();
  if (!offset.has_value()) return std::nullopt;
  return DecodedCommitted{static_cast<int64_t>(*offset), std::string(reader.Rest())};
}

std::string EncodeU64(uint64_t value) {
  std::string out;
  base::AppendU64(&out, value);
  return out;
}

std::optional<uint64_t> DecodeU64(std::string_view value) {
  base::ByteReader reader(value);
  const auto number = reader.U64();
  if (reader.Left() != 0) return std::nullopt;
  return number;
}

void AppendBody(std::string* out, const OutRecord& record) {
  const uint8_t flags = static_cast<uint8_t>((record.key.has_value() ? kHasKey : 0) |
                                             (record.value.has_value() ? kHasValue : 0));
  base::AppendU8(out, flags);
  if (record.key.has_value()) base::AppendBytes(out, *record.key);
  base::AppendUv(out, record.headers.size());
  for (const Header& header : record.headers) {
    base::AppendBytes(out, header.name);
    base::AppendU8(out, header.value.has_value() ? 1 : 0);
    if (header.value.has_value()) base::AppendBytes(out, *header.value);
  }
  if (record.value.has_value()) out->append(*record.value);
}

std::string EncodeRecord(std::string_view body, int64_t timestamp_ms, TimestampType type,
                         int64_t append_ms) {
  std::string out;
  out.reserve(body.size() + 32);
  base::AppendU32(&out, 0);
  base::AppendU8(&out, type == TimestampType::kAppend ? kAppendStamped : 0);
  base::AppendUv(&out, static_cast<uint64_t>(append_ms));
  if (type != TimestampType::kAppend) base::AppendSv(&out, timestamp_ms);
  out.append(body);
  std::string checksum;
  base::AppendU32(&checksum, Checksum(std::string_view(out).substr(kChecksumBytes)));
  out.replace(0, kChecksumBytes, checksum);
  return out;
}

std::optional<DecodedRecord> DecodeRecord(std::string_view value, std::vector<Header>* headers) {
  base::ByteReader reader(value);
  const auto checksum = reader.U32();
  if (!checksum.has_value() || *checksum != Checksum(reader.Rest())) return std::nullopt;
  const auto stamp = reader.U8();
  const auto append_ms = reader.Uv();
  if (!append_ms.has_value()) return std::nullopt;
  DecodedRecord record;
  record.append_ms = static_cast<int64_t>(*append_ms);
  record.timestamp_ms = record.append_ms;
  record.timestamp_type = TimestampType::kAppend;
  if (*stamp != kAppendStamped) {
    const auto created = reader.Sv();
    if (!created.has_value()) return std::nullopt;
    record.timestamp_ms = *created;
    record.timestamp_type = TimestampType::kCreate;
  }
  const auto flags = reader.U8();
  if (!flags.has_value()) return std::nullopt;
  if ((*flags & kHasKey) != 0) {
    record.key = reader.Bytes();
    if (!record.key.has_value()) return std::nullopt;
  }
  const auto count = reader.Uv();
  if (!count.has_value()) return std::nullopt;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto name = reader.Bytes();
    const auto has_value = reader.U8();
    if (!has_value.has_value()) return std::nullopt;
    Header header{*name, std::nullopt};
    if (*has_value != 0) {
      header.value = reader.Bytes();
      if (!header.value.has_value()) return std::nullopt;
    }
    headers->push_back(header);
  }
  record.header_count = *count;
  if ((*flags & kHasValue) != 0) record.value = reader.Rest();
  return record;
}

std::optional<RecordPlace> ParseRecordKey(std::string_view key) {
  if (!key.starts_with("r/")) return std::nullopt;
  return ParsePlace(base::ByteReader(key.substr(2)));
}

std::optional<RecordPlace> ParseTombstoneKey(std::string_view key) {
  if (!key.starts_with("d/") || key.size() < 10) return std::nullopt;
  return ParsePlace(base::ByteReader(key.substr(10)));
}

}  // namespace lineward::stream

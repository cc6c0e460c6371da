#pragma once

// Keys and values of the embedded log (stream design, section 8). Integers in keys are big-endian,
// so that key order is offset order. A record's value begins with a checksum: the storage below
// may be anything. Pure; any thread.

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/stream/record.h"
#include "lineward/stream/topics.h"

namespace lineward::stream {

// t/<topic>
std::string TopicKey(std::string_view topic);
// r/<topic u32><partition u32><offset u64>
std::string RecordKey(uint32_t topic, int32_t partition, int64_t offset);
// k/<topic u32><key>
std::string NewestKey(uint32_t topic, std::string_view key);
// g/<group>/<topic>/<partition>
std::string CommittedKey(std::string_view group, const TopicPartition& partition);
// x/<transactional id>
std::string EpochKey(std::string_view transactional_id);
// n/<topic u32><partition u32>
std::string BoundsKey(uint32_t topic, int32_t partition);
// d/<append ms u64><topic u32><partition u32><offset u64>: tombstones by age
std::string TombstoneKey(int64_t append_ms, uint32_t topic, int32_t partition, int64_t offset);
// m/<name>: the log's UUID and format
std::string MetaKey(std::string_view name);

// The least key that is greater than all that begin with `prefix`.
std::string PrefixEnd(std::string_view prefix);

struct EmbeddedTopic {
  uint32_t id = 0;
  int32_t partitions = 1;
  Cleanup cleanup = Cleanup::kDelete;
  TimestampType timestamp = TimestampType::kCreate;
  // -1: for ever.
  int64_t retention_ms = -1;
  int64_t message_bytes_max = kRecordBytesMax;
};
std::string EncodeTopic(const EmbeddedTopic& topic);
std::optional<EmbeddedTopic> DecodeTopic(std::string_view value);

// First and next offset of a partition, and the bytes of its records.
struct EmbeddedBounds {
  int64_t start = 0;
  int64_t next = 0;
  int64_t bytes = 0;
};
std::string EncodeBounds(const EmbeddedBounds& bounds);
std::optional<EmbeddedBounds> DecodeBounds(std::string_view value);

struct NewestOffset {
  int32_t partition = 0;
  int64_t offset = 0;
};
std::string EncodeNewest(const NewestOffset& newest);
std::optional<NewestOffset> DecodeNewest(std::string_view value);

std::string EncodeCommitted(int64_t offset, std::string_view metadata);
struct DecodedCommitted {
  int64_t offset = 0;
  std::string metadata;
};
std::optional<DecodedCommitted> DecodeCommitted(std::string_view value);

std::string EncodeU64(uint64_t value);
std::optional<uint64_t> DecodeU64(std::string_view value);

// Key, value and headers of a record, as Send copies them; appended to `out`.
void AppendBody(std::string* out, const OutRecord& record);
// The whole value of a record. `append_ms` is when the log took it.
std::string EncodeRecord(std::string_view body, int64_t timestamp_ms, TimestampType type,
                         int64_t append_ms);

// Views into `value`; `headers` gets the header views, from its end on.
struct DecodedRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  size_t header_count = 0;
  int64_t timestamp_ms = 0;
  TimestampType timestamp_type = TimestampType::kCreate;
  int64_t append_ms = 0;
};
std::optional<DecodedRecord> DecodeRecord(std::string_view value, std::vector<Header>* headers);

// Partition and offset of a record key.
struct RecordPlace {
  uint32_t topic = 0;
  int32_t partition = 0;
  int64_t offset = 0;
};
std::optional<RecordPlace> ParseRecordKey(std::string_view key);
std::optional<RecordPlace> ParseTombstoneKey(std::string_view key);

}  // namespace lineward::stream

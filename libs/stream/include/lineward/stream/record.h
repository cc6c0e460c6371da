#pragma once

// What travels: records as a reader sees them and as a writer gives them. Both are views: the bytes
// belong to somebody else, for as long as the function says that hands them over. Null and empty
// keys, values and header values are told apart; headers keep their order and repeats (C15).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

namespace lineward::stream {

struct TopicPartition {
  std::string topic = {};
  int32_t partition = 0;

  friend bool operator==(const TopicPartition&, const TopicPartition&) = default;
  friend bool operator<(const TopicPartition& a, const TopicPartition& b) {
    return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
  }
};

// `promotions-3`, as messages and keys of decisions write it.
std::string ToString(const TopicPartition& partition);

// Where reading begins: an offset, or one of the two ends of the log.
inline constexpr int64_t kLogStart = -2;
inline constexpr int64_t kLogEnd = -1;

struct Position {
  TopicPartition partition = {};
  int64_t offset = kLogStart;
};

struct Header {
  std::string_view name = {};
  std::optional<std::string_view> value = {};
};

// Who stamped a record: its producer, or the log when it was appended (C16).
enum class TimestampType : uint8_t { kNone, kCreate, kAppend };

// One record of the log. `topic.data()` is the same for all records of a topic while its consumer
// lives, so a reader may compare the pointer to find the state of a partition quickly.
struct RecordView {
  std::string_view topic = {};
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  std::span<const Header> headers = {};
  int64_t timestamp_ms = -1;
  TimestampType timestamp_type = TimestampType::kNone;
};

// Lets the log's or the client's clock stamp the record.
inline constexpr int64_t kTimestampNow = -1;

// One record to send. All bytes are copied by Send.
struct OutRecord {
  std::string_view topic = {};
  int32_t partition = 0;
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  std::span<const Header> headers = {};
  int64_t timestamp_ms = kTimestampNow;
};

// Bytes of key, value and headers together.
size_t PayloadBytes(const OutRecord& record);

// Bytes that the record takes at most in a batch of its own: what `message_bytes_max` bounds.
size_t WireBytes(const OutRecord& record);

}  // namespace lineward::stream

#include "lineward/stream/record.h"

#include <fmt/format.h>

namespace lineward::stream {

std::string ToString(const TopicPartition& partition) {
  return fmt::format("{}-{}", partition.topic, partition.partition);
}

size_t PayloadBytes(const OutRecord& record) {
  size_t bytes = record.key.value_or("").size() + record.value.value_or("").size();
  for (const Header& header : record.headers) {
    bytes += header.name.size() + header.value.value_or("").size();
  }
  return bytes;
}

size_t WireBytes(const OutRecord& record) {
  // Kafka's batch header (61 bytes) and record fields; two lengths per header.
  constexpr size_t kRecordOverheadBytes = 100;
  constexpr size_t kHeaderOverheadBytes = 10;
  return PayloadBytes(record) + kRecordOverheadBytes + kHeaderOverheadBytes * record.headers.size();
}

}  // namespace lineward::stream

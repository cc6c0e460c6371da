#pragma once

// The consumers over librdkafka. Not thread-safe.

#include <absl/status/statusor.h>

#include <memory>

#include "lineward/stream/kafka.h"

namespace lineward::stream {

absl::StatusOr<std::unique_ptr<GroupConsumer>> OpenKafkaGroupConsumer(const KafkaOptions& kafka,
                                                                      const GroupOptions& options);
absl::StatusOr<std::unique_ptr<PartitionReader>> OpenKafkaReader(const KafkaOptions& kafka,
                                                                 const ReaderOptions& options);

}  // namespace lineward::stream

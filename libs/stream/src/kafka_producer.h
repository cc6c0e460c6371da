#pragma once

// The producers over librdkafka. Not thread-safe.

#include <absl/status/statusor.h>

#include <memory>

#include "lineward/stream/kafka.h"

namespace lineward::stream {

absl::StatusOr<std::unique_ptr<TransactionalProducer>> OpenKafkaTransactionalProducer(
    const KafkaOptions& kafka, const TransactionalOptions& options);
absl::StatusOr<std::unique_ptr<Producer>> OpenKafkaProducer(const KafkaOptions& kafka,
                                                            const ProducerOptions& options);

}  // namespace lineward::stream

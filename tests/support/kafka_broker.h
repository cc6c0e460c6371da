#pragma once

// One Apache Kafka broker for a whole test binary: `LINEWARD_KAFKA=host:port` if it is set, else
// one that is started at first use (tests/support/kafka/broker.py) and ends with this process.

#include <absl/status/statusor.h>

#include <string>

namespace lineward::support {

// The bootstrap address. UNAVAILABLE where no broker can be started (no Java, no jars): skip the
// test and print the message. Any thread.
absl::StatusOr<std::string> SharedKafka();

}  // namespace lineward::support

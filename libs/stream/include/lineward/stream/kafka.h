#pragma once

// The transport over Apache Kafka (librdkafka's C API, hidden). Brokers: Kafka >= 3.6.

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lineward/stream/transport.h"

namespace lineward::stream {

struct KafkaOptions {
  // `host:port,host:port`.
  std::string bootstrap_servers = {};
  std::string client_id = "lineward";
  // `kafka.librdkafka.*`: passed through to every client, security settings among them. Keys that
  // the contract rests on are refused.
  std::vector<std::pair<std::string, std::string>> librdkafka = {};
};

// Opens nothing yet: clients connect as they are made, and a broker that is away is UNAVAILABLE
// later. INVALID_ARGUMENT: an empty address, a refused or unknown key, a value out of its range.
absl::StatusOr<std::unique_ptr<Transport>> OpenKafka(const KafkaOptions& options);

}  // namespace lineward::stream

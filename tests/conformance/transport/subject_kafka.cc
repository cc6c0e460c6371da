#include "lineward/stream/kafka.h"
#include "tests/conformance/transport/bench.h"
#include "tests/support/kafka_broker.h"

namespace lineward::conformance {

std::set<std::string> RedClauses() { return {}; }

const Implementation& Subject() {
  static const Implementation subject = [] {
    Implementation made;
    made.name = "Apache Kafka";
    made.clock = std::shared_ptr<const base::Clock>(&base::SystemClock(), [](const auto*) {});
    const auto address = support::SharedKafka();
    if (!address.ok()) {
      made.absent = std::string(base::MessageOf(address.status()));
      return made;
    }
    auto opened = stream::OpenKafka({.bootstrap_servers = *address});
    if (!opened.ok()) made.absent = opened.status().ToString();
    if (opened.ok()) made.transport = *std::move(opened);
    return made;
  }();
  return subject;
}

}  // namespace lineward::conformance

#include "lineward/stream/embedded.h"
#include "tests/conformance/transport/bench.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_storage.h"

namespace lineward::conformance {

std::set<std::string> RedClauses() { return {}; }

const Implementation& Subject() {
  static const Implementation subject = [] {
    Implementation made;
    made.name = "embedded in memory";
    const auto clock = std::make_shared<support::ManualClock>();
    stream::EmbeddedOptions options;
    options.clock = clock.get();
    auto opened = stream::OpenEmbedded(support::MemoryDisk().Open(), options);
    if (!opened.ok()) made.absent = opened.status().ToString();
    if (opened.ok()) made.transport = *std::move(opened);
    made.clock = clock;
    made.pass_time = [clock](absl::Duration duration) { clock->Advance(duration); };
    return made;
  }();
  return subject;
}

}  // namespace lineward::conformance

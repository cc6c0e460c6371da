#include "lineward/stream/embedded.h"
#include "tests/conformance/transport/bench.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace lineward::conformance {

std::set<std::string> RedClauses() { return {}; }

const Implementation& Subject() {
  static const support::TempDir folder;
  static const Implementation subject = [] {
    Implementation made;
    made.name = "embedded on disk";
    const auto clock = std::make_shared<support::ManualClock>();
    stream::EmbeddedOptions options;
    options.clock = clock.get();
    auto storage = stream::OpenDiskStorage(folder / "log");
    if (!storage.ok()) {
      made.absent = storage.status().ToString();
      return made;
    }
    auto opened = stream::OpenEmbedded(*std::move(storage), options);
    if (!opened.ok()) made.absent = opened.status().ToString();
    if (opened.ok()) made.transport = *std::move(opened);
    made.clock = clock;
    made.pass_time = [clock](absl::Duration duration) { clock->Advance(duration); };
    return made;
  }();
  return subject;
}

}  // namespace lineward::conformance

#include <gtest/gtest.h>

#include <functional>

#include "lineward/base/status.h"
#include "lineward/gate/gate.h"

namespace lineward::gate {
namespace {

GateOptions Good() {
  GateOptions options;
  options.instance_id = "g";
  options.tenant_key = std::string(32, 'k');
  return options;
}

TEST(GateOptions, TakesTheDefaultsWithAnInstanceAndAKey) { EXPECT_TRUE(Validate(Good()).ok()); }

TEST(GateOptions, NamesTheOptionThatItRefuses) {
  const std::vector<std::pair<std::string, std::function<void(GateOptions*)>>> cases = {
      {"instance_id", [](GateOptions* o) { o->instance_id.clear(); }},
      {"loops", [](GateOptions* o) { o->loops = 0; }},
      {"loops", [](GateOptions* o) { o->loops = 17; }},
      {"sources", [](GateOptions* o) { o->sources.clear(); }},
      {"sources", [](GateOptions* o) { o->sources.resize(17); }},
      {"stands twice", [](GateOptions* o) { o->sources.resize(2); }},
      {"not supported yet",
       [](GateOptions* o) { o->sources[0].delivery = event::Delivery::kLowLatency; }},
      {"tenant_key", [](GateOptions* o) { o->tenant_key.pop_back(); }},
      {"commit_interval", [](GateOptions* o) { o->commit_interval = absl::Milliseconds(9); }},
      {"commit_interval", [](GateOptions* o) { o->commit_interval = absl::Milliseconds(1001); }},
      {"log_epoch", [](GateOptions* o) { o->log_epoch = 0; }},
      {"max_bytes", [](GateOptions* o) { o->sources[0].max_bytes = 0; }},
  };
  for (const auto& [name, change] : cases) {
    GateOptions options = Good();
    change(&options);
    const absl::Status status = Validate(options);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << name;
    EXPECT_NE(base::MessageOf(status).find(name), std::string_view::npos) << status;
    EXPECT_FALSE(base::ReasonOf(status).empty());
  }
}

}  // namespace
}  // namespace lineward::gate

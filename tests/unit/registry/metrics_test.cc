#include "lineward/registry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::registry {
namespace {

using testing::HasSubstr;

TEST(RegistryMetrics, AreThereBeforeAnythingHappens) {
  telemetry::MetricRegistry registry;
  const RegistryMetrics metrics(&registry);
  const std::string text = registry.TextExposition();
  for (const char* line : {"lineward_registry_writes_total{kind=\"dataset\",result=\"ok\"} 0",
                           "lineward_registry_writes_total{kind=\"policy\",result=\"conflict\"} 0",
                           "lineward_registry_seq 0", "lineward_registry_writer 0",
                           "lineward_registry_fold_lag_seconds 0", "lineward_registry_edges 0",
                           "lineward_registry_write_seconds_count 0"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(RegistryMetrics, ShowWhatWasSet) {
  telemetry::MetricRegistry registry;
  const RegistryMetrics metrics(&registry);
  metrics.seq->Set(12);
  EXPECT_THAT(registry.TextExposition(), HasSubstr("lineward_registry_seq 12"));
}

}  // namespace
}  // namespace lineward::registry

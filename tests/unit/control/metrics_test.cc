#include "lineward/control/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::control {
namespace {

using ::testing::HasSubstr;

TEST(FollowerMetrics, EachTopicAndEachRefusalHasItsChildFromTheStart) {
  telemetry::MetricRegistry registry;
  const FollowerMetrics metrics(&registry);
  metrics.policy_reload_failures[static_cast<size_t>(HeadRefusal::kChunks)]->Add();
  const std::string text = registry.TextExposition();
  EXPECT_THAT(text, HasSubstr("lineward_gate_control_ready{topic=\"lineward.breakers\"} 0"));
  EXPECT_THAT(text, HasSubstr("lineward_policy_reload_failures_total{reason=\"chunks\"} 1"));
  EXPECT_THAT(text, HasSubstr("lineward_policy_reload_failures_total{reason=\"signature\"} 0"));
  EXPECT_THAT(text, HasSubstr("lineward_policy_last_load_successful 1"));
}

}  // namespace
}  // namespace lineward::control

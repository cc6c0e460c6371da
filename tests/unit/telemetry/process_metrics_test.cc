#include "lineward/telemetry/process_metrics.h"

#include <gtest/gtest.h>

#include <string>

namespace lineward::telemetry {
namespace {

double ValueOf(const std::string& text, const std::string& name) {
  const size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ProcessMetrics, ReadsTheProcessItRunsIn) {
  MetricRegistry registry;
  ProcessMetrics process(&registry);
  process.Update();
  const std::string text = registry.TextExposition();
  EXPECT_GT(ValueOf(text, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(ValueOf(text, "process_threads"), 1);
  EXPECT_GE(ValueOf(text, "process_open_fds"), 3);
  EXPECT_GT(ValueOf(text, "process_start_time_seconds"), 1.7e9);
}

}  // namespace
}  // namespace lineward::telemetry

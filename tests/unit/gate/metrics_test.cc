#include "lineward/gate/metrics.h"

#include <gtest/gtest.h>

namespace lineward::gate {
namespace {

TEST(GateMetrics, ShowsItsClosedLabelSetsFromTheStart) {
  telemetry::MetricRegistry registry;
  const GateMetrics metrics(&registry);
  const std::string text = registry.TextExposition();
  for (const char* line :
       {"lineward_stream_transactions_total{result=\"aborted\"} 0",
        "lineward_gate_blocks_sealed_total{trigger=\"drain\"} 0",
        "lineward_gate_slot_decisions_total{slot=\"shadow\",outcome=\"block\"} 0",
        "lineward_policy_rule_errors_total{effect=\"forbid\"} 0",
        "lineward_policy_shadow_differences_total{real=\"allow\",shadow=\"block\"} 0",
        "lineward_gate_headers_removed_total{kind=\"forged\"} 0",
        "lineward_gate_stage_cpu_seconds_total{stage=\"seal\"} 0",
        "lineward_gate_obligations_total{type=\"ttl\"} 0",
        "lineward_gate_reconciliation_failures_total 0"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace lineward::gate

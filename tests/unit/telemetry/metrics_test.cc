#include "lineward/telemetry/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lineward::telemetry {
namespace {

TEST(MetricRegistry, ChildBeyondTheMaximumBecomesOtherAndIsCounted) {
  MetricRegistry registry;
  CounterFamily* const family =
      registry.DeclareCounter({.name = "t_total", .help = "t", .labels = {"x"}, .children_max = 1});
  family->With({"a"})->Add(1);
  family->With({"b"})->Add(2);
  family->With({"c"})->Add(3);
  EXPECT_EQ(family->With({"a"})->Value(), 1);
  EXPECT_EQ(family->With({"other"})->Value(), 5);
  EXPECT_NE(registry.TextExposition().find(
                "lineward_metrics_label_overflow_total{metric=\"lineward_t_total\"} 2"),
            std::string::npos);
}

TEST(MetricRegistry, LocalHistogramReachesTheSharedOneOnFlushOnly) {
  MetricRegistry registry;
  Histogram* const shared =
      registry.DeclareHistogram({.name = "d_seconds", .help = "d"}, Buckets::kDecide)->With();
  LocalHistogram local(shared);
  local.Observe(1e-6, 7);
  EXPECT_NE(registry.TextExposition().find("lineward_d_seconds_count 0"), std::string::npos);
  local.Flush();
  EXPECT_NE(registry.TextExposition().find("lineward_d_seconds_bucket{le=\"1e-06\"} 7"),
            std::string::npos);
  local.Flush();
  EXPECT_NE(registry.TextExposition().find("lineward_d_seconds_count 7"), std::string::npos);
}

TEST(MetricRegistry, RemovedGaugeIsNotExposed) {
  MetricRegistry registry;
  GaugeFamily* const family =
      registry.DeclareGauge({.name = "lag", .help = "l", .labels = {"p"}, .children_max = 2});
  family->With({"1"})->Set(5);
  family->Remove({"1"});
  EXPECT_EQ(registry.TextExposition().find("lineward_lag{"), std::string::npos);
}

TEST(MetricRegistry, SumsTheDeclaredMaxima) {
  MetricRegistry registry;
  const size_t before = registry.DeclaredSeriesMax();
  registry.DeclareGauge({.name = "g", .help = "g", .labels = {"p"}, .children_max = 20});
  registry.DeclareHistogram({.name = "h", .help = "h"}, Buckets::kBytes);
  EXPECT_EQ(registry.DeclaredSeriesMax() - before, 20u + 8 + 3);
}

TEST(MetricRegistryDeathTest, StopsOnADoubleDeclaration) {
  MetricRegistry registry;
  registry.DeclareGauge({.name = "g", .help = "g"});
  EXPECT_DEATH(registry.DeclareGauge({.name = "g", .help = "g"}), "declared twice");
}

TEST(Buckets, HoldTheThresholdsOfTheObjectives) {
  const auto has = [](Buckets buckets, double bound) {
    const auto& bounds = BoundsOf(buckets);
    return std::is_sorted(bounds.begin(), bounds.end()) &&
           std::find(bounds.begin(), bounds.end(), bound) != bounds.end();
  };
  EXPECT_TRUE(has(Buckets::kEndToEnd, 1));
  EXPECT_TRUE(has(Buckets::kEndToEnd, 5));
  EXPECT_TRUE(has(Buckets::kHttp, 0.5));
  EXPECT_TRUE(has(Buckets::kStore, 1));
  EXPECT_EQ(BoundsOf(Buckets::kDecide).size(), 14u);
  EXPECT_EQ(BoundsOf(Buckets::kCommit).size(), 14u);
}

}  // namespace
}  // namespace lineward::telemetry

#include "telemetry/src/exposition.h"

#include <gtest/gtest.h>

#include "lineward/telemetry/metrics.h"

namespace lineward::telemetry {
namespace {

TEST(Exposition, SpellsEachBoundInOneWay) {
  EXPECT_EQ(FormatBound(2.5e-7), "2.5e-07");
  EXPECT_EQ(FormatBound(0.0001), "0.0001");
  EXPECT_EQ(FormatBound(5), "5.0");
  EXPECT_EQ(FormatBound(65536), "65536.0");
  EXPECT_EQ(FormatBound(1048576), "1.048576e+06");
}

TEST(Exposition, SpellsWholeValuesAsIntegers) {
  EXPECT_EQ(FormatValue(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(FormatValue(0.25), "0.25");
}

TEST(Exposition, TextSortsFamiliesAndChildrenAndEscapes) {
  MetricRegistry registry;
  CounterFamily* const b =
      registry.DeclareCounter({.name = "b_total", .help = "b", .labels = {"x"}, .children_max = 2});
  registry.DeclareGauge({.name = "a", .help = "a"})->With()->Set(1.5);
  b->With({"two\"quoted"})->Add(2);
  b->With({"one"})->Add();
  EXPECT_EQ(registry.TextExposition(),
            "# HELP lineward_a a\n# TYPE lineward_a gauge\nlineward_a 1.5\n"
            "# HELP lineward_b_total b\n# TYPE lineward_b_total counter\n"
            "lineward_b_total{x=\"one\"} 1\nlineward_b_total{x=\"two\\\"quoted\"} 2\n");
}

TEST(Exposition, OpenMetricsNamesTheUnitDropsTotalAndEnds) {
  MetricRegistry registry;
  registry.DeclareCounter({.name = "cpu_seconds_total", .help = "cpu"})->With()->Add(3);
  const std::string text = registry.OpenMetricsExposition();
  EXPECT_NE(text.find("# TYPE lineward_cpu_seconds counter\n# UNIT lineward_cpu_seconds seconds\n"
                      "# HELP lineward_cpu_seconds cpu\nlineward_cpu_seconds_total 3\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(Exposition, HistogramCountEqualsItsInfiniteBucket) {
  MetricRegistry registry;
  Histogram* const histogram =
      registry.DeclareHistogram({.name = "h_bytes", .help = "h"}, Buckets::kBytes)->With();
  histogram->Observe(300);
  histogram->Observe(1e9);
  const std::string text = registry.TextExposition();
  EXPECT_NE(text.find("lineward_h_bytes_bucket{le=\"256.0\"} 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("lineward_h_bytes_bucket{le=\"1024.0\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("lineward_h_bytes_bucket{le=\"+Inf\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("lineward_h_bytes_count 2\n"), std::string::npos);
}

}  // namespace
}  // namespace lineward::telemetry

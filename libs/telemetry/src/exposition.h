#pragma once

// Our serializer of prometheus-cpp's collected families: prometheus-cpp 1.0.1 has no OpenMetrics.

#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <vector>

namespace lineward::telemetry {

enum class ExpositionFormat { kText, kOpenMetrics };

// Families sorted by name, children by label values, labels in the order of `labels[name]`, `le`
// last. Text 0.0.4 or OpenMetrics 1.0.0; no timestamps, no `_created`.
std::string Exposition(std::vector<prometheus::MetricFamily> families,
                       const std::map<std::string, std::vector<std::string>>& labels,
                       ExpositionFormat format);

// The one spelling of a bound in both formats: shortest round-trip decimal, exponent form below
// 1e-4 and from 1e6 on, `.0` added when integral (`2.5e-07`, `0.0001`, `5.0`, `1.048576e+06`).
std::string FormatBound(double bound);

// A sample's value: integers up to 2^53 plain, else the shortest round-trip decimal.
std::string FormatValue(double value);

}  // namespace lineward::telemetry

#include "telemetry/src/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace lineward::telemetry {
namespace {

constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53

std::string Escape(std::string_view text, bool escapes_quotes) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '"' && escapes_quotes) {
      escaped += "\\\"";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string_view TypeName(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    case prometheus::MetricType::Summary:
      return "summary";
    case prometheus::MetricType::Untyped:
      return "unknown";
  }
  return "unknown";
}

std::string_view UnitOf(std::string_view name) {
  for (const std::string_view unit : {"seconds", "bytes", "ratio"}) {
    if (name.ends_with(unit) && name.size() > unit.size() &&
        name[name.size() - unit.size() - 1] == '_') {
      return unit;
    }
  }
  return {};
}

using LabelValues = std::vector<std::pair<std::string, std::string>>;

LabelValues Ordered(const prometheus::ClientMetric& metric, const std::vector<std::string>& order) {
  LabelValues ordered;
  for (const std::string& name : order) {
    for (const auto& label : metric.label) {
      if (label.name == name) ordered.emplace_back(name, label.value);
    }
  }
  return ordered;
}

std::string Braced(const LabelValues& labels, std::string_view bound = {}) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}=\"{}\"", name, Escape(value, true));
  }
  if (!bound.empty()) {
    if (!text.empty()) text += ',';
    text += fmt::format("le=\"{}\"", bound);
  }
  return text.empty() ? text : "{" + text + "}";
}

void AppendHistogram(std::string* out, const std::string& name, const LabelValues& labels,
                     const prometheus::ClientMetric::Histogram& histogram) {
  uint64_t count = 0;
  for (const auto& bucket : histogram.bucket) {
    count = bucket.cumulative_count;
    const std::string bound =
        std::isinf(bucket.upper_bound) ? "+Inf" : FormatBound(bucket.upper_bound);
    *out += fmt::format("{}_bucket{} {}\n", name, Braced(labels, bound), count);
  }
  *out += fmt::format("{}_sum{} {}\n", name, Braced(labels), FormatValue(histogram.sample_sum));
  *out += fmt::format("{}_count{} {}\n", name, Braced(labels), count);
}

void AppendFamily(std::string* out, const prometheus::MetricFamily& family,
                  const std::vector<std::string>& order, ExpositionFormat format) {
  const bool is_open = format == ExpositionFormat::kOpenMetrics;
  const bool is_counter = family.type == prometheus::MetricType::Counter;
  std::string_view base_name = family.name;
  if (is_open && is_counter && base_name.ends_with("_total")) base_name.remove_suffix(6);
  const std::string help = Escape(family.help, is_open);
  if (is_open) {
    *out += fmt::format("# TYPE {} {}\n", base_name, TypeName(family.type));
    if (const auto unit = UnitOf(base_name); !unit.empty()) {
      *out += fmt::format("# UNIT {} {}\n", base_name, unit);
    }
    *out += fmt::format("# HELP {} {}\n", base_name, help);
  } else {
    *out += fmt::format("# HELP {} {}\n", base_name, help);
    *out += fmt::format("# TYPE {} {}\n", base_name, TypeName(family.type));
  }
  std::vector<std::pair<LabelValues, const prometheus::ClientMetric*>> children;
  for (const auto& metric : family.metric) children.emplace_back(Ordered(metric, order), &metric);
  std::sort(children.begin(), children.end());
  for (const auto& [labels, metric] : children) {
    if (family.type == prometheus::MetricType::Histogram) {
      AppendHistogram(out, family.name, labels, metric->histogram);
    } else {
      const double value = is_counter ? metric->counter.value : metric->gauge.value;
      *out += fmt::format("{}{} {}\n", family.name, Braced(labels), FormatValue(value));
    }
  }
}

std::string Shortest(double value, std::chars_format format) {
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value, format);
  return std::string(buffer, error == std::errc() ? end : buffer);
}

}  // namespace

std::string FormatBound(double bound) {
  const double magnitude = std::abs(bound);
  if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6)) {
    return Shortest(bound, std::chars_format::scientific);
  }
  std::string text = Shortest(bound, std::chars_format::fixed);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string FormatValue(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == std::floor(value) && std::abs(value) <= kExactIntegerMax) {
    return fmt::format("{}", static_cast<int64_t>(value));
  }
  return fmt::format("{}", value);
}

std::string Exposition(std::vector<prometheus::MetricFamily> families,
                       const std::map<std::string, std::vector<std::string>>& labels,
                       ExpositionFormat format) {
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string out;
  for (const auto& family : families) {
    const auto order = labels.find(family.name);
    if (order == labels.end()) continue;
    AppendFamily(&out, family, order->second, format);
  }
  if (format == ExpositionFormat::kOpenMetrics) out += "# EOF\n";
  return out;
}

}  // namespace lineward::telemetry

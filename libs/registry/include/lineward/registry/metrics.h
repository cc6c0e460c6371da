#pragma once

#include <array>
#include <string_view>

#include "lineward/telemetry/metrics.h"

namespace lineward::registry {

// What the registry measures. Handles live as long as the metric registry. Any thread.
struct RegistryMetrics {
  explicit RegistryMetrics(telemetry::MetricRegistry* registry);

  telemetry::CounterFamily* writes;     // kind, result
  telemetry::Histogram* write_seconds;  // from the queue to the durable commit
  telemetry::Gauge* seq;
  telemetry::Gauge* writer;  // 1 on the instance that writes
  telemetry::Gauge* pending_changes;
  telemetry::Gauge* fold_lag_seconds;
  telemetry::Gauge* edges;
};

}  // namespace lineward::registry

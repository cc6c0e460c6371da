#pragma once

// What the process says of itself (observability design, section 3). One owner: the main thread.

#include <string>
#include <string_view>
#include <vector>

#include "lineward/telemetry/health.h"
#include "lineward/telemetry/metrics.h"

namespace lineward::services {

class NodeMetrics {
 public:
  NodeMetrics(telemetry::MetricRegistry* registry, std::string_view version);

  // Takes over what /readyz would say now.
  void Show(const telemetry::HealthReport& ready, const std::vector<std::string>& roles);

 private:
  telemetry::GaugeFamily* role_active_;      // role
  telemetry::GaugeFamily* health_check_ok_;  // check
};

}  // namespace lineward::services

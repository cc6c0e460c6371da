#include "services/node/metrics.h"

#include <algorithm>

namespace lineward::services {

NodeMetrics::NodeMetrics(telemetry::MetricRegistry* registry, std::string_view version) {
  registry
      ->DeclareGauge({.name = "build_info",
                      .help = "1 for the build that runs.",
                      .labels = {"version", "compiler"}})
      ->With({version, __VERSION__})
      ->Set(1);
  role_active_ = registry->DeclareGauge({.name = "role_active",
                                         .help = "1 while the role is started and ready.",
                                         .labels = {"role"},
                                         .children_max = 4});
  health_check_ok_ = registry->DeclareGauge({.name = "health_check_ok",
                                             .help = "1 while the check of /readyz is good.",
                                             .labels = {"check"},
                                             .children_max = 16});
}

void NodeMetrics::Show(const telemetry::HealthReport& ready,
                       const std::vector<std::string>& roles) {
  for (const telemetry::HealthCheck& check : ready.checks) {
    health_check_ok_->With({check.name})->Set(check.is_ok ? 1 : 0);
    if (std::find(roles.begin(), roles.end(), check.name) == roles.end()) continue;
    role_active_->With({check.name})->Set(check.is_ok ? 1 : 0);
  }
}

}  // namespace lineward::services

#include "lineward/control/metrics.h"

#include <string_view>

#include "lineward/control/snapshot.h"

namespace lineward::control {

std::string_view TopicName(ControlTopic topic) {
  switch (topic) {
    case ControlTopic::kRegistry:
      return "lineward.registry";
    case ControlTopic::kPolicies:
      return "lineward.policies";
    case ControlTopic::kConsent:
      return "lineward.consent";
    case ControlTopic::kBreakers:
      return "lineward.breakers";
  }
  return "";
}

FollowerMetrics::FollowerMetrics(telemetry::MetricRegistry* registry) {
  telemetry::GaugeFamily* ready =
      registry->DeclareGauge({.name = "gate_control_ready",
                              .help = "1 once the topic was read to its end and is fresh.",
                              .labels = {"topic"},
                              .children_max = kControlTopics});
  telemetry::GaugeFamily* age = registry->DeclareGauge(
      {.name = "gate_control_age_seconds",
       .help = "Seconds since the topic was last known to be read to its end.",
       .labels = {"topic"},
       .children_max = kControlTopics});
  for (size_t i = 0; i < kControlTopics; ++i) {
    const std::string_view topic = TopicName(static_cast<ControlTopic>(i));
    control_ready[i] = ready->With({topic});
    control_age_seconds[i] = age->With({topic});
  }
  policy_info = registry->DeclareGauge({.name = "policy_info",
                                        .help = "1 for each policy set in use.",
                                        .labels = {"slot", "set", "epoch"},
                                        .children_max = 4});
  policy_last_load_successful =
      registry
          ->DeclareGauge({.name = "policy_last_load_successful",
                          .help = "0 if the newest policy head was refused."})
          ->With();
  policy_last_load_successful->Set(1);
  policy_last_load_success_timestamp_seconds =
      registry
          ->DeclareGauge({.name = "policy_last_load_success_timestamp_seconds",
                          .help = "When a policy set last came into force here."})
          ->With();
  telemetry::CounterFamily* failures =
      registry->DeclareCounter({.name = "policy_reload_failures_total",
                                .help = "Policy heads that were refused.",
                                .labels = {"reason"},
                                .children_max = kHeadRefusals});
  static constexpr std::string_view kReasons[kHeadRefusals] = {"signature", "approval", "epoch",
                                                               "id",        "compile",  "chunks"};
  for (size_t i = 0; i < kHeadRefusals; ++i)
    policy_reload_failures[i] = failures->With({kReasons[i]});
}

}  // namespace lineward::control

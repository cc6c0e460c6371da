#pragma once

#include <array>

#include "lineward/telemetry/metrics.h"

namespace lineward::control {

// Why a policy head was refused: label `reason` of `policy_reload_failures_total`.
enum class HeadRefusal { kSignature, kApproval, kEpoch, kId, kCompile, kChunks };
inline constexpr size_t kHeadRefusals = 6;

// What the follower measures. Handles live as long as the registry. Any thread.
struct FollowerMetrics {
  explicit FollowerMetrics(telemetry::MetricRegistry* registry);

  std::array<telemetry::Gauge*, 4> control_ready;  // in order of ControlTopic
  std::array<telemetry::Gauge*, 4> control_age_seconds;
  telemetry::GaugeFamily* policy_info;  // slot, set, epoch
  telemetry::Gauge* policy_last_load_successful;
  telemetry::Gauge* policy_last_load_success_timestamp_seconds;
  std::array<telemetry::Counter*, kHeadRefusals> policy_reload_failures;
};

}  // namespace lineward::control

#pragma once

// What the handlers of each area need, and the functions that add them. The parts must outlive the
// server; all of them may be used from any worker.

#include <functional>
#include <string>

#include "lineward/base/clock.h"
#include "lineward/http/page_token.h"
#include "lineward/http/route.h"
#include "lineward/telemetry/health.h"
#include "lineward/telemetry/log.h"
#include "lineward/telemetry/metrics.h"
#include "lineward/telemetry/process_metrics.h"

namespace lineward::http {

struct AdminParts {
  telemetry::MetricRegistry* metrics = nullptr;
  telemetry::ProcessMetrics* process_metrics = nullptr;
  const telemetry::Health* health = nullptr;
  telemetry::LogSink* log = nullptr;
  std::function<std::string()> effective_options;  // `key: value  # origin` lines, redacted
};
// /metrics, /livez, /startupz, /readyz, /configz, /loglevel.
void AddAdminRoutes(const AdminParts& parts, Handlers* handlers);

struct ProcessParts {
  std::string version;
  std::string public_url;
  const telemetry::Health* health = nullptr;
  // Further members of GET /v1/pipeline, per role.
  std::function<document::Json()> pipeline;
};
// version, openapi.json, whoami, pipeline.
void AddProcessRoutes(const ProcessParts& parts, Handlers* handlers);

}  // namespace lineward::http

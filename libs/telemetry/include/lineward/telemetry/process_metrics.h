#pragma once

// `process_*` families and `lineward_thread_cpu_seconds_total{pool}` from procfs. Call Update on
// each scrape. Any one thread at a time.

#include <memory>

#include "lineward/telemetry/metrics.h"

namespace lineward::telemetry {

class ProcessMetrics {
 public:
  explicit ProcessMetrics(MetricRegistry* registry);
  ~ProcessMetrics();
  void Update();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::telemetry

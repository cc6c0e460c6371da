#pragma once

// What the ledger measures (observability design, section 3). Null members count nothing.

#include "lineward/telemetry/metrics.h"

namespace lineward::ledger {

struct LedgerMetrics {
  explicit LedgerMetrics(telemetry::MetricRegistry* registry);

  telemetry::Histogram* visible_age_seconds;
  telemetry::Counter* rows_folded;
  telemetry::Counter* blocks_folded;
  telemetry::Gauge* hot_rows;
  telemetry::Gauge* hot_bytes;
  telemetry::Gauge* rebuild_progress_ratio;
  telemetry::Histogram* segment_ingest_seconds;
  telemetry::Counter* answers_complete;
  telemetry::Counter* answers_partial;
  telemetry::Histogram* point_seconds;
  telemetry::Histogram* list_seconds;
  telemetry::GaugeFamily* log_size;  // log
  telemetry::Gauge* disk_free_bytes;
};

}  // namespace lineward::ledger

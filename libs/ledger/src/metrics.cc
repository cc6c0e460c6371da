#include "lineward/ledger/metrics.h"

namespace lineward::ledger {

using telemetry::Buckets;

LedgerMetrics::LedgerMetrics(telemetry::MetricRegistry* registry)
    : visible_age_seconds(registry
                              ->DeclareHistogram({"ledger_visible_age_seconds",
                                                  "Record timestamp to visible, every row."},
                                                 Buckets::kEndToEnd)
                              ->With()),
      rows_folded(
          registry->DeclareCounter({"ledger_rows_folded_total", "Decisions folded."})->With()),
      blocks_folded(
          registry->DeclareCounter({"ledger_blocks_folded_total", "Blocks folded."})->With()),
      hot_rows(registry->DeclareGauge({"ledger_hot_rows", "Rows not yet stored."})->With()),
      hot_bytes(registry->DeclareGauge({"ledger_hot_bytes", "Bytes not yet stored."})->With()),
      rebuild_progress_ratio(
          registry
              ->DeclareGauge({"ledger_rebuild_progress_ratio",
                              "Partitions read to their end since the start, of all."})
              ->With()),
      segment_ingest_seconds(registry
                                 ->DeclareHistogram({"ledger_segment_ingest_seconds",
                                                     "Writing and taking in one segment."},
                                                    Buckets::kStore)
                                 ->With()) {
  telemetry::CounterFamily* answers = registry->DeclareCounter(
      {"ledger_answers_total", "Answers by completeness.", {"completeness"}, 2});
  answers_complete = answers->With({"complete"});
  answers_partial = answers->With({"partial"});
  telemetry::HistogramFamily* queries = registry->DeclareHistogram(
      {"ledger_query_seconds", "Time of a query by kind.", {"kind"}, 8}, Buckets::kHttp);
  point_seconds = queries->With({"point"});
  list_seconds = queries->With({"list"});
}

}  // namespace lineward::ledger

#include "lineward/ledger/metrics.h"

namespace lineward::ledger {

LedgerMetrics::LedgerMetrics(telemetry::MetricRegistry* registry) {
  using telemetry::Buckets;
  visible_age_seconds =
      registry
          ->DeclareHistogram({.name = "ledger_visible_age_seconds",
                              .help = "Decision to visible in the hot tail, each row of a "
                                      "partition that was read to its end once."},
                             Buckets::kEndToEnd)
          ->With();
  rows_folded =
      registry->DeclareCounter({.name = "ledger_rows_folded_total", .help = "Rows folded."})
          ->With();
  blocks_folded =
      registry->DeclareCounter({.name = "ledger_blocks_folded_total", .help = "Blocks folded."})
          ->With();
  hot_rows =
      registry->DeclareGauge({.name = "ledger_hot_rows", .help = "Rows not yet stored."})->With();
  hot_bytes =
      registry->DeclareGauge({.name = "ledger_hot_bytes", .help = "Bytes not yet stored."})->With();
  rebuild_progress_ratio =
      registry
          ->DeclareGauge({.name = "ledger_rebuild_progress_ratio",
                          .help = "Partitions read to their end since the start, of all."})
          ->With();
  segment_ingest_seconds = registry
                               ->DeclareHistogram({.name = "ledger_segment_ingest_seconds",
                                                   .help = "Writing and taking in one segment."},
                                                  Buckets::kCommit)
                               ->With();
  telemetry::CounterFamily* answers = registry->DeclareCounter({.name = "ledger_answers_total",
                                                                .help = "Answers by completeness.",
                                                                .labels = {"completeness"},
                                                                .children_max = 2});
  answers_complete = answers->With({"complete"});
  answers_partial = answers->With({"partial"});
  telemetry::HistogramFamily* queries =
      registry->DeclareHistogram({.name = "ledger_query_seconds",
                                  .help = "Time of a query by kind.",
                                  .labels = {"kind"},
                                  .children_max = 8},
                                 Buckets::kHttp);
  point_seconds = queries->With({"point"});
  list_seconds = queries->With({"list"});
  log_size = registry->DeclareGauge({.name = "audit_log_size",
                                     .help = "Entries of a log, its genesis included.",
                                     .labels = {"log"},
                                     .children_max = 17});
  disk_free_bytes = registry
                        ->DeclareGauge({.name = "store_disk_free_bytes",
                                        .help = "Free on the file system of the ledger's store."})
                        ->With();
}

}  // namespace lineward::ledger

#include "lineward/registry/metrics.h"

namespace lineward::registry {

RegistryMetrics::RegistryMetrics(telemetry::MetricRegistry* registry) {
  writes = registry->DeclareCounter({.name = "registry_writes_total",
                                     .help = "Writes by kind and result",
                                     .labels = {"kind", "result"},
                                     .children_max = 28});
  for (const std::string_view kind : {"dataset", "model", "run", "policy", "consent"}) {
    for (const std::string_view result : {"ok", "replayed", "conflict", "failed"}) {
      writes->With({kind, result});
    }
  }
  write_seconds = registry
                      ->DeclareHistogram({.name = "registry_write_seconds",
                                          .help = "From the queue to the durable commit"},
                                         telemetry::Buckets::kCommit)
                      ->With();
  seq = registry->DeclareGauge({.name = "registry_seq", .help = "Newest fact folded"})->With();
  writer = registry->DeclareGauge({.name = "registry_writer", .help = "1 on the writer"})->With();
  pending_changes = registry
                        ->DeclareGauge({.name = "registry_pending_changes",
                                        .help = "Changes that wait for an approval"})
                        ->With();
  fold_lag_seconds = registry
                         ->DeclareGauge({.name = "registry_fold_lag_seconds",
                                         .help = "Age of the newest fact not folded yet"})
                         ->With();
  edges = registry->DeclareGauge({.name = "registry_edges", .help = "Edges of the lineage graph"})
              ->With();
}

}  // namespace lineward::registry

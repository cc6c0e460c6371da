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
  const auto gauge = [registry](std::string_view name, std::string_view help) {
    return registry->DeclareGauge({.name = name, .help = help})->With();
  };
  seq = gauge("registry_seq", "Newest fact folded");
  writer = gauge("registry_writer", "1 on the instance that writes");
  pending_changes = gauge("registry_pending_changes", "Changes that wait for an approval");
  fold_lag_seconds = gauge("registry_fold_lag_seconds", "Age of the newest fact not folded yet");
  edges = gauge("registry_edges", "Edges of the lineage graph");
}

}  // namespace lineward::registry

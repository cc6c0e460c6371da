#include "lineward/gate/metrics.h"

namespace lineward::gate {
namespace {

constexpr size_t kTopicsMax = 16;
constexpr size_t kPartitionsMax = 320;
constexpr size_t kSeatsMax = 16;
constexpr std::array<std::string_view, kOutcomes> kOutcomeLabels = {"allow", "quarantine", "block"};

}  // namespace

GateMetrics::GateMetrics(telemetry::MetricRegistry* registry) {
  DeclareStream(registry);
  DeclareIntake(registry);
  DeclareDecisions(registry);
  DeclareRelease(registry);
}

void GateMetrics::DeclareStream(telemetry::MetricRegistry* registry) {
  records_consumed = registry->DeclareCounter({.name = "stream_records_consumed_total",
                                               .help = "Promotions taken, by committed outcome.",
                                               .labels = {"topic", "partition"},
                                               .children_max = kPartitionsMax});
  lag_seconds = registry->DeclareGauge(
      {.name = "stream_consumer_lag_seconds",
       .help = "Age of the newest promotion taken; 0 once nothing more waits.",
       .labels = {"topic", "partition"},
       .children_max = kPartitionsMax});
  lag_records = registry->DeclareGauge(
      {.name = "stream_consumer_lag_records",
       .help = "Records up to the end that the last fetch told; 0 when caught up.",
       .labels = {"topic", "partition"},
       .children_max = kPartitionsMax});
  records_produced = registry->DeclareCounter({.name = "stream_records_produced_total",
                                               .help = "Records in committed transactions.",
                                               .labels = {"topic"},
                                               .children_max = 4 * kTopicsMax});
  assigned_partitions = registry->DeclareGauge({.name = "stream_assigned_partitions",
                                                .help = "Source partitions of this process.",
                                                .labels = {"topic"},
                                                .children_max = 24});
  offset_gaps = registry->DeclareCounter(
      {.name = "stream_offset_gaps_total",
       .help = "Offsets that were not delivered: control records, aborted or compacted ones.",
       .labels = {"topic"},
       .children_max = 24});
  last_poll_seconds = registry->DeclareGauge({.name = "stream_last_poll_timestamp_seconds",
                                              .help = "When the broker was last heard of.",
                                              .labels = {"consumer"},
                                              .children_max = kSeatsMax});
  telemetry::CounterFamily* rebalance =
      registry->DeclareCounter({.name = "stream_rebalances_total",
                                .help = "Changes of the group's assignment.",
                                .labels = {"kind"},
                                .children_max = 3});
  rebalances = {rebalance->With({"assign"}), rebalance->With({"revoke"}),
                rebalance->With({"lost"})};
  telemetry::CounterFamily* transaction =
      registry->DeclareCounter({.name = "stream_transactions_total",
                                .help = "Transactions by how they ended.",
                                .labels = {"result"},
                                .children_max = kTransactionResults});
  transactions = {transaction->With({"committed"}), transaction->With({"aborted"}),
                  transaction->With({"unknown"})};
  telemetry::CounterFamily* recycle =
      registry->DeclareCounter({.name = "stream_producer_recycles_total",
                                .help = "Producers given up for a new one.",
                                .labels = {"cause"},
                                .children_max = kRecycleCauses});
  recycles = {recycle->With({"fenced"}), recycle->With({"unknown"}), recycle->With({"suspect"})};
  commit_seconds = registry
                       ->DeclareHistogram({.name = "stream_transaction_commit_seconds",
                                           .help = "Begin of commit to acknowledgement."},
                                          telemetry::Buckets::kCommit)
                       ->With();
}

void GateMetrics::DeclareIntake(telemetry::MetricRegistry* registry) {
  using telemetry::Buckets;
  event_bytes = registry->DeclareHistogram({.name = "gate_event_bytes",
                                            .help = "Size of the promotions' values.",
                                            .labels = {"topic"},
                                            .children_max = kTopicsMax},
                                           Buckets::kBytes);
  dead_letters = registry->DeclareCounter({.name = "gate_dead_letters_total",
                                           .help = "Malformed promotions.",
                                           .labels = {"topic"},
                                           .children_max = kTopicsMax});
  decode_failures =
      registry->DeclareCounter({.name = "gate_decode_failures_total",
                                .help = "Malformed promotions by the decoder's cause.",
                                .labels = {"topic", "cause"},
                                .children_max = kTopicsMax * event::kCauses});
  future_events =
      registry->DeclareCounter({.name = "gate_future_events_total",
                                .help = "Records with a timestamp over 1 s ahead of our clock.",
                                .labels = {"topic"},
                                .children_max = kTopicsMax});
  trace_context_invalid =
      registry
          ->DeclareCounter({.name = "gate_trace_context_invalid_total",
                            .help = "Promotions whose trace context is there and invalid."})
          ->With();
  registry_seq =
      registry
          ->DeclareGauge({.name = "gate_registry_seq",
                          .help =
                              "Registry seq of the newest transaction, or of the next one where "
                              "none is open."})
          ->With();
  decide_seconds = registry
                       ->DeclareHistogram({.name = "gate_decide_seconds",
                                           .help = "Decode to decision, one promotion in 64."},
                                          Buckets::kDecide)
                       ->With();
}

void GateMetrics::DeclareDecisions(telemetry::MetricRegistry* registry) {
  decisions = registry->DeclareCounter({.name = "gate_decisions_total",
                                        .help = "Committed decisions by outcome and first reason.",
                                        .labels = {"outcome", "reason"},
                                        .children_max = 96});
  rule_matches = registry->DeclareCounter({.name = "gate_rule_matches_total",
                                           .help = "Determining rules of committed decisions.",
                                           .labels = {"rule", "mode"},
                                           .children_max = 402});
  purpose_decisions = registry->DeclareCounter({.name = "gate_purpose_decisions_total",
                                                .help = "Committed decisions by purpose.",
                                                .labels = {"purpose", "outcome"},
                                                .children_max = 99});
  telemetry::CounterFamily* obligation =
      registry->DeclareCounter({.name = "gate_obligations_total",
                                .help = "Obligations of committed decisions that go out.",
                                .labels = {"type"},
                                .children_max = policy::kObligationTypes + 1});
  for (size_t i = 0; i < obligations.size(); ++i) {
    obligations[i] =
        obligation->With({policy::ObligationTypeName(static_cast<policy::ObligationType>(i))});
  }
  telemetry::CounterFamily* slot =
      registry->DeclareCounter({.name = "gate_slot_decisions_total",
                                .help = "Committed decisions by what decided: the policy set in "
                                        "force (`current`) or a binding in shadow.",
                                .labels = {"slot", "outcome"},
                                .children_max = 12});
  telemetry::CounterFamily* difference =
      registry->DeclareCounter({.name = "policy_shadow_differences_total",
                                .help = "Committed decisions that everything not switched off "
                                        "would have taken otherwise.",
                                .labels = {"real", "shadow"},
                                .children_max = kOutcomes * kOutcomes});
  for (size_t i = 0; i < kOutcomes; ++i) {
    current_decisions[i] = slot->With({"current", kOutcomeLabels[i]});
    shadow_decisions[i] = slot->With({"shadow", kOutcomeLabels[i]});
    for (size_t j = 0; j < kOutcomes; ++j) {
      shadow_differences[i][j] = difference->With({kOutcomeLabels[i], kOutcomeLabels[j]});
    }
  }
  telemetry::CounterFamily* error =
      registry->DeclareCounter({.name = "policy_rule_errors_total",
                                .help = "Rules that failed in committed decisions, by effect.",
                                .labels = {"effect"},
                                .children_max = kRuleEffects});
  rule_errors = {error->With({"permit"}), error->With({"forbid"})};
}

void GateMetrics::DeclareRelease(telemetry::MetricRegistry* registry) {
  using telemetry::Buckets;
  telemetry::CounterFamily* stage = registry->DeclareCounter(
      {.name = "gate_stage_cpu_seconds_total",
       .help = "CPU of a loop's thread by stage; from one promotion in 64, blocks all.",
       .labels = {"stage"},
       .children_max = kStages});
  stage_cpu_seconds = {stage->With({"decode"}), stage->With({"decide"}), stage->With({"seal"}),
                       stage->With({"send"})};
  telemetry::HistogramFamily* release =
      registry->DeclareHistogram({.name = "gate_release_age_seconds",
                                  .help = "Record timestamp to acknowledged commit.",
                                  .labels = {"outcome"},
                                  .children_max = kOutcomes},
                                 Buckets::kEndToEnd);
  for (size_t i = 0; i < kOutcomes; ++i) {
    release_age_seconds[i] = release->With({kOutcomeLabels[i]});
  }
  clock_skew_seconds = registry
                           ->DeclareGauge({.name = "gate_clock_skew_seconds",
                                           .help = "Broker's append time against ours."})
                           ->With();
  telemetry::CounterFamily* sealed =
      registry->DeclareCounter({.name = "gate_blocks_sealed_total",
                                .help = "Decision blocks by what sealed them.",
                                .labels = {"trigger"},
                                .children_max = kSealTriggers});
  blocks_sealed = {sealed->With({"rows"}), sealed->With({"bytes"}),  sealed->With({"commit"}),
                   sealed->With({"skip"}), sealed->With({"revoke"}), sealed->With({"drain"})};
  reconciliation_failures =
      registry
          ->DeclareCounter({.name = "gate_reconciliation_failures_total",
                            .help = "Transactions aborted: rows sealed were not records taken."})
          ->With();
  telemetry::CounterFamily* removed =
      registry->DeclareCounter({.name = "gate_headers_removed_total",
                                .help = "Incoming lineward-* headers that were removed.",
                                .labels = {"kind"},
                                .children_max = 2});
  headers_removed_forged = removed->With({"forged"});
  headers_removed_replay = removed->With({"replay"});
}

}  // namespace lineward::gate

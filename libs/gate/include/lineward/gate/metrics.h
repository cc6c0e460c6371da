#pragma once

#include <array>
#include <string_view>

#include "lineward/event/reasons.h"
#include "lineward/policy/obligation.h"
#include "lineward/telemetry/metrics.h"

namespace lineward::gate {

// Why a block was sealed: label `trigger` of `gate_blocks_sealed_total`.
enum class SealTrigger { kRows, kBytes, kCommit, kSkip, kRevoke, kDrain };
inline constexpr size_t kSealTriggers = 6;
// How a transaction ended.
enum class TransactionResult { kCommitted, kAborted, kUnknown };
inline constexpr size_t kTransactionResults = 3;
// Why a producer was recycled.
enum class RecycleCause { kFenced, kUnknown, kSuspect };
inline constexpr size_t kRecycleCauses = 3;
inline constexpr size_t kOutcomes = 3;     // allow, quarantine, block
inline constexpr size_t kRuleEffects = 2;  // permit, forbid
// What a loop does with a promotion: label `stage` of `gate_stage_cpu_seconds_total`.
enum class Stage { kDecode, kDecide, kSeal, kSend };
inline constexpr size_t kStages = 4;

// What the gate measures (observability design, section 3). Handles live as long as the registry.
// Any thread; the loops add once per transaction.
struct GateMetrics {
  explicit GateMetrics(telemetry::MetricRegistry* registry);

  telemetry::CounterFamily* records_consumed;     // topic, partition
  telemetry::GaugeFamily* lag_seconds;            // topic, partition
  telemetry::GaugeFamily* lag_records;            // topic, partition
  telemetry::CounterFamily* records_produced;     // topic
  telemetry::GaugeFamily* assigned_partitions;    // topic
  telemetry::CounterFamily* offset_gaps;          // topic
  telemetry::GaugeFamily* last_poll_seconds;      // consumer
  std::array<telemetry::Counter*, 3> rebalances;  // assign, revoke, lost
  std::array<telemetry::Counter*, kTransactionResults> transactions;
  std::array<telemetry::Counter*, kRecycleCauses> recycles;
  telemetry::Histogram* commit_seconds;

  telemetry::HistogramFamily* event_bytes;      // topic
  telemetry::CounterFamily* dead_letters;       // topic
  telemetry::CounterFamily* decode_failures;    // topic, cause
  telemetry::CounterFamily* future_events;      // topic
  telemetry::CounterFamily* decisions;          // outcome, reason
  telemetry::CounterFamily* rule_matches;       // rule, mode
  telemetry::CounterFamily* purpose_decisions;  // purpose, outcome
  // By what decided: the set in force, or a binding in shadow, whose refusals go out.
  std::array<telemetry::Counter*, kOutcomes> current_decisions;
  std::array<telemetry::Counter*, kOutcomes> shadow_decisions;
  std::array<telemetry::Counter*, kRuleEffects> rule_errors;
  // By the real outcome, then by what everything not switched off would have said.
  std::array<std::array<telemetry::Counter*, kOutcomes>, kOutcomes> shadow_differences;
  std::array<telemetry::Counter*, policy::kObligationTypes> obligations;
  telemetry::Counter* trace_context_invalid;
  telemetry::Gauge* registry_seq;
  telemetry::Histogram* decide_seconds;
  std::array<telemetry::Counter*, kStages> stage_cpu_seconds;
  std::array<telemetry::Histogram*, kOutcomes> release_age_seconds;
  telemetry::Gauge* clock_skew_seconds;
  std::array<telemetry::Counter*, kSealTriggers> blocks_sealed;
  telemetry::Counter* reconciliation_failures;
  telemetry::Counter* headers_removed_forged;
  telemetry::Counter* headers_removed_replay;

 private:
  void DeclareStream(telemetry::MetricRegistry* registry);
  void DeclareIntake(telemetry::MetricRegistry* registry);
  void DeclareDecisions(telemetry::MetricRegistry* registry);
  void DeclareRelease(telemetry::MetricRegistry* registry);
};

}  // namespace lineward::gate

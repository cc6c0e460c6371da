#include "gate/src/tally.h"

#include <algorithm>
#include <string>

#include "lineward/policy/reasons.h"
#include "lineward/stream/topics.h"

namespace lineward::gate {
namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

std::string_view OutcomeLabel(size_t outcome) {
  constexpr std::array<std::string_view, kOutcomes> kLabels = {"allow", "quarantine", "block"};
  return kLabels[outcome];
}

size_t IndexOf(policy::Outcome outcome) { return static_cast<size_t>(outcome) - 1; }

void Add(telemetry::Counter* counter, uint64_t count) { counter->Add(static_cast<double>(count)); }

}  // namespace

void Tally::Count(const decision::Decision& decision, int64_t timestamp_ms) {
  const policy::Verdict& verdict = decision.verdict;
  const size_t outcome = IndexOf(verdict.outcome);
  ++decisions_[outcome][static_cast<size_t>(verdict.primary) % kReasonCodes];
  const bool is_shadow = verdict.mode == policy::Mode::kShadow;
  for (size_t i = 0; i < verdict.rule_count; ++i) ++rules_[{verdict.rules[i], is_shadow}];
  if (is_shadow) ++shadow_bound_[outcome];
  if (verdict.has_shadow()) ++shadow_differences_[outcome][IndexOf(verdict.shadow_outcome)];
  for (size_t effect = 0; effect < kRuleEffects; ++effect) {
    rule_errors_[effect] += verdict.errors_by_effect[effect];
  }
  if (decision.row.purpose != decision::kEmptyFragment) {
    ++purposes_[{decision.row.purpose, static_cast<uint8_t>(outcome)}];
  }
  if (decision.row.route == decision::Route::kAllowed) {
    for (size_t i = 0; i < verdict.obligation_count; ++i) {
      ++obligations_[static_cast<size_t>(verdict.obligations[i]->obligation.type)];
    }
  }
  timestamps_ms_[outcome].push_back(timestamp_ms);
}

void Tally::CountRemoved(const RemovedHeaders& removed) {
  removed_.forged += removed.forged;
  removed_.replays += removed.replays;
}

void Tally::Publish(const policy::PolicySet& set, const decision::FragmentTable& fragments,
                    int64_t now_ms) const {
  PublishDecisions(now_ms);
  PublishShadow();
  PublishRecords();
  for (const auto& [key, count] : rules_) {
    const auto& [rule, is_shadow] = key;
    Add(metrics_->rule_matches->With({set.rule_id(rule), is_shadow ? "shadow" : "enforce"}), count);
  }
  for (const auto& [key, count] : purposes_) {
    const auto purpose = decision::DecodePurpose(fragments.bytes(key.first));
    if (!purpose.ok()) continue;
    Add(metrics_->purpose_decisions->With({purpose->purpose, OutcomeLabel(key.second)}), count);
  }
  for (size_t type = 0; type < obligations_.size(); ++type) {
    Add(metrics_->obligations[type], obligations_[type]);
  }
  for (size_t stage = 0; stage < kStages; ++stage) {
    metrics_->stage_cpu_seconds[stage]->Add(stage_cpu_seconds_[stage]);
  }
}

void Tally::PublishDecisions(int64_t now_ms) const {
  for (size_t outcome = 0; outcome < kOutcomes; ++outcome) {
    for (size_t code = 0; code < kReasonCodes; ++code) {
      const uint32_t count = decisions_[outcome][code];
      if (count == 0) continue;
      const std::string reason = LowerCase(policy::ReasonName(static_cast<policy::Reason>(code)));
      Add(metrics_->decisions->With({OutcomeLabel(outcome), reason}), count);
    }
    telemetry::LocalHistogram ages(metrics_->release_age_seconds[outcome]);
    for (const int64_t timestamp_ms : timestamps_ms_[outcome]) {
      ages.Observe(static_cast<double>(std::max<int64_t>(now_ms - timestamp_ms, 0)) / 1e3);
    }
    ages.Flush();
  }
}

void Tally::PublishShadow() const {
  for (size_t outcome = 0; outcome < kOutcomes; ++outcome) {
    uint64_t decided = 0;
    for (const uint32_t count : decisions_[outcome]) decided += count;
    Add(metrics_->current_decisions[outcome], decided - shadow_bound_[outcome]);
    Add(metrics_->shadow_decisions[outcome], shadow_bound_[outcome]);
    for (size_t other = 0; other < kOutcomes; ++other) {
      Add(metrics_->shadow_differences[outcome][other], shadow_differences_[outcome][other]);
    }
  }
  for (size_t effect = 0; effect < kRuleEffects; ++effect) {
    Add(metrics_->rule_errors[effect], rule_errors_[effect]);
  }
}

void Tally::PublishRecords() const {
  uint64_t blocks = 0;
  for (size_t trigger = 0; trigger < kSealTriggers; ++trigger) {
    Add(metrics_->blocks_sealed[trigger], sealed_[trigger]);
    blocks += sealed_[trigger];
  }
  Add(metrics_->records_produced->With({stream::kDecisionsTopic}), blocks);
  Add(metrics_->records_produced->With({stream::kKeysTopic}), keys_);
  Add(metrics_->headers_removed_forged, removed_.forged);
  Add(metrics_->headers_removed_replay, removed_.replays);
  Add(metrics_->trace_context_invalid, invalid_traces_);
}

void Tally::Clear() {
  for (auto& codes : decisions_) codes.fill(0);
  rules_.clear();
  purposes_.clear();
  obligations_.fill(0);
  shadow_bound_.fill(0);
  shadow_differences_ = {};
  rule_errors_.fill(0);
  for (auto& timestamps : timestamps_ms_) timestamps.clear();
  sealed_.fill(0);
  keys_ = 0;
  removed_ = {};
  invalid_traces_ = 0;
  stage_cpu_seconds_.fill(0);
}

}  // namespace lineward::gate

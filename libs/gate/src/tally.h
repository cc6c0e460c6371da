#pragma once

// What the open transaction of a loop decided. It is added to the metrics once the transaction is
// committed: what is aborted is decided again and counts once. Of the loop's thread.

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "lineward/decision/decide.h"
#include "lineward/gate/metrics.h"
#include "lineward/gate/output_headers.h"
#include "lineward/policy/policy_set.h"

namespace lineward::gate {

class Tally {
 public:
  explicit Tally(GateMetrics* metrics) : metrics_(metrics) {}

  // One decision on a record of that time.
  void Count(const decision::Decision& decision, int64_t timestamp_ms);
  void CountRemoved(const RemovedHeaders& removed);
  void CountInvalidTrace() { ++invalid_traces_; }
  void CountKey() { ++keys_; }
  void CountBlock(SealTrigger trigger) { ++sealed_[static_cast<size_t>(trigger)]; }
  // To be added to: CPU seconds of a stage.
  double* CpuOf(Stage stage) { return &stage_cpu_seconds_[static_cast<size_t>(stage)]; }

  // Adds all to the metrics; purposes by their names in `fragments`.
  void Publish(const policy::PolicySet& set, const decision::FragmentTable& fragments,
               int64_t now_ms) const;
  void Clear();

 private:
  static constexpr size_t kReasonCodes = 1024;  // codes are under 1,000

  void PublishDecisions(int64_t now_ms) const;
  void PublishShadow() const;
  void PublishRecords() const;

  GateMetrics* const metrics_;
  std::array<std::array<uint32_t, kReasonCodes>, kOutcomes> decisions_{};
  absl::flat_hash_map<std::pair<policy::RuleIndex, bool>, uint64_t> rules_;  // rule, is shadow
  absl::flat_hash_map<std::pair<decision::FragmentId, uint8_t>, uint64_t> purposes_;
  std::array<uint64_t, policy::kObligationTypes> obligations_{};
  std::array<uint64_t, kOutcomes> shadow_bound_{};  // by a binding in shadow
  std::array<std::array<uint64_t, kOutcomes>, kOutcomes> shadow_differences_{};  // real, shadow
  std::array<uint64_t, kRuleEffects> rule_errors_{};
  std::array<std::vector<int64_t>, kOutcomes> timestamps_ms_;
  std::array<uint64_t, kSealTriggers> sealed_{};
  uint64_t keys_ = 0;  // key records
  RemovedHeaders removed_;
  uint64_t invalid_traces_ = 0;
  std::array<double, kStages> stage_cpu_seconds_{};
};

}  // namespace lineward::gate

#include "gate/src/tally.h"

#include <gtest/gtest.h>

#include <string>

#include "lineward/policy/findings.h"
#include "tests/support/small_set.h"

namespace lineward::gate {
namespace {

constexpr int64_t kRecordMs = 1'000;
constexpr int64_t kCommitMs = 3'500;

class TallyTest : public ::testing::Test {
 protected:
  static decision::Decision Allowed() {
    decision::Decision made;
    made.verdict.outcome = made.verdict.shadow_outcome = policy::Outcome::kAllow;
    made.verdict.primary = made.verdict.shadow_primary = policy::Reason::kPermitted;
    made.verdict.rules[0] = 0;
    made.verdict.rule_count = 1;
    made.row.route = decision::Route::kAllowed;
    return made;
  }

  void Publish() { tally_.Publish(set_, fragments_, kCommitMs); }
  bool Shows(const std::string& line) {
    return registry_.TextExposition().find("\n" + line + "\n") != std::string::npos;
  }

  policy::Findings findings_;
  const policy::PolicySet set_ = policy::Compile(support::SmallSet(), &findings_).value();
  decision::FragmentTable fragments_;
  telemetry::MetricRegistry registry_;
  GateMetrics metrics_{&registry_};
  Tally tally_{&metrics_};
};

TEST_F(TallyTest, AddsADecisionWithItsRuleAndItsAge) {
  tally_.Count(Allowed(), kRecordMs);
  tally_.Count(Allowed(), kRecordMs);
  EXPECT_FALSE(Shows("lineward_gate_slot_decisions_total{slot=\"current\",outcome=\"allow\"} 2"));
  Publish();
  EXPECT_TRUE(Shows("lineward_gate_decisions_total{outcome=\"allow\",reason=\"permitted\"} 2"));
  EXPECT_TRUE(Shows("lineward_gate_slot_decisions_total{slot=\"current\",outcome=\"allow\"} 2"));
  EXPECT_TRUE(Shows("lineward_gate_rule_matches_total{rule=\"p@1/all\",mode=\"enforce\"} 2"));
  EXPECT_TRUE(Shows("lineward_gate_release_age_seconds_sum{outcome=\"allow\"} 5"));
}

TEST_F(TallyTest, CountsNothingOfAnAbortedTransaction) {
  tally_.Count(Allowed(), kRecordMs);
  tally_.CountRemoved({.forged = 3, .replays = 1});
  tally_.CountBlock(SealTrigger::kDrain);
  *tally_.CpuOf(Stage::kSeal) += 2;
  tally_.Clear();
  Publish();
  EXPECT_TRUE(Shows("lineward_gate_slot_decisions_total{slot=\"current\",outcome=\"allow\"} 0"));
  EXPECT_TRUE(Shows("lineward_gate_headers_removed_total{kind=\"forged\"} 0"));
  EXPECT_TRUE(Shows("lineward_gate_blocks_sealed_total{trigger=\"drain\"} 0"));
  EXPECT_TRUE(Shows("lineward_gate_stage_cpu_seconds_total{stage=\"seal\"} 0"));
}

TEST_F(TallyTest, TellsABindingInShadowAndWhatShadowWouldHaveSaid) {
  decision::Decision refused = Allowed();
  refused.verdict.mode = policy::Mode::kShadow;
  refused.verdict.outcome = policy::Outcome::kBlock;
  refused.verdict.primary = policy::Reason::kRuleForbid;
  tally_.Count(refused, kRecordMs);
  Publish();
  EXPECT_TRUE(Shows("lineward_gate_slot_decisions_total{slot=\"shadow\",outcome=\"block\"} 1"));
  EXPECT_TRUE(Shows("lineward_gate_slot_decisions_total{slot=\"current\",outcome=\"block\"} 0"));
  EXPECT_TRUE(Shows("lineward_policy_shadow_differences_total{real=\"block\",shadow=\"allow\"} 1"));
  EXPECT_TRUE(Shows("lineward_gate_rule_matches_total{rule=\"p@1/all\",mode=\"shadow\"} 1"));
}

// A verdict lists eight of them; all count.
TEST_F(TallyTest, CountsEveryFailingRuleByItsEffect) {
  decision::Decision failed = Allowed();
  failed.verdict.errors_by_effect = {1, 9};
  tally_.Count(failed, kRecordMs);
  Publish();
  EXPECT_TRUE(Shows("lineward_policy_rule_errors_total{effect=\"permit\"} 1"));
  EXPECT_TRUE(Shows("lineward_policy_rule_errors_total{effect=\"forbid\"} 9"));
}

TEST_F(TallyTest, AddsRecordsOfOurTopics) {
  tally_.CountBlock(SealTrigger::kRows);
  tally_.CountBlock(SealTrigger::kCommit);
  tally_.CountKey();
  Publish();
  EXPECT_TRUE(Shows("lineward_gate_blocks_sealed_total{trigger=\"rows\"} 1"));
  EXPECT_TRUE(Shows("lineward_stream_records_produced_total{topic=\"lineward.decisions\"} 2"));
  EXPECT_TRUE(Shows("lineward_stream_records_produced_total{topic=\"lineward.keys\"} 1"));
}

}  // namespace
}  // namespace lineward::gate

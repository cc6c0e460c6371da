// Explanations against what the policy design says of each decision, worked out by hand: a world of
// one dataset that grants x-t:News, one model made from it, and one rule for all purposes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/src/explainer.h"
#include "lineward/base/status.h"
#include "lineward/control/follower.h"
#include "lineward/ledger/reasons.h"
#include "lineward/policy/reasons.h"
#include "lineward/stream/embedded.h"
#include "tests/support/control_writer.h"
#include "tests/support/memory_storage.h"

namespace lineward::ledger {
namespace {

using decision::Outcome;
using policy::Reason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kTimeMs = 1'772'366'400'000;
constexpr std::string_view kRule = "p@1/all";

decision::ReasonField Because(Reason reason, Outcome outcome, std::string_view rule = "") {
  return {static_cast<uint16_t>(reason), outcome, rule};
}

// Answers for the seq and the set of its one snapshot, and for no others.
class OneSnapshot final : public ReplayFacts {
 public:
  explicit OneSnapshot(std::shared_ptr<const control::ControlSnapshot> snapshot)
      : snapshot_(std::move(snapshot)) {}
  absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> At(
      uint64_t registry_seq, std::string_view set_id) const override {
    if (registry_seq == snapshot_->RegistrySeq() && set_id == snapshot_->PolicySetId()) {
      return snapshot_;
    }
    return base::NotFound(kReplayFactsAbsent, "not that one");
  }

 private:
  std::shared_ptr<const control::ControlSnapshot> snapshot_;
};

class ExplainerTest : public testing::Test {
 protected:
  // The effect of the one rule.
  void Publish(std::string_view effect) {
    transport_ = *stream::OpenEmbedded(disk_.Open(), {});
    support::ControlWriter writer(transport_.get());
    writer.CreateTopics("promotions", 1);
    writer.PublishRegistry();
    writer.PublishPolicies(effect);
    follower_ = *control::Follower::Start(transport_.get(), {}, nullptr, {});
    ASSERT_TRUE(follower_->WaitReady(absl::Seconds(30))) << follower_->NotReadyCause();
    snapshot_ = follower_->Snapshot();
    facts_ = std::make_unique<OneSnapshot>(snapshot_);
  }
  // A decision of an anonymous promotion of `model@1` on the surface `home`, as recorded.
  DecisionAnswer Recorded(std::string_view model, std::string_view purpose, Outcome outcome,
                          std::vector<decision::ReasonField> reasons,
                          std::vector<std::string_view> rules) const {
    DecisionAnswer answer;
    auto header = std::make_shared<decision::BlockHeader>();
    header->source = {"k1", "promotions", 0};
    header->decision_time_ms = kTimeMs;
    header->policy_set = snapshot_->Policies()->digest();
    answer.decision.header = std::move(header);
    decision::DecodedRow& row = answer.decision.row;
    row.run.registry_seq = snapshot_->RegistrySeq();
    row.verdict.outcome = outcome;
    row.verdict.mode = decision::Mode::kEnforce;
    row.verdict.reasons = std::move(reasons);
    row.verdict.rules = std::move(rules);
    row.model = {.recommender = "", .model = model, .version = "1", .weights = {}, .closure = {}};
    row.place.surface = "home";
    row.purpose = {.purpose = purpose, .consent = decision::kConsentAnonymous, .basis = 0};
    row.marks.flags = decision::kDigestOk;
    row.event_time_us = kTimeMs * 1'000;
    return answer;
  }
  Explanation Explain(DecisionAnswer answer) const {
    auto explained = ExplainDecision(std::move(answer), nullptr, facts_.get());
    EXPECT_TRUE(explained.ok()) << explained.status();
    return explained.ok() ? *std::move(explained) : Explanation();
  }

  support::MemoryDisk disk_;
  std::unique_ptr<stream::EmbeddedTransport> transport_;
  std::unique_ptr<control::Follower> follower_;
  std::shared_ptr<const control::ControlSnapshot> snapshot_;
  std::unique_ptr<OneSnapshot> facts_;
};

// `4 purpose refused` and so on.
std::vector<std::string> StepsOf(const Explanation& explanation) {
  std::vector<std::string> steps;
  for (const ExplainStep& step : explanation.steps) {
    steps.push_back(fmt::format("{} {} {}", step.number, step.name, step.result));
  }
  return steps;
}

TEST_F(ExplainerTest, AnAllowedDecisionPassesEachStepByItsPermit) {
  Publish("permit");
  const Explanation told =
      Explain(Recorded("ranker", "x-t:News", Outcome::kAllow,
                       {Because(Reason::kPermitted, Outcome::kAllow, kRule)}, {kRule}));
  EXPECT_THAT(StepsOf(told), ElementsAre("1 binding passed", "2 facts passed", "3 lineage passed",
                                         "4 purpose passed", "5 consent passed", "6 place passed",
                                         "7 breaker passed", "8 rules passed",
                                         "9 obligations passed", "11 mode passed"));
  ASSERT_EQ(told.rules.size(), 1u);
  EXPECT_EQ(told.rules[0].id, kRule);
  EXPECT_EQ(told.rules[0].effect, "permit");
  EXPECT_TRUE(told.rules[0].is_match);
  EXPECT_THAT(told.lineage_path, ElementsAre("ranker@1"));
  EXPECT_EQ(told.nearest_edit, "");
  EXPECT_TRUE(told.is_replay_equal) << told.differences[0];
}

TEST_F(ExplainerTest, APurposeThatTheDataDoesNotGrantLeadsToTheDataset) {
  Publish("permit");
  const Explanation told = Explain(Recorded("ranker", "x-t:Ads", Outcome::kBlock,
                                            {Because(Reason::kPurposeNotAllowed, Outcome::kBlock),
                                             Because(Reason::kPermitted, Outcome::kAllow, kRule)},
                                            {}));
  const std::vector<std::string> steps = StepsOf(told);
  ASSERT_GE(steps.size(), 8u);
  EXPECT_EQ(steps[3], "4 purpose refused");
  EXPECT_EQ(steps[7], "8 rules passed");
  EXPECT_EQ(steps[8], "9 obligations not reached");
  EXPECT_THAT(told.steps[3].detail, HasSubstr("`x-t:Ads`"));
  EXPECT_THAT(told.rules, IsEmpty()) << "no rule refused it";
  EXPECT_THAT(told.lineage_path, ElementsAre("ranker@1", "datasets/default/clicks"));
  EXPECT_EQ(told.nearest_edit,
            "grant `x-t:Ads` on `datasets/default/clicks` (needs approval), or train without that "
            "dataset");
  EXPECT_TRUE(told.is_replay_equal) << told.differences[0];
}

TEST_F(ExplainerTest, AnUnknownModelStopsAtItsLineage) {
  Publish("permit");
  const Explanation told =
      Explain(Recorded("nobody", "x-t:News", Outcome::kQuarantine,
                       {Because(Reason::kModelUnknown, Outcome::kQuarantine)}, {}));
  const std::vector<std::string> steps = StepsOf(told);
  ASSERT_GE(steps.size(), 3u);
  EXPECT_EQ(steps[1], "2 facts passed");
  EXPECT_EQ(steps[2], "3 lineage unknown");
  for (size_t i = 3; i < steps.size(); ++i) {
    EXPECT_THAT(steps[i], testing::Not(HasSubstr("purpose"))) << "nothing is judged after it";
  }
  EXPECT_THAT(told.lineage_path, IsEmpty());
  EXPECT_EQ(told.nearest_edit, "register `nobody@1`");
  EXPECT_TRUE(told.is_replay_equal) << told.differences[0];
}

TEST_F(ExplainerTest, AForbidIsNamedAsTheRuleThatDecided) {
  Publish("forbid");
  const Explanation told = Explain(Recorded("ranker", "x-t:News", Outcome::kBlock,
                                            {Because(Reason::kRuleForbid, Outcome::kBlock, kRule),
                                             Because(Reason::kDefaultDeny, Outcome::kBlock)},
                                            {kRule}));
  const std::vector<std::string> steps = StepsOf(told);
  ASSERT_GE(steps.size(), 8u);
  EXPECT_EQ(steps[3], "4 purpose passed");
  EXPECT_EQ(steps[7], "8 rules refused");
  ASSERT_EQ(told.rules.size(), 1u);
  EXPECT_EQ(told.rules[0].id, kRule);
  EXPECT_EQ(told.rules[0].effect, "forbid");
  EXPECT_THAT(told.lineage_path, ElementsAre("ranker@1"));
  EXPECT_TRUE(told.is_replay_equal) << told.differences[0];
}

TEST_F(ExplainerTest, ARecordThatTheFactsDoNotGiveAgainIsTold) {
  Publish("permit");
  const Explanation told =
      Explain(Recorded("ranker", "x-t:Ads", Outcome::kAllow,
                       {Because(Reason::kPermitted, Outcome::kAllow, kRule)}, {kRule}));
  EXPECT_FALSE(told.is_replay_equal);
  ASSERT_EQ(told.differences.size(), 3u);
  EXPECT_EQ(told.differences[0], "outcome: recorded `ALLOW`, now `BLOCK`");
  EXPECT_THAT(told.differences[1], HasSubstr("402 BLOCK"));
  EXPECT_EQ(told.differences[2], "rules: recorded `p@1/all;`, now ``");
}

TEST_F(ExplainerTest, WithoutTheWorldOfTheDecisionItSaysSo) {
  Publish("permit");
  DecisionAnswer later = Recorded("ranker", "x-t:News", Outcome::kAllow, {}, {});
  later.decision.row.run.registry_seq += 1;
  EXPECT_EQ(base::ReasonOf(ExplainDecision(later, nullptr, facts_.get()).status()),
            kReplayFactsAbsent);
  EXPECT_EQ(base::ReasonOf(ExplainDecision(later, nullptr, nullptr).status()), kReplayFactsAbsent);
}

}  // namespace
}  // namespace lineward::ledger

#include "policy/src/combine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <span>

namespace lineward::policy {
namespace {

using testing::ElementsAre;

class Contributions : public testing::Test {
 protected:
  std::vector<int> Codes() const {
    std::vector<int> codes;
    for (size_t i = 0; i < verdict.contribution_count; ++i) {
      codes.push_back(static_cast<int>(verdict.contributions[i].reason));
    }
    return codes;
  }
  Verdict verdict;
};

TEST_F(Contributions, AllowWhileThereAreNone) { EXPECT_EQ(OutcomeSoFar(verdict), Outcome::kAllow); }

TEST_F(Contributions, StandByOutcomeThenCodeThenRule) {
  Contribute(&verdict, Reason::kPermitted, Outcome::kAllow, 0);
  Contribute(&verdict, Reason::kRuleForbid, Outcome::kQuarantine, 1);
  Contribute(&verdict, Reason::kRuleForbid, Outcome::kBlock, 7);
  Contribute(&verdict, Reason::kRuleForbid, Outcome::kBlock, 3);
  Contribute(&verdict, Reason::kPurposeNotAllowed, Outcome::kBlock);
  EXPECT_THAT(Codes(), ElementsAre(402, 800, 800, 800, 0));
  EXPECT_EQ(verdict.contributions[1].rule, 3);
  EXPECT_EQ(verdict.contributions[2].rule, 7);
  EXPECT_EQ(OutcomeSoFar(verdict), Outcome::kBlock);
}

TEST_F(Contributions, PutNoRuleBeforeEveryRule) {
  Contribute(&verdict, Reason::kRuleForbid, Outcome::kBlock, 0);
  Contribute(&verdict, Reason::kRuleForbid, Outcome::kBlock, kNoRule);
  EXPECT_EQ(verdict.contributions[0].rule, kNoRule);
  EXPECT_EQ(verdict.contributions[1].rule, 0);
}

TEST_F(Contributions, AreTakenOnce) {
  for (int i = 0; i < 3; ++i) Contribute(&verdict, Reason::kPlaceUnknown, Outcome::kQuarantine);
  EXPECT_EQ(verdict.contribution_count, 1);
  EXPECT_EQ(verdict.contributions_more, 0);
}

TEST(RuleErrors, StandByRuleEachOnceTheFirst8) {
  Verdict verdict;
  for (RuleIndex rule : {5, 9, 5, 2}) AddError(&verdict, rule, Effect::kForbid);
  EXPECT_EQ(verdict.error_count, 3);
  EXPECT_THAT(std::span(verdict.errors).first(3), ElementsAre(2, 5, 9));
  for (RuleIndex rule : {20, 21, 22, 23, 24, 25, 1}) {
    AddError(&verdict, rule, Effect::kPermit);
  }
  EXPECT_EQ(verdict.error_count, kRuleErrorsMax);
  EXPECT_THAT(verdict.errors, ElementsAre(1, 2, 5, 9, 20, 21, 22, 23));
  EXPECT_EQ(verdict.errors_more, 2);
  EXPECT_THAT(verdict.errors_by_effect, ElementsAre(7, 3));
}

TEST_F(Contributions, KeepTheFirst16AndCountTheRest) {
  for (RuleIndex rule = 20; rule > 0; --rule) {
    Contribute(&verdict, Reason::kRuleForbid, Outcome::kBlock, rule);
  }
  EXPECT_EQ(verdict.contribution_count, kContributionsMax);
  EXPECT_EQ(verdict.contributions_more, 4);
  EXPECT_EQ(verdict.contributions[0].rule, 1);
  EXPECT_EQ(verdict.contributions[15].rule, 16);
}

TEST_F(Contributions, LetAMoreSevereOneInWhenAllPlacesAreTaken) {
  for (RuleIndex rule = 0; rule < 16; ++rule) {
    Contribute(&verdict, Reason::kPermitted, Outcome::kAllow, rule);
  }
  Contribute(&verdict, Reason::kRuleForbid, Outcome::kBlock, 40);
  EXPECT_EQ(OutcomeSoFar(verdict), Outcome::kBlock);
  EXPECT_EQ(verdict.contributions[0].rule, 40);
  EXPECT_EQ(verdict.contributions[15].rule, 14);
  EXPECT_EQ(verdict.contributions_more, 1);
}

TEST(DeterminingRules, KeepTheFirst32AndCountTheRest) {
  Verdict verdict;
  for (RuleIndex rule = 0; rule < 35; ++rule) AddRule(&verdict, rule);
  EXPECT_EQ(verdict.rule_count, 32);
  EXPECT_EQ(verdict.rules[31], 31);
  EXPECT_EQ(verdict.rules_more, 3);
}

class Merging : public testing::Test {
 protected:
  void Gather(Obligation obligation, int rank = -1) {
    InternedObligation& kept = interned_.emplace_back();
    kept.obligation = obligation;
    kept.json = ToJson(obligation);
    kept.label_order = rank < 0 ? -1 : 0;
    kept.label_rank = rank;
    for (const std::string& field : obligation.fields) kept.fields.Set(field[0] - size_t{'a'});
    gathered_.push_back(&kept);
  }
  static Obligation Of(ObligationType type) {
    Obligation obligation;
    obligation.type = type;
    return obligation;
  }
  static Obligation Seconds(ObligationType type, int64_t seconds) {
    Obligation obligation = Of(type);
    obligation.seconds = seconds;
    return obligation;
  }
  static Obligation Label(std::string value) {
    Obligation obligation = Of(ObligationType::kLabel);
    obligation.key = "k";
    obligation.value = std::move(value);
    return obligation;
  }
  Merged Merge() {
    no_train_.obligation = Of(ObligationType::kNoTrain);
    no_train_.json = ToJson(no_train_.obligation);
    gathered_.reserve(gathered_.size() + 1);
    return MergeObligations(&gathered_, &no_train_, &verdict_);
  }
  std::vector<std::string> Kept() const {
    std::vector<std::string> kept;
    for (size_t i = 0; i < verdict_.obligation_count; ++i) {
      kept.push_back(verdict_.obligations[i]->json);
    }
    return kept;
  }

  std::deque<InternedObligation> interned_;
  std::vector<const InternedObligation*> gathered_;
  InternedObligation no_train_;
  Verdict verdict_;
};

TEST_F(Merging, TakesTheShortestLifeTheLongestDelayTheFullestLog) {
  for (int64_t seconds : {60, 9, 30}) Gather(Seconds(ObligationType::kTtl, seconds));
  for (int64_t seconds : {60, 9, 30}) Gather(Seconds(ObligationType::kDelay, seconds));
  Obligation full = Of(ObligationType::kLog);
  full.is_full = true;
  Gather(Of(ObligationType::kLog));
  Gather(full);
  EXPECT_FALSE(Merge().has_conflict);
  EXPECT_THAT(Kept(),
              ElementsAre(R"({"level":"full","type":"log"})", R"({"seconds":60,"type":"delay"})",
                          R"({"seconds":9,"type":"ttl"})"));
}

TEST_F(Merging, UnitesTheFieldsToRedact) {
  Obligation redact = Of(ObligationType::kRedact);
  redact.fields = {"a", "c"};
  Gather(redact);
  redact.fields = {"b"};
  Gather(redact);
  Merge();
  EXPECT_EQ(Kept().size(), 1u);
  EXPECT_EQ(verdict_.redact_fields, base::BitSet256::First(3));
}

TEST_F(Merging, AddsNoTrainToWhatIsDegradedAndTellsEachOnce) {
  Gather(Of(ObligationType::kDegradeNonPersonalised));
  Gather(Of(ObligationType::kDegradeNonPersonalised));
  Gather(Of(ObligationType::kNoTrain));
  Merge();
  EXPECT_THAT(Kept(),
              ElementsAre(R"({"type":"degrade_non_personalised"})", R"({"type":"no_train"})"));
}

TEST_F(Merging, TakesTheStrictestLabelOfAnOrder) {
  Gather(Label("low"), 0);
  Gather(Label("high"), 1);
  EXPECT_FALSE(Merge().has_conflict);
  EXPECT_THAT(Kept(), ElementsAre(R"({"key":"k","type":"label","value":"high"})"));
}

TEST_F(Merging, DoubtsLabelsThatDifferWithoutAnOrder) {
  Gather(Label("low"), 0);
  Gather(Label("odd"));
  EXPECT_TRUE(Merge().has_conflict);
  EXPECT_EQ(Kept().size(), 2u);
}

TEST_F(Merging, TakesOneLabelTwiceAsOne) {
  Gather(Label("odd"));
  Gather(Label("odd"));
  EXPECT_FALSE(Merge().has_conflict);
  EXPECT_EQ(Kept().size(), 1u);
}

TEST_F(Merging, Holds16AndSaysIfThereAreMore) {
  const auto notify = [](int i) {
    Obligation obligation = Of(ObligationType::kNotify);
    obligation.channel = std::string(1, static_cast<char>('a' + i));
    return obligation;
  };
  for (int i = 0; i < 16; ++i) Gather(notify(i));
  EXPECT_FALSE(Merge().has_overflow);
  verdict_ = {};
  Gather(notify(16));
  EXPECT_TRUE(Merge().has_overflow);
  EXPECT_EQ(verdict_.obligation_count, 16);
}

}  // namespace
}  // namespace lineward::policy

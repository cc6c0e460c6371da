#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/policy/naive.h"
#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

using testing::ElementsAre;

TEST(Names, OfOutcomesModesGroundsAndSteps) {
  EXPECT_EQ(OutcomeName(Outcome::kQuarantine), "QUARANTINE");
  EXPECT_EQ(OutcomeOf("BLOCK"), Outcome::kBlock);
  EXPECT_EQ(OutcomeOf("block"), std::nullopt);
  EXPECT_EQ(OutcomeOf(""), std::nullopt);
  EXPECT_EQ(ModeName(Mode::kShadow), "SHADOW");
  EXPECT_EQ(GroundName(Ground::kSafety), "SAFETY");
  EXPECT_EQ(StepResultName(TraceStep::Result::kSkipped), "SKIPPED");
}

TEST(NameFacts, GivesTheIdsOfTheSet) {
  SmallCase small;
  small.model.lineage.allowed = small.Bits({"dpv:B", "dpv:D"});
  small.model.lineage.categories.Set(*small.set.Category("a.b"));
  small.model.lineage.labels.Set(*small.set.Label("l2"));
  small.model.lineage.basis[static_cast<size_t>(Basis::kContract)] = small.Bits({"dpv:D"});
  small.model.lineage.regions = {*small.set.Region("EU"), *small.set.Region("JP")};
  small.model.lineage.retain_until_us = 7;
  const NamedFacts named = NameFacts(small.set, small.facts);
  EXPECT_EQ(named.purpose, "dpv:D");
  EXPECT_EQ(named.subject_class, "adult");
  EXPECT_EQ(named.processing_place, "DE");
  ASSERT_TRUE(named.model.has_value());
  const NamedLineage& lineage = named.model->lineage;
  EXPECT_THAT(lineage.allowed, ElementsAre("dpv:B", "dpv:D"));
  EXPECT_THAT(lineage.categories, ElementsAre("a.b"));
  EXPECT_THAT(lineage.labels, ElementsAre("l2"));
  EXPECT_THAT(lineage.basis[1], ElementsAre("dpv:D"));
  EXPECT_THAT(lineage.regions, ElementsAre(ElementsAre("DE", "EU", "FR"), ElementsAre("JP")));
  EXPECT_EQ(lineage.retain_until_us, 7);
  EXPECT_FALSE(lineage.is_incomplete);
  EXPECT_FALSE(named.consent.has_value());
  EXPECT_FALSE(named.sources.has_value());
}

// The text of what is no string need not be kept with the facts.
TEST(NameFacts, WritesFieldsAsAnEventWould) {
  SmallCase small;
  for (const auto& [name, text] :
       {std::pair{"b", "true"}, std::pair{"d", "0.5"}, std::pair{"n", "-3"}, std::pair{"s", "x"},
        std::pair{"t", "2026-03-01T12:00:00.5Z"}}) {
    small.SetField(name, text);
    if (*name != 's') small.facts.fields[*small.set.EventFieldIndex(name)].text = "";
  }
  EXPECT_THAT(NameFacts(small.set, small.facts).fields,
              ElementsAre(std::pair("b", "true"), std::pair("d", "0.5"), std::pair("n", "-3"),
                          std::pair("s", "x"), std::pair("t", "2026-03-01T12:00:00.5Z")));
}

TEST(NameFacts, GivesWhatExpressionsReadOfAModel) {
  SmallCase small;
  EXPECT_EQ(NameFacts(small.set, small.facts).model->synthetic_share, std::nullopt);
  EXPECT_EQ(NameFacts(small.set, small.facts).model->trained_at_us, std::nullopt);
  small.model.has_synthetic_share = true;
  small.model.synthetic_share = 0.25;
  small.model.trained_at_us = 7;
  EXPECT_EQ(NameFacts(small.set, small.facts).model->synthetic_share, 0.25);
  EXPECT_EQ(NameFacts(small.set, small.facts).model->trained_at_us, 7);
}

TEST(NameFacts, LeavesOutWhatIsUnknown) {
  SmallCase small;
  small.facts.event_time_us = kAbsentTimeUs;
  small.facts.subject_class = SubjectClass::kUnknown;
  small.facts.subject_place = kUnknownPlace;
  small.facts.model = nullptr;
  const NamedFacts named = NameFacts(small.set, small.facts);
  EXPECT_EQ(named.event_time_us, std::nullopt);
  EXPECT_EQ(named.subject_class, std::nullopt);
  EXPECT_EQ(named.subject_place, "");
  EXPECT_FALSE(named.model.has_value());
}

TEST(NameFacts, SaysIncompleteOnlyIfItIsSoForEveryPurpose) {
  SmallCase small;
  small.model.lineage.incomplete = small.Bits({"dpv:B"});
  EXPECT_FALSE(NameFacts(small.set, small.facts).model->lineage.is_incomplete);
  small.model.lineage.incomplete = small.Bits({"dpv:A", "dpv:B", "dpv:C", "dpv:D"});
  EXPECT_TRUE(NameFacts(small.set, small.facts).model->lineage.is_incomplete);
}

TEST(NameVerdict, NamesRulesBindingAndObligations) {
  const SmallCase small(
      SmallFiles("- {id: no, effect: forbid, severity: quarantine}\n"
                 "- {id: ok, effect: permit, obligations: [{type: no_train}]}\n"));
  const NamedVerdict named = NameVerdict(small.set, small.Decide());
  EXPECT_EQ(named.binding, "home");
  EXPECT_EQ(named.outcome, Outcome::kQuarantine);
  EXPECT_THAT(named.rules, ElementsAre("p@1/no"));
  ASSERT_EQ(named.contributions.size(), 2u);
  EXPECT_EQ(named.contributions[0].rule, "p@1/no");
  EXPECT_EQ(named.contributions[1].rule, "p@1/ok");
  EXPECT_EQ(named.obligations, "[]");
}

}  // namespace
}  // namespace lineward::policy

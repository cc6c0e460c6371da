#include "policy/src/matches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

// One rule with a `match` beside a permit; whether it applies is seen in the verdict.
class Match {
 public:
  explicit Match(const std::string& effect, const std::string& match,
                 const std::string& key = "match")
      : small(SmallFiles("- {id: it, effect: " + effect + ", " + key + ": {" + match + "}}\n")) {}

  bool Applies() const {
    const Verdict verdict = small.Decide();
    for (size_t i = 0; i < verdict.contribution_count; ++i) {
      if (verdict.contributions[i].rule == 0) return true;
    }
    return false;
  }
  SmallCase small;
};

TEST(MatchPurpose, HoldsForItselfAndWhatIsBelow) {
  Match match("forbid", "purpose_under: [\"dpv:B\"]");
  for (auto [purpose, holds] :
       {std::pair{"dpv:A", false}, {"dpv:B", true}, {"dpv:C", false}, {"dpv:D", true}}) {
    match.small.facts.purpose = match.small.set.Purpose(purpose);
    EXPECT_EQ(match.Applies(), holds) << purpose;
  }
}

TEST(MatchProcessing, SeesServeAlwaysAndProfileOfAProfilingModel) {
  Match serve("forbid", "processing: [SERVE]");
  EXPECT_TRUE(serve.Applies());
  Match profile("forbid", "processing: [PROFILE, TRAIN]");
  EXPECT_FALSE(profile.Applies());
  profile.small.model.is_profiling = true;
  EXPECT_TRUE(profile.Applies());
}

TEST(MatchCategory, CountsModelAndSourcesTogether) {
  Match match("forbid", "data_category_under: [a]");
  EXPECT_FALSE(match.Applies());
  match.small.model.lineage.categories.Set(*match.small.set.Category("a.b"));
  EXPECT_TRUE(match.Applies());
  match.small.model.lineage.categories = {};
  SourceFacts sources = match.small.model.lineage;
  sources.categories.Set(*match.small.set.Category("a"));
  match.small.facts.sources = &sources;
  EXPECT_TRUE(match.Applies());
  sources.categories = {};
  sources.categories.Set(*match.small.set.Category("c"));
  EXPECT_FALSE(match.Applies());
}

TEST(MatchLabel, TakesAnyOfTheList) {
  Match match("forbid", "label: [l1, l2]");
  EXPECT_FALSE(match.Applies());
  match.small.model.lineage.labels.Set(*match.small.set.Label("l2"));
  EXPECT_TRUE(match.Applies());
}

TEST(MatchTenantAndSurface, AreExactAndAnAbsentTenantMatchesNothing) {
  Match match("forbid", "tenant: [n1], surface: [s1]");
  EXPECT_FALSE(match.Applies());
  match.small.facts.tenant = match.small.set.Tenant("n1");
  match.small.facts.surface = match.small.set.Surface("s1");
  EXPECT_TRUE(match.Applies());
  match.small.facts.surface = match.small.set.Surface("s2");
  EXPECT_FALSE(match.Applies());
}

TEST(MatchModel, TakesANameAVersionOrABeginning) {
  for (auto [text, holds] : {std::pair{"ranker", true},
                             {"ranker@2", true},
                             {"ranker@1", false},
                             {"\"rank*\"", true},
                             {"\"*\"", true},
                             {"rank", false},
                             {"\"ranker2*\"", false}}) {
    EXPECT_EQ(Match("forbid", std::string("model: [") + text + "]").Applies(), holds) << text;
  }
}

TEST(MatchClass, CountsAPersonWithoutIdAsAnonymousToo) {
  Match match("forbid", "subject_class: [anonymous]");
  EXPECT_FALSE(match.Applies());
  match.small.facts.has_subject = false;
  EXPECT_TRUE(match.Applies());
  Match adult("forbid", "subject_class: [adult]");
  adult.small.facts.has_subject = false;
  EXPECT_TRUE(adult.Applies());
}

// Unknown never helps: it matches where that refuses, and does not where that would permit.
struct UnknownCase {
  const char* match;
  void (*forget)(Facts*);
};

class Unknown : public testing::TestWithParam<UnknownCase> {
 protected:
  bool Applies(const char* effect, const char* key) const {
    Match match(effect, GetParam().match, key);
    GetParam().forget(&match.small.facts);
    return match.Applies();
  }
};

TEST_P(Unknown, MatchesInAForbidAndNotInAPermit) {
  EXPECT_TRUE(Applies("forbid", "match"));
  EXPECT_FALSE(Applies("permit", "match"));
}

TEST_P(Unknown, ExemptsFromAPermitAndNotFromAForbid) {
  EXPECT_TRUE(Applies("forbid", "unless"));
  EXPECT_FALSE(Applies("permit", "unless"));
}

INSTANTIATE_TEST_SUITE_P(
    All, Unknown,
    testing::Values(
        UnknownCase{"subject_class: [minor]",
                    [](Facts* f) { f->subject_class = SubjectClass::kUnknown; }},
        UnknownCase{"place_under: [US]", [](Facts* f) { f->subject_place = kUnknownPlace; }},
        UnknownCase{"place_under: [US]", [](Facts* f) { f->processing_place = kUnknownPlace; }},
        UnknownCase{"field: {n: {eq: 3}}", [](Facts*) {}},
        UnknownCase{"field: {d: {gt: 0.5}}", [](Facts*) {}},
        UnknownCase{"field: {s: {in: [x]}}", [](Facts*) {}}));

TEST(MatchPlace, TakesOnePlaceWhereItRefusesAndBothWhereItPermits) {
  for (auto [effect, key, holds] : {std::tuple{"forbid", "match", true},
                                    {"permit", "match", false},
                                    {"forbid", "unless", true},
                                    {"permit", "unless", false}}) {
    Match match(effect, "place_under: [US]", key);
    match.small.facts.subject_place = match.small.set.Place("US-CA");
    EXPECT_EQ(match.Applies(), holds) << effect << " " << key;
  }
}

TEST(MatchPlace, KnowsCountriesOutsideTheTree) {
  Match match("permit", "place_under: [JP]");
  EXPECT_FALSE(match.Applies());
  match.small.facts.subject_place = match.small.facts.processing_place =
      match.small.set.Place("JP");
  EXPECT_TRUE(match.Applies());
}

TEST(MatchField, ComparesByItsType) {
  for (auto [condition, name, text, holds] :
       {std::tuple{"n: {gte: 3}", "n", "3", true},
        {"n: {gt: 3}", "n", "3", false},
        {"n: {lt: -1}", "n", "-2", true},
        {"n: {lte: -2}", "n", "-2", true},
        {"n: {in: [3, 4]}", "n", "4", true},
        {"n: {in: [3, 4]}", "n", "5", false},
        {"n: {gte: 0, lt: 4}", "n", "4", false},
        {"d: {gt: 0.5}", "d", "0.50", false},
        {"d: {gt: 0.5}", "d", "0.51", true},
        {"b: {eq: false}", "b", "false", true},
        {"s: {eq: x}", "s", "x", true},
        {"s: {eq: x}", "s", "X", false},
        {"t: {lte: 2026-03-01T12:00:00Z}", "t", "2026-03-01T12:00:00.000001Z", false}}) {
    Match match("forbid", std::string("field: {") + condition + "}");
    match.small.SetField(name, text);
    EXPECT_EQ(match.Applies(), holds) << condition << " with " << text;
  }
}

TEST(Match, NeedsAllItsKeys) {
  Match match("forbid", "purpose_under: [\"dpv:B\"], subject_class: [minor]");
  EXPECT_FALSE(match.Applies());
  match.small.facts.subject_class = SubjectClass::kMinor;
  EXPECT_TRUE(match.Applies());
}

TEST(Unless, ExemptsOnlyWhenAllItsKeysHold) {
  Match match("forbid", "purpose_under: [\"dpv:B\"], subject_class: [minor]", "unless");
  EXPECT_TRUE(match.Applies());
  match.small.facts.subject_class = SubjectClass::kMinor;
  EXPECT_FALSE(match.Applies());
}

TEST(Window, OfARuleIsHalfOpen) {
  SmallCase small(
      SmallFiles("- {id: it, effect: permit, effective: {from: 2026-03-01T12:00:00Z, until: "
                 "2026-03-01T12:00:01Z}}\n"));
  for (auto [offset, outcome] : {std::pair{int64_t{-1}, Outcome::kBlock},
                                 {int64_t{0}, Outcome::kAllow},
                                 {int64_t{999'999}, Outcome::kAllow},
                                 {int64_t{1'000'000}, Outcome::kBlock}}) {
    small.facts.decision_time_us = small.facts.event_time_us = SmallCase::kNow + offset;
    EXPECT_EQ(small.Decide().outcome, outcome) << offset;
  }
}

}  // namespace
}  // namespace lineward::policy

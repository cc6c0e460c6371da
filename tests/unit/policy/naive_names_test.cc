#include "policy/src/naive_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy::naive {
namespace {

using testing::ElementsAre;

class Oracle : public testing::Test {
 protected:
  Source source = MustParse(SmallFiles());
};

TEST_F(Oracle, ResolvesEverySpellingOfAPurpose) {
  for (const char* text : {"dpv:D", "dpv:Old", "tcf:1", "http://w3id.org/dpv#D"}) {
    EXPECT_EQ(ResolvePurpose(source, text), "dpv:D") << text;
  }
  EXPECT_EQ(ResolvePurpose(source, "dpv:Gone"), std::nullopt);
}

TEST_F(Oracle, TakesAnAliasWithAProcessingInGrantsOnly) {
  EXPECT_EQ(ResolvePurpose(source, "tcf:2"), std::nullopt);
  const auto granted = ResolveGranted(source, "tcf:2");
  ASSERT_TRUE(granted.has_value());
  EXPECT_EQ(granted->first, "dpv:B");
  EXPECT_EQ(granted->second, Only(Processing::kTrain));
}

TEST_F(Oracle, WalksUpAndDown) {
  EXPECT_THAT(Below(source, "dpv:B"), ElementsAre("dpv:B", "dpv:D"));
  EXPECT_THAT(Above(source, "dpv:D"), ElementsAre("dpv:A", "dpv:B", "dpv:D"));
  EXPECT_TRUE(IsUnder(source, "dpv:D", "dpv:A"));
  EXPECT_FALSE(IsUnder(source, "dpv:C", "dpv:B"));
  EXPECT_TRUE(IsCategoryUnder(source, "a.b", "a"));
  EXPECT_FALSE(IsCategoryUnder(source, "a", "a.b"));
}

TEST_F(Oracle, KnowsPlacesOfTheTreeCountriesAndSubdivisions) {
  EXPECT_EQ(KnownPlace(source, "US-CA"), "US-CA");
  EXPECT_EQ(KnownPlace(source, "US-NY"), "US");
  EXPECT_EQ(KnownPlace(source, "JP"), "JP");
  EXPECT_EQ(KnownPlace(source, "Atlantis"), std::nullopt);
  EXPECT_THAT(*PlacesOf(source, "EU"), ElementsAre("DE", "EU", "FR"));
  EXPECT_EQ(PlacesOf(source, "US-NY"), std::nullopt) << "its country would be wider";
  EXPECT_TRUE(IsPlaceUnder(source, "DE", "EU"));
  EXPECT_FALSE(IsPlaceUnder(source, "JP", "EU"));
}

TEST_F(Oracle, LetsAProhibitionWinUpAndDown) {
  Declaration declaration;
  declaration.grants.emplace();
  declaration.grants->push_back({{"dpv:A"}, kAllProcessings, Basis::kContract});
  declaration.prohibits.push_back({{"dpv:D"}, kAllProcessings});
  const NamedLineage lineage = LineageOfModel(source, {{&declaration, {}}}, {}, 0);
  EXPECT_THAT(lineage.allowed, ElementsAre("dpv:C"));
}

TEST_F(Oracle, IsIncompleteWithoutInputs) {
  EXPECT_TRUE(LineageOfModel(source, {}, {}, 0).is_incomplete);
}

TEST_F(Oracle, LetsAWithdrawalUndoTheGrantBeforeIt) {
  const std::vector<NamedTransition> transitions = {
      {"dpv:A", ConsentChange::kGranted, 0, 0, 2}, {"dpv:B", ConsentChange::kWithdrawn, 10, 10, 2}};
  EXPECT_THAT(FoldConsent(source, transitions, 9, 9).granted,
              ElementsAre("dpv:A", "dpv:B", "dpv:C", "dpv:D"));
  const NamedConsent after = FoldConsent(source, transitions, 9, 10);
  EXPECT_THAT(after.granted, ElementsAre("dpv:C"));
  EXPECT_THAT(after.withdrawn, ElementsAre("dpv:A", "dpv:B", "dpv:D"));
}

}  // namespace
}  // namespace lineward::policy::naive

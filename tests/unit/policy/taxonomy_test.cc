#include "lineward/policy/taxonomy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/document/json.h"
#include "lineward/policy/findings.h"
#include "tests/unit/policy/builders.h"

namespace lineward::policy {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr int64_t kNow = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z
constexpr int64_t kDay = 86'400'000'000;
constexpr auto kTrain = static_cast<size_t>(Processing::kTrain);
constexpr auto kServe = static_cast<size_t>(Processing::kServe);

std::vector<std::string> Names(const Taxonomy& taxonomy, const base::BitSet256& set) {
  std::vector<std::string> names;
  set.ForEach([&](size_t bit) { names.emplace_back(taxonomy.id(bit)); });
  return names;
}

std::vector<std::string> TextsOf(const document::Json& list) {
  std::vector<std::string> texts;
  for (const document::Json& item : list.items()) texts.push_back(item.AsText());
  return texts;
}

Declaration Series(std::vector<Grant> grants) {
  Declaration declaration;
  declaration.name = "d";
  declaration.grants = std::move(grants);
  return declaration;
}

DatasetSets Effective(const Declaration& declaration, int64_t time_us = kNow,
                      std::vector<Restoration> restorations = {}) {
  static const Source source = PlainSource();
  return source.taxonomy->Effective({&declaration, std::move(restorations)}, time_us);
}

std::string FindingsOf(const std::string& body) {
  Findings findings;
  const auto source =
      Parse(std::vector<SourceFile>{File("Taxonomy", body), File("Vocabulary", "")}, &findings);
  EXPECT_FALSE(source.ok());
  return AllFindings(findings);
}

class Shipped : public testing::Test {
 protected:
  const Source source = PlainSource();
  const Taxonomy& taxonomy = *source.taxonomy;
  uint8_t Bit(std::string_view id) const { return *taxonomy.Purpose(id); }
};

TEST_F(Shipped, Has41Terms43EdgesAnd157ReflexiveAncestorPairs) {
  size_t pairs = 0;
  for (size_t bit = 0; bit < taxonomy.size(); ++bit) pairs += taxonomy.Up(bit).size();
  EXPECT_EQ(taxonomy.size(), 41u);
  EXPECT_EQ(taxonomy.edge_count(), 43u);
  EXPECT_EQ(pairs, 157u);
}

TEST_F(Shipped, PassesTheFiveChecksOfTheDesign) {
  LW_SHARED_DATA_OR_SKIP(path, "vectors/policy.json");
  const document::Json vectors = *document::ParseJson(support::ReadFile(path));
  const document::Json& checks = *vectors.Find("taxonomy")->Find("checks");
  ASSERT_EQ(checks.items().size(), 5u);
  for (const document::Json& check : checks.items()) {
    Declaration declaration = Series({{TextsOf(*check.Find("grants")), kAllProcessings}});
    declaration.prohibits = {{TextsOf(*check.Find("prohibits"))}};
    const base::BitSet256 allowed = Effective(declaration).allowed[kTrain];
    EXPECT_EQ(static_cast<int64_t>(allowed.size()), check.Find("count")->AsInt());
    EXPECT_EQ(Names(taxonomy, allowed), TextsOf(*check.Find("eff")));
  }
}

TEST_F(Shipped, ResolvesIdsOldNamesIrisAndAliases) {
  const uint8_t contextual = Bit("lw:ContextualRecommendation");
  EXPECT_EQ(taxonomy.Purpose("lw:ContextRecs"), contextual);
  EXPECT_EQ(taxonomy.Purpose("tcf:11"), contextual);
  EXPECT_EQ(taxonomy.Purpose("https://w3id.org/dpv#Marketing"), Bit("dpv:Marketing"));
  EXPECT_EQ(taxonomy.Purpose("http://w3id.org/dpv#Marketing"), Bit("dpv:Marketing"));
  EXPECT_EQ(taxonomy.Purpose("fides:marketing.communications.email"), Bit("dpv:DirectMarketing"));
}

TEST_F(Shipped, KnowsNothingElse) {
  for (std::string_view name :
       {"", "dpv:marketing", "Marketing", "fides:marketing.communications",
        "fides:marketing.communications.*", "tcf:12", "https://w3id.org/dpv#Nothing"}) {
    EXPECT_FALSE(taxonomy.Resolve(name).has_value()) << name;
  }
}

TEST_F(Shipped, TakesAnAliasWithAProcessingInGrantsOnly) {
  EXPECT_FALSE(taxonomy.Purpose("tcf:5").has_value());
  EXPECT_EQ(taxonomy.Resolve("tcf:5")->processing, Only(Processing::kProfile));
  const DatasetSets sets = Effective(Series({{{"tcf:5"}, kAllProcessings}}));
  EXPECT_EQ(sets.allowed[static_cast<size_t>(Processing::kProfile)].size(), 7u);
  EXPECT_TRUE(sets.allowed[kTrain].empty());
}

TEST_F(Shipped, KeepsAGrantToItsProcessing) {
  const DatasetSets sets = Effective(Series({{{"dpv:Marketing"}, Only(Processing::kTrain)}}));
  EXPECT_FALSE(sets.allowed[kTrain].empty());
  EXPECT_TRUE(sets.allowed[kServe].empty());
}

TEST_F(Shipped, DistinguishesNoGrantsFromUndeclared) {
  const DatasetSets nothing = Effective(Series({}));
  EXPECT_TRUE(nothing.allowed[kTrain].empty());
  EXPECT_TRUE(nothing.unknown.empty());
  Declaration undeclared;
  EXPECT_EQ(Effective(undeclared).allowed[kTrain].size(), 41u);
  EXPECT_EQ(Effective(undeclared).unknown.size(), 41u);
  undeclared.is_sourced = true;
  EXPECT_TRUE(Effective(undeclared).unknown.empty());
}

TEST_F(Shipped, KeepsWhatIsProhibitedOutOfAnUndeclaredSet) {
  Declaration undeclared;
  undeclared.prohibits = {{{"dpv:SellDataToThirdParties"}}};
  EXPECT_EQ(Effective(undeclared).allowed[kTrain].size(), 36u);
}

TEST_F(Shipped, MakesAnUnknownIdUnknownBesideTheKnownPart) {
  const DatasetSets sets = Effective(Series({{{"dpv:Marketing", "dpv:Gone"}}}));
  EXPECT_TRUE(sets.allowed[kTrain].Has(Bit("dpv:Marketing")));
  EXPECT_EQ(sets.unknown.size(), 41u);
}

TEST_F(Shipped, WithdrawsAPurposeWithWhatIsBelowAndAbove) {
  Declaration declaration = Series({{{"dpv:Purpose"}}});
  declaration.withdrawn = {{{"dpv:ServicePersonalisation"}, true, kNow}};
  const base::BitSet256 allowed = Effective(declaration).allowed[kTrain];
  EXPECT_FALSE(allowed.Has(Bit("dpv:ProvideProductRecommendations")));
  EXPECT_FALSE(allowed.Has(Bit("dpv:ServiceManagement")));
  EXPECT_TRUE(allowed.Has(Bit("dpv:PersonalisedAdvertising")));
}

TEST_F(Shipped, HoldsBetweenTheNearestTimeBoundaries) {
  Declaration declaration = Series({{{"dpv:Purpose"}}});
  declaration.withdrawn = {{{"dpv:Marketing"}, true, kNow}, {{}, true, kNow + kDay}};
  const DatasetSets before = Effective(declaration, kNow - 1);
  EXPECT_EQ(before.valid_until_us, kNow);
  EXPECT_EQ(before.allowed[kTrain].size(), 41u);
  const DatasetSets between = Effective(declaration, kNow);
  EXPECT_EQ(between.valid_from_us, kNow);
  EXPECT_EQ(between.valid_until_us, kNow + kDay);
  EXPECT_FALSE(between.is_revoked);
  EXPECT_TRUE(Effective(declaration, kNow + kDay).is_revoked);
}

TEST_F(Shipped, TaintsByAWithdrawalWithQuarantine) {
  Declaration declaration = Series({{{"dpv:Purpose"}}});
  declaration.withdrawn = {{{"dpv:Marketing"}, false, kNow}};
  const DatasetSets sets = Effective(declaration);
  EXPECT_EQ(sets.allowed[kTrain].size(), 41u);
  EXPECT_TRUE(sets.unknown.Has(Bit("dpv:Advertising")));
  EXPECT_FALSE(sets.unknown.Has(Bit("dpv:Verification")));
}

TEST_F(Shipped, EndsAtRetentionItself) {
  Declaration declaration = Series({{{"dpv:Purpose"}}});
  declaration.retain_until_us = kNow;
  const DatasetSets sets = Effective(declaration);
  EXPECT_EQ(sets.AllowedAt(Processing::kTrain, kNow - 1).size(), 41u);
  EXPECT_TRUE(sets.AllowedAt(Processing::kTrain, kNow).empty());
}

TEST_F(Shipped, RestoresSinglePurposesUntilTheEnd) {
  const Declaration declaration = Series({{{"dpv:Verification"}}});
  const Restoration restoration{{"dpv:Marketing"}, {}, kNow};
  EXPECT_TRUE(
      Effective(declaration, kNow - 1, {restoration}).allowed[kTrain].Has(Bit("dpv:Marketing")));
  EXPECT_FALSE(
      Effective(declaration, kNow - 1, {restoration}).allowed[kTrain].Has(Bit("dpv:Advertising")));
  EXPECT_FALSE(
      Effective(declaration, kNow, {restoration}).allowed[kTrain].Has(Bit("dpv:Marketing")));
}

TEST_F(Shipped, LimitsAVersionToWhatItIsRestrictedTo) {
  Declaration version;
  version.kind = Declaration::Kind::kDatasetVersion;
  EXPECT_EQ(Effective(version).allowed[kTrain].size(), 41u);
  version.restricted = {"dpv:ServicePersonalisation"};
  EXPECT_EQ(Effective(version).allowed[kTrain].size(), 7u);
  version.restricted.emplace();
  EXPECT_TRUE(Effective(version).allowed[kTrain].empty());
}

TEST_F(Shipped, SeesTheTaxonomyOfALaterVersionOnlyFromItOn) {
  const uint8_t service = Bit("dpv:ServicePersonalisation");
  const uint8_t contextual = Bit("lw:ContextualRecommendation");
  EXPECT_FALSE(taxonomy.DownIn(service, 2).Has(contextual));
  EXPECT_TRUE(taxonomy.DownIn(service, 3).Has(contextual));
  EXPECT_TRUE(taxonomy.DownIn(service, 0).Has(service));
  EXPECT_EQ(taxonomy.DownIn(service, 0).size(), 1u);
}

class CompatibleUse : public testing::Test {
 protected:
  const Source source = MustParse(
      WithTaxonomy({File("Vocabulary", ""),
                    File("Compatibility",
                         "edges:\n- {id: e, from: \"dpv:ServiceUsageAnalytics\", to: "
                         "\"dpv:ServicePersonalisation\", assessment: D-1, effective: {until: "
                         "2027-01-01T00:00:00Z}}\n")}));
  const uint8_t target = *source.taxonomy->Purpose("dpv:ServicePersonalisation");

  DatasetSets At(const Declaration& declaration, int64_t time_us = kNow) const {
    return source.taxonomy->Effective({&declaration, {}}, time_us);
  }
};

TEST_F(CompatibleUse, AddsExactlyItsTarget) {
  const DatasetSets sets =
      At(Series({{{"dpv:ServiceUsageAnalytics"}, kAllProcessings, Basis::kContract}}));
  EXPECT_THAT(Names(*source.taxonomy, sets.allowed[kTrain]),
              UnorderedElementsAre("dpv:ServiceUsageAnalytics", "dpv:ServicePersonalisation"));
  EXPECT_THAT(Names(*source.taxonomy, sets.compatible[kTrain]),
              UnorderedElementsAre("dpv:ServicePersonalisation"));
  EXPECT_THAT(sets.edges[kTrain], testing::ElementsAre(0));
  EXPECT_TRUE(sets.basis[kTrain][static_cast<size_t>(Basis::kContract)].Has(target));
}

TEST_F(CompatibleUse, NeedsItsSourceNamedLiterallyAndNotByConsent) {
  EXPECT_FALSE(At(Series({{{"dpv:ServiceMonitoring"}, kAllProcessings, Basis::kContract}}))
                   .allowed[kTrain]
                   .Has(target));
  EXPECT_FALSE(At(Series({{{"dpv:ServiceUsageAnalytics"}, kAllProcessings, Basis::kConsent}}))
                   .allowed[kTrain]
                   .Has(target));
}

TEST_F(CompatibleUse, EndsAndYieldsToAProhibition) {
  Declaration declaration =
      Series({{{"dpv:ServiceUsageAnalytics"}, kAllProcessings, Basis::kContract}});
  const int64_t end = *ParseTime("2027-01-01T00:00:00Z");
  EXPECT_EQ(At(declaration).valid_until_us, end);
  EXPECT_FALSE(At(declaration, end).allowed[kTrain].Has(target));
  declaration.prohibits = {{{"dpv:ProvideEventRecommendations"}}};
  EXPECT_FALSE(At(declaration).allowed[kTrain].Has(target));
}

TEST(TaxonomyFile, RefusesACycleAnUnknownParentASecondRootAndNoPurpose) {
  EXPECT_THAT(FindingsOf("version: 1\npurposes: [{id: \"dpv:A\"}, {id: \"dpv:B\", under: "
                         "[\"dpv:A\", \"dpv:C\"]}, {id: \"dpv:C\", under: [\"dpv:B\"]}]\n"),
              HasSubstr("LP104: a cycle"));
  EXPECT_THAT(FindingsOf("version: 1\npurposes: [{id: \"dpv:Abc\"}, {id: \"dpv:B\", under: "
                         "[\"dpv:Abd\"]}]\n"),
              HasSubstr("Taxonomy.yaml:4:29: LP104: purpose `dpv:B`: unknown parent `dpv:Abd` "
                        "(nearest: `dpv:Abc`, `dpv:B`)"));
  EXPECT_THAT(FindingsOf("version: 1\npurposes: [{id: \"dpv:A\"}, {id: \"dpv:B\"}]\n"),
              HasSubstr("LP104: a second root"));
  EXPECT_THAT(FindingsOf("version: 1\npurposes: []\n"), HasSubstr("LP104: no purpose"));
}

TEST(TaxonomyFile, RefusesAnAddedCycleInTheShippedOne) {
  std::string text = ShippedTaxonomy();
  const std::string root = "- {id: \"dpv:Purpose\"}";
  text.replace(text.find(root), root.size(),
               "- {id: \"dpv:Purpose\", under: [\"dpv:LegalCompliance\"]}");
  Findings findings;
  EXPECT_FALSE(
      Parse(std::vector<SourceFile>{{"t.yaml", text}, File("Vocabulary", "")}, &findings).ok());
  EXPECT_THAT(AllFindings(findings), HasSubstr("LP104: a cycle"));
}

std::string Chain(int count) {
  std::string body = "version: 1\npurposes:\n- {id: \"dpv:P0\"}\n";
  for (int i = 1; i < count; ++i) {
    body += "- {id: \"dpv:P" + std::to_string(i) + "\", under: [\"dpv:P0\"]}\n";
  }
  return body;
}

TEST(TaxonomyFile, Takes256PurposesAndRefusesOneMore) {
  const Source source = MustParse({File("Taxonomy", Chain(256)), File("Vocabulary", "")});
  EXPECT_EQ(source.taxonomy->size(), 256u);
  EXPECT_THAT(FindingsOf(Chain(257)), HasSubstr("LP110: 257 purposes, at most 256 are taken"));
}

}  // namespace
}  // namespace lineward::policy

// What is said of files that do not make a set.

#include "lineward/policy/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/policy/reasons.h"
#include "tests/unit/policy/builders.h"

namespace lineward::policy {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kRules =
    "policy: recs@1\n"
    "ruels: []\n"
    "rules:\n"
    "- {id: ok, effect: permit, match: {purpose_under: [\"dpv:Marketing\"], label: [blue],\n"
    "   data_category_under: [clicks], place_under: [atlantis], field: {age: {gt: 3}}},\n"
    "   explanation: \"{{event.age}}\"}\n";
constexpr std::string_view kVocabulary =
    "labels: [blue]\ndata_categories: {clicks: {}}\nplaces: {atlantis: {}}\n"
    "event_fields: {age: {type: int}}\n";

std::vector<std::string> FindingsOf(const std::vector<SourceFile>& files) {
  Findings findings;
  const absl::StatusOr<Source> source = Parse(files, &findings);
  EXPECT_EQ(base::ReasonOf(source.status()), kPolicySetInvalid);
  std::vector<std::string> texts;
  for (const Finding& finding : findings.Sorted()) texts.push_back(ToText(finding));
  return texts;
}

const std::string kUnknownKey =
    "Policy.yaml:4:1: LP101: a Policy has no key `ruels` (nearest: `rules`)";

TEST(Source, TellsAllFindingsWithoutTaxonomyAndVocabulary) {
  EXPECT_THAT(FindingsOf({File("Policy", kRules), File("Bindings", "bindigs: []\n")}),
              ElementsAre("LP101: no file of kind Taxonomy", "LP101: no file of kind Vocabulary",
                          "Bindings.yaml:1:1: LP101: key `bindings` is missing",
                          "Bindings.yaml:3:1: LP101: a Bindings has no key `bindigs` (nearest: "
                          "`bindings`)",
                          kUnknownKey));
}

TEST(Source, TakesNamesAsTheyStandWhereTheVocabularyIsAbsent) {
  EXPECT_THAT(FindingsOf(WithTaxonomy({File("Policy", kRules)})),
              ElementsAre("LP101: no file of kind Vocabulary", kUnknownKey));
}

TEST(Source, TakesPurposesAsTheyStandWhereTheTaxonomyIsWrong) {
  EXPECT_THAT(FindingsOf({File("Policy", kRules), File("Vocabulary", kVocabulary),
                          File("Taxonomy", "version: 1\npurposes: []\n")}),
              ElementsAre(kUnknownKey, "Taxonomy.yaml:1:1: LP104: no purpose at all"));
}

// The control: with both, names are looked up.
TEST(Source, LooksNamesUpInWhatIsThere) {
  EXPECT_THAT(
      FindingsOf(WithTaxonomy({File("Policy", kRules), File("Vocabulary", "")})),
      ElementsAre(kUnknownKey, "Policy.yaml:6:78: LP102: rule `recs@1/ok`: unknown label `blue`",
                  "Policy.yaml:7:26: LP102: rule `recs@1/ok`: unknown data category `clicks`",
                  "Policy.yaml:7:49: LP102: rule `recs@1/ok`: unknown place `atlantis`",
                  "Policy.yaml:7:68: LP102: rule `recs@1/ok`: unknown event field `age`",
                  "Policy.yaml:8:17: LP102: rule `recs@1/ok`: an explanation names the "
                  "unknown `event.age`"));
}

}  // namespace
}  // namespace lineward::policy

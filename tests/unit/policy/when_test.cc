#include "policy/src/when.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

using testing::HasSubstr;

// Findings about `when: <text>`, single-quoted: what stands in it once is at `5:34` and on.
std::string Of(std::string_view text) {
  std::string quoted;
  for (char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return FindingsIn(SmallFiles("- {id: it, effect: forbid, when: '" + quoted + "'}\n"));
}

std::string Finding(std::string_view rest) { return "Policy.yaml:5:" + std::string(rest) + "\n"; }

TEST(When, NamesFactsAndFunctionsOfPolicies) {
  for (const char* good :
       {"event.tenant + event.topic + event.surface + event.item == ''", "event.purpose == 'dpv:D'",
        "event.time <= decision_time", "event.b == true || !has(event.b)",
        "model.name + model.version == 'm1'", "'l1' in model.labels && model.profiling",
        "model.trained_at < decision_time && model.synthetic_share > 0.5",
        "has(model.trained_at) && has(model.synthetic_share)", "subject.class == 'minor'",
        "has(subject.place) && subject.place == processing_place",
        "purpose.under(event.purpose, 'tcf:1') && lineage.any('l2')",
        "consent('dpv:A') && in_region('EU') && in_region('JP')",
        "has(event.d) && event.d > 0.5 && has(event.s) && event.s.matches('^a+$')"}) {
    EXPECT_EQ(Of(good), good[0] == 'e' && good[6] == 'b'
                            ? Finding("35: LP108: rule `p@1/it`: `event.b` is optional and may be "
                                      "absent: write `has(event.b) && ...`")
                            : "")
        << good;
  }
}

TEST(When, IsAnExpressionOfTypeBool) {
  EXPECT_THAT(Of("event.n >"), HasSubstr("5:44: LP106: rule `p@1/it`: unexpected end"));
  EXPECT_THAT(Of("model.nam == 'x'"),
              HasSubstr("5:35: LP106: rule `p@1/it`: unknown name `model.nam` (nearest: "
                        "`model.name`"));
  EXPECT_THAT(Of("model.name"), HasSubstr("LP106: rule `p@1/it`: `when` is string, not bool"));
  EXPECT_THAT(Of("model.name > 3"), HasSubstr("LP106"));
  EXPECT_THAT(Of("now() > decision_time"), HasSubstr("LP106: rule `p@1/it`: unknown function"));
  EXPECT_THAT(Of("consent(1)"), HasSubstr("LP106"));
}

TEST(When, KeepsToTheProfile) {
  EXPECT_THAT(Of("dyn(1) == 1"), HasSubstr("LP107: rule `p@1/it`: `dyn` is not available"));
  EXPECT_THAT(Of("model.synthetic_share == 0.5"), HasSubstr("LP107"));
  EXPECT_THAT(Of("event.tenant.matches(event.topic)"),
              HasSubstr("LP107: rule `p@1/it`: the pattern of `matches` is a literal"));
  EXPECT_THAT(Of("event.tenant.matches('(')"),
              HasSubstr("LP109: rule `p@1/it`: `(` is no regular"));
}

TEST(When, GuardsOptionalFieldsAndTheSubjectsPlace) {
  EXPECT_EQ(Of("event.n > 3"), Finding("35: LP108: rule `p@1/it`: `event.n` is optional and may be "
                                       "absent: write `has(event.n) && ...`"));
  EXPECT_THAT(Of("subject.place == 'DE'"), HasSubstr("LP108: rule `p@1/it`: `subject.place` is"));
}

TEST(When, NamesOnlyWhatTheSetHas) {
  EXPECT_EQ(Of("purpose.under(event.purpose, 'dpv:d')"),
            Finding("64: LP102: rule `p@1/it`: unknown purpose `dpv:d` (nearest: `dpv:A`, `dpv:B`, "
                    "`dpv:C`)"));
  EXPECT_THAT(Of("consent('tcf:2')"),
              HasSubstr("LP102: rule `p@1/it`: alias `tcf:2` names a processing: it stands only in "
                        "grants"));
  EXPECT_THAT(Of("lineage.any('l3')"),
              HasSubstr("LP102: rule `p@1/it`: unknown label `l3` (nearest: `l1`, `l2`)"));
  EXPECT_THAT(Of("in_region('EV')"), HasSubstr("LP102: rule `p@1/it`: unknown place `EV`"));
  EXPECT_THAT(Of("in_region('US-NY')"), HasSubstr("LP102"));
}

TEST(When, TellsEveryMistakeAtItsPlace) {
  EXPECT_THAT(
      Of("lineage.any('l3') || in_region('XX') || event.n > 3"),
      testing::AllOf(HasSubstr("5:47: LP102"), HasSubstr("5:68: LP102"), HasSubstr("5:79: LP108")));
  EXPECT_THAT(FindingsIn(SmallFiles(
                  "- id: it\n  effect: forbid\n  when: >\n    true &&\n    lineage.any('l3')\n")),
              HasSubstr("Policy.yaml:9:17: LP102: rule `p@1/it`: unknown label"));
}

// Without a vocabulary every name would seem wrong.
TEST(When, IsOnlyParsedWhereTheVocabularyIsWrong) {
  std::vector<SourceFile> files =
      SmallFiles("- {id: it, effect: forbid, when: 'event.x > 3 && lineage.any(\"y\")'}\n");
  files[1].bytes += "lables: [l1]\n";
  EXPECT_THAT(FindingsIn(files), testing::Not(HasSubstr("rule `p@1/it`")));
  files[2].bytes += "- {id: other, effect: forbid, when: 'event.x >'}\n";
  EXPECT_THAT(FindingsIn(files), HasSubstr("LP106: rule `p@1/other`"));
}

TEST(When, IsReadAgainFromCanonicalBytes) {
  const Source source = MustParse(SmallFiles("- {id: it, effect: forbid, when: 'true'}\n"));
  Findings findings;
  const auto again = ParseCanonical(source.canonical, &findings);
  ASSERT_TRUE(again.ok()) << AllFindings(findings);
  EXPECT_NE(again->policies[0].rules[0].expression, nullptr);
  std::string bad = source.canonical;
  bad.replace(bad.find("\"when\":\"true\""), 13, "\"when\":\"trux\"");
  EXPECT_FALSE(ParseCanonical(bad, &findings).ok());
}

TEST(EnvOf, PutsTheDeclaredFieldsBehindTheVariablesOfEverySet) {
  const Source source = MustParse(SmallFiles());
  const cel::Env env = when::EnvOf(source.vocabulary);
  ASSERT_EQ(env.variables.size(), when::kFirstField + 5u);
  EXPECT_EQ(env.variables[when::kDecisionTime].name, "decision_time");
  EXPECT_EQ(env.variables[when::kFirstField].name, "event.b");
  EXPECT_TRUE(env.variables[when::kFirstField].is_optional);
  EXPECT_TRUE(env.variables[when::kSubjectPlace].is_optional);
  EXPECT_FALSE(env.variables[when::kModelTrainedAt].is_optional);
  EXPECT_EQ(env.functions[when::kInRegion].name, "in_region");
}

}  // namespace
}  // namespace lineward::policy

#include "lineward/policy/tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/policy/example.h"

namespace lineward::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TestReport RunAll(const std::vector<SourceFile>& files, std::string_view filter = "") {
  Findings findings;
  const auto source = Parse(files, &findings);
  EXPECT_TRUE(source.ok()) << AllFindings(findings);
  const auto report = RunTests(*source, filter, &findings);
  EXPECT_TRUE(report.ok()) << AllFindings(findings);
  EXPECT_EQ(AllFindings(findings), "");
  return report.ok() ? *report : TestReport{};
}

std::string Failures(const TestReport& report) {
  std::string text;
  for (const TestResult& result : report.results) {
    for (const std::string& failure : result.failures) text += result.name + ": " + failure + "\n";
  }
  return text;
}

// One case after the example's defaults.
std::string Case(std::string_view body) {
  const std::string tests(kExampleTests);
  return tests.substr(0, tests.find("cases:")) + "cases:\n- {name: it, " + std::string(body) +
         "}\n";
}

std::string FindingsOf(std::string_view body) {
  Findings findings;
  const auto source = Parse(ExampleFiles(Case(body)), &findings);
  if (source.ok()) RunTests(*source, "", &findings).IgnoreError();
  return AllFindings(findings);
}

// Fails if one of the case's expectations does not hold; shows what did not.
std::string Outcome(std::string_view body) { return Failures(RunAll(ExampleFiles(Case(body)))); }

TEST(WorkedExample, PassesEachOfItsCases) {
  const TestReport report = RunAll(ExampleFiles());
  EXPECT_EQ(report.passed, 7u);
  EXPECT_EQ(Failures(report), "");
}

TEST(WorkedExample, FailsACaseThatExpectsOtherwise) {
  const TestReport report =
      RunAll(ExampleFiles(Case("expect: {outcome: BLOCK, rules: [], binding: home-feed}")));
  EXPECT_EQ(report.failed, 1u);
  EXPECT_THAT(report.results[0].failures,
              ElementsAre("outcome: expected BLOCK, got ALLOW (PERMITTED)",
                          "rules: expected [], got [recs-ok]"));
}

TEST(ShippedPolicies, LoadAndPassTheirTests) {
  std::vector<SourceFile> files;
  const std::filesystem::path folder =
      std::filesystem::path(LINEWARD_SOURCE_DIR) / "config" / "policies";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back({entry.path().filename().string(), support::ReadFile(entry.path().string())});
  }
  const TestReport report = RunAll(files);
  EXPECT_GE(report.passed, 20u);
  EXPECT_EQ(Failures(report), "");
}

TEST(Tests, ExpandAMatrixToItsProduct) {
  const TestReport report = RunAll(ExampleFiles(
      Case("matrix: {subject.class: [adult, minor], subject.place: [DE, FR, US]}, expect: {}")));
  EXPECT_EQ(report.results.size(), 6u);
  EXPECT_EQ(report.results[0].name, "it [subject.class=adult] [subject.place=DE]");
}

TEST(Tests, RemoveWhatTheDefaultsGave) {
  EXPECT_EQ(Outcome("remove: [event.fields.sponsored], expect: {outcome: QUARANTINE, reason: "
                    "FACT_MISSING, reasons: [FACT_MISSING]}"),
            "");
}

TEST(Tests, RunOnlyWhatTheFilterNames) {
  EXPECT_EQ(RunAll(ExampleFiles(), "*:min*").results.size(), 1u);
  EXPECT_EQ(RunAll(ExampleFiles(), "Tests.yaml:a?ult").results.size(), 1u);
  EXPECT_EQ(RunAll(ExampleFiles(), "nothing").results.size(), 0u);
}

TEST(Tests, ReportWhatIsWrongWithACase) {
  EXPECT_THAT(FindingsOf("expect: {outcom: BLOCK}"),
              HasSubstr("LP101: `expect` has no key `outcom` (nearest: `outcome`)"));
  EXPECT_THAT(FindingsOf("expect: {}, model: {eff: [\"dpv:Advertisng\"]}"),
              HasSubstr("LP102: unknown purpose `dpv:Advertisng` (nearest: `dpv:Advertising`)"));
  EXPECT_THAT(FindingsOf("expect: {}, use: {binding: home-fed}"),
              HasSubstr("LP102: unknown binding `home-fed`"));
  EXPECT_THAT(FindingsOf("expect: {}, overrides: [{id: x}]"), HasSubstr("not supported yet"));
  EXPECT_THAT(FindingsOf("expect: {}, datasets: {d: {grants: [{purposes: [\"dpv:Purpose\"]}]}}, "
                         "model: {inputs: [d]}, remove: [model.eff, model.regions, model.basis, "
                         "model.categories]"),
              HasSubstr("key `basis` is missing"));
}

TEST(Tests, WarnOfAGrantBelowAProhibition) {
  EXPECT_THAT(
      FindingsOf("expect: {}, remove: [model.eff, model.regions, model.basis, model.categories], "
                 "datasets: {d: {grants: [{purposes: [\"dpv:Advertising\"], basis: contract}], "
                 "prohibits: [{purposes: [\"dpv:Marketing\"]}]}}, model: {inputs: [d]}"),
      HasSubstr("warning LP216"));
}

// --- edge cases of the design, one line each ---

constexpr std::string_view kGraph =
    "remove: [model.eff, model.regions, model.basis, model.categories], ";

std::string Graph(const std::string& body) { return Outcome(std::string(kGraph) + body); }

TEST(Purpose, ExactChildGrandchildSiblingAndParentOfTheAllowed) {
  EXPECT_EQ(Outcome("model: {eff: [\"dpv:ProvideProductRecommendations\"]}, expect: {outcome: "
                    "ALLOW}"),
            "");
  EXPECT_EQ(Outcome("model: {eff: [\"dpv:Purpose\"]}, expect: {outcome: ALLOW}"), "");
  EXPECT_EQ(Outcome("model: {eff: [\"dpv:ProvideEventRecommendations\"]}, expect: {reason: "
                    "PURPOSE_NOT_ALLOWED}"),
            "");
  EXPECT_EQ(Outcome("event: {purpose: \"dpv:ProvidePersonalisedRecommendations\"}, model: {eff: "
                    "[\"dpv:ProvideProductRecommendations\"]}, expect: {reason: "
                    "PURPOSE_NOT_ALLOWED}"),
            "");
}

TEST(Purpose, OutsideTheSurfaceUnknownAliasAndOldName) {
  EXPECT_EQ(Outcome("event: {purpose: \"dpv:ServicePersonalisation\"}, expect: {outcome: BLOCK, "
                    "reason: PURPOSE_NOT_FOR_SURFACE}"),
            "");
  EXPECT_EQ(Outcome("event: {purpose: \"dpv:Nothing\"}, expect: {outcome: QUARANTINE, reasons: "
                    "[PURPOSE_UNKNOWN]}"),
            "");
  EXPECT_EQ(Outcome("event: {purpose: \"tcf:5\"}, expect: {reason: PURPOSE_UNKNOWN}"), "");
  EXPECT_EQ(Outcome("event: {purpose: \"tcf:6\"}, expect: {outcome: ALLOW}"), "");
}

TEST(Lineage, TwoDatasetsWithDisjointSetsBlock) {
  EXPECT_EQ(Graph("datasets: {a: {grants: [{purposes: [\"dpv:ServicePersonalisation\"], basis: "
                  "contract}]}, b: {grants: [{purposes: [\"dpv:Marketing\"], basis: contract}]}}, "
                  "model: {inputs: [a, b]}, expect: {outcome: BLOCK, reasons: "
                  "[PURPOSE_NOT_ALLOWED]}"),
            "");
}

TEST(Lineage, AnUnknownInputNoInputAndACycleAreIncomplete) {
  const std::string expect = "expect: {outcome: QUARANTINE, reasons: [LINEAGE_INCOMPLETE]}";
  EXPECT_EQ(Graph("model: {inputs: [gone]}, " + expect), "");
  EXPECT_EQ(Graph("model: {inputs: []}, " + expect), "");
  const std::string data =
      "datasets: {a: {grants: [{purposes: [\"dpv:Purpose\"], basis: contract}]}}, ";
  EXPECT_EQ(Graph(data +
                  "models: {p: {inputs: [a], parents: [q]}, q: {inputs: [a], parents: "
                  "[p]}}, model: {inputs: [a], parents: [p]}, " +
                  expect),
            "");
  EXPECT_EQ(Graph(data + "models: {p: {inputs: [a]}}, model: {inputs: [a], parents: [p]}, expect: "
                         "{outcome: ALLOW}"),
            "");
}

TEST(Lineage, ARevokedParentAndAWithdrawnInputRevoke) {
  const std::string data =
      "datasets: {a: {grants: [{purposes: [\"dpv:Purpose\"], basis: contract}]}, w: {grants: "
      "[{purposes: [\"dpv:Purpose\"], basis: contract}], withdrawn: true}}, ";
  EXPECT_EQ(Graph(data + "models: {p: {inputs: [a], revoked: true}}, model: {inputs: [a], parents: "
                         "[p]}, expect: {outcome: BLOCK, reasons: [MODEL_REVOKED]}"),
            "");
  EXPECT_EQ(Graph(data + "model: {inputs: [a, w]}, expect: {outcome: BLOCK, reasons: "
                         "[MODEL_REVOKED]}"),
            "");
}

TEST(Lineage, AReclassificationEndsAtItsEndAndIsForItsModelAlone) {
  const std::string data =
      "datasets: {a: {grants: [{purposes: [\"dpv:Marketing\"], basis: contract}]}}, ";
  const auto model = [&](const std::string& of, const std::string& until) {
    return data + "model: {name: m, inputs: [a], reclassifications: [{dataset: a, model: " + of +
           ", restore: [\"dpv:ProvideProductRecommendations\"], until: " + until + "}]}, ";
  };
  EXPECT_EQ(Graph(model("m", "2026-03-01T12:00:01Z") + "expect: {outcome: ALLOW}"), "");
  EXPECT_EQ(Graph(model("m", "2026-03-01T12:00:00Z") + "expect: {reason: PURPOSE_NOT_ALLOWED}"),
            "");
  EXPECT_EQ(Graph(model("other", "2027-01-01T00:00:00Z") + "expect: {reason: PURPOSE_NOT_ALLOWED}"),
            "");
}

TEST(Lineage, AServeTimeSourceMayBeStricterThanTheModel) {
  const std::string data =
      "datasets: {s: {grants: [{purposes: [\"dpv:Purpose\"], processing: [TRAIN], basis: "
      "contract}]}}, ";
  EXPECT_EQ(Outcome(data + "sources: [s], expect: {outcome: BLOCK, reason: PURPOSE_NOT_ALLOWED}"),
            "");
  EXPECT_EQ(Outcome("sources: [{eff: [\"dpv:Purpose\"]}], expect: {outcome: ALLOW}"), "");
  EXPECT_EQ(Outcome("sources: [gone], expect: {outcome: QUARANTINE, reason: LINEAGE_INCOMPLETE}"),
            "");
}

TEST(Lineage, ForeignWeightsAreQuarantined) {
  EXPECT_EQ(Outcome("model: {digest_ok: false}, expect: {outcome: QUARANTINE, reasons: "
                    "[DIGEST_MISMATCH]}"),
            "");
}

TEST(Time, RetentionEndsAtItsInstant) {
  EXPECT_EQ(Outcome("model: {retain_until: 2026-03-01T12:00:00Z}, expect: {outcome: BLOCK, "
                    "reasons: [RETENTION_EXPIRED]}"),
            "");
  EXPECT_EQ(Outcome("model: {retain_until: \"2026-03-01T12:00:00.000001Z\"}, expect: {outcome: "
                    "ALLOW}"),
            "");
}

TEST(Time, BoundsOfTheEventTimeAreInclusive) {
  EXPECT_EQ(Outcome("decision_time: 2026-03-01T11:55:00Z, expect: {outcome: ALLOW}"), "");
  EXPECT_EQ(Outcome("decision_time: \"2026-03-01T11:54:59.999999Z\", expect: {outcome: QUARANTINE, "
                    "reason: FACT_OUT_OF_RANGE}"),
            "");
}

TEST(ConsentStep, TellsEachOfItsReasons) {
  EXPECT_EQ(Outcome("consent: {granted: []}, expect: {reason: CONSENT_MISSING}"), "");
  EXPECT_EQ(Outcome("consent: unknown, expect: {outcome: QUARANTINE, reasons: [CONSENT_UNKNOWN]}"),
            "");
  EXPECT_EQ(Outcome("consent: {age_ms: 5001}, expect: {outcome: QUARANTINE, reasons: "
                    "[CONSENT_STALE]}"),
            "");
  EXPECT_EQ(Outcome("consent: {age_ms: 5000}, expect: {outcome: ALLOW}"), "");
  EXPECT_EQ(Outcome("consent: {erased: true}, expect: {outcome: BLOCK, reasons: [SUBJECT_ERASED]}"),
            "");
  EXPECT_EQ(Outcome("consent: {erased: true, age_ms: 6000}, expect: {outcome: BLOCK, reasons: "
                    "[SUBJECT_ERASED, CONSENT_STALE]}"),
            "");
  EXPECT_EQ(Outcome("consent: {reaches_back_to: \"2026-03-01T12:00:00.000001Z\"}, expect: "
                    "{outcome: QUARANTINE, reasons: [CONSENT_UNKNOWN]}"),
            "");
  EXPECT_EQ(Outcome("subject: {anonymous: true}, expect: {outcome: BLOCK, reason: "
                    "CONSENT_MISSING}"),
            "");
}

TEST(ConsentStep, ReadsTransitionsOfBothTracks) {
  EXPECT_EQ(Outcome("remove: [consent.granted], consent: {transitions: [{purpose: "
                    "\"dpv:ServicePersonalisation\", state: granted, effective_at: "
                    "2026-01-01T00:00:00Z, taxonomy_version: 3}]}, expect: {outcome: ALLOW}"),
            "");
  EXPECT_EQ(Outcome("remove: [consent.granted], consent: {transitions: [{purpose: "
                    "\"dpv:ServicePersonalisation\", state: granted, effective_at: "
                    "2026-01-01T00:00:00Z}, {purpose: \"dpv:ProvideProductRecommendations\", "
                    "state: withdrawn, effective_at: 2026-02-01T00:00:00Z}]}, expect: {reason: "
                    "CONSENT_WITHDRAWN}"),
            "");
}

TEST(PlaceStep, RefusesWhatNoRegionAllowsAndDoubtsAnUnknownPlace) {
  EXPECT_EQ(Outcome("processing_place: US, expect: {outcome: BLOCK, reason: TRANSFER_FORBIDDEN}"),
            "");
  EXPECT_EQ(Outcome("processing_place: Atlantis, expect: {outcome: QUARANTINE, reason: "
                    "PLACE_UNKNOWN}"),
            "");
  EXPECT_EQ(Outcome("model: {regions: []}, expect: {outcome: BLOCK, reason: TRANSFER_FORBIDDEN}"),
            "");
  EXPECT_EQ(Outcome("model: {regions: [US-NY]}, expect: {outcome: QUARANTINE, reason: "
                    "LINEAGE_INCOMPLETE}"),
            "");
  EXPECT_EQ(Outcome("processing_place: DE-BY, expect: {outcome: ALLOW}"), "");
  EXPECT_EQ(Outcome("remove: [model.regions], processing_place: JP, expect: {outcome: ALLOW}"), "");
}

TEST(RuleStep, TakesAnUnknownPlaceForAForbidsPlaceAndAnUnknownClassForItsClass) {
  EXPECT_EQ(
      Outcome("subject: {place: \"\"}, processing_place: \"\", remove: [model.regions], model: "
              "{categories: [special.health]}, expect: {rules: [no-special-in-eu]}"),
      "");
  EXPECT_EQ(Outcome("subject: {class: unknown}, expect: {outcome: BLOCK, reasons: [RULE_FORBID, "
                    "DEFAULT_DENY], rules: [minors-no-profiling]}"),
            "");
  EXPECT_EQ(Outcome("model: {categories: [special.health], labels: [licensed]}, expect: {outcome: "
                    "ALLOW}"),
            "");
}

// Of the example's rule: `model.synthetic_share > 0.3 || (has(event.rank) && ...)`.
TEST(RulesStep, JudgesTheConditionOfTheWorkedExample) {
  EXPECT_EQ(Outcome("model: {synthetic_share: 0.3}, expect: {outcome: ALLOW, errors: []}"), "");
  EXPECT_EQ(Outcome("model: {trained_at: 2026-01-01T00:00:00Z}, expect: {outcome: ALLOW}"), "");
  const std::string old = "model: {trained_at: 2026-01-01T00:00:00Z}, event: {fields: {rank: ";
  EXPECT_EQ(Outcome(old + "3}}, expect: {outcome: QUARANTINE, rules: [stale-or-synthetic]}"), "");
  EXPECT_EQ(Outcome(old + "4}}, expect: {outcome: ALLOW}"), "");
  EXPECT_EQ(Outcome(old + "x}}, expect: {outcome: ALLOW}"), "");
}

TEST(RulesStep, TakesAnAbsentModelFactForAnErrorOfTheRule) {
  EXPECT_EQ(Outcome("remove: [model.synthetic_share], expect: {outcome: QUARANTINE, reasons: "
                    "[RULE_ERROR], rules: [stale-or-synthetic], errors: [stale-or-synthetic]}"),
            "");
  // The other side of `||` decides without it.
  EXPECT_EQ(Outcome("remove: [model.synthetic_share], model: {trained_at: 2026-01-01T00:00:00Z}, "
                    "event: {fields: {rank: 1}}, expect: {outcome: QUARANTINE, reasons: "
                    "[RULE_FORBID], errors: []}"),
            "");
  EXPECT_EQ(Outcome("remove: [model.trained_at], expect: {outcome: ALLOW, errors: []}"), "");
}

TEST(BreakerStep, RefusesDegradesOrIsUnavailable) {
  EXPECT_EQ(Outcome("breaker: {outcome: BLOCK}, expect: {outcome: BLOCK, reason: BREAKER_OPEN}"),
            "");
  EXPECT_EQ(Outcome("breaker: unavailable, expect: {outcome: QUARANTINE, reason: "
                    "ENGINE_UNAVAILABLE}"),
            "");
  EXPECT_EQ(Outcome("breaker: {obligations: [{type: degrade_non_personalised}]}, expect: {outcome: "
                    "ALLOW, obligations: [{type: degrade_non_personalised}, {type: no_train}, "
                    "{type: ttl, seconds: 86400}]}"),
            "");
}

TEST(ObligationStep, RefusesWhatTheServingStackCannotDo) {
  EXPECT_EQ(Outcome("breaker: {obligations: [{type: delay, seconds: 3}]}, expect: {outcome: BLOCK, "
                    "reasons: [OBLIGATION_UNSUPPORTED], rules: [], obligations: []}"),
            "");
}

TEST(ObligationStep, TakesTheStricterOfEachAndDoubtsADifferenceWithoutOrder) {
  const std::string ours =
      "{type: ttl, seconds: 60}, {type: ttl, seconds: 90000}, "
      "{type: label, key: disclosure, value: full}, "
      "{type: label, key: disclosure, value: short}";
  EXPECT_EQ(Outcome("breaker: {obligations: [" + ours +
                    "]}, expect: {outcome: ALLOW, obligations: [{type: ttl, seconds: 60}, {type: "
                    "label, key: disclosure, value: full}]}"),
            "");
  EXPECT_EQ(Outcome("breaker: {obligations: [{type: label, key: k, value: a}, {type: label, key: "
                    "k, value: b}]}, expect: {outcome: QUARANTINE, reasons: "
                    "[OBLIGATION_CONFLICT]}"),
            "");
}

TEST(BindingStep, QuarantinesWhatNoBindingSelects) {
  EXPECT_EQ(Outcome("event: {surface: elsewhere}, expect: {outcome: QUARANTINE, reasons: "
                    "[NO_BINDING], binding: \"\"}"),
            "");
}

TEST(Tests, KnowAMalformedEvent) {
  EXPECT_EQ(Outcome("malformed: true, expect: {outcome: QUARANTINE, reasons: [MALFORMED]}"), "");
}

TEST(Check, GivesTheSetIdOnlyIfAllIsWell) {
  const std::vector<SourceFile> good = ExampleFiles();
  EXPECT_EQ(Check(good).set_id, MustParse(good).id);
  EXPECT_EQ(Check(good).tests, 7u);
  const CheckReport bad = Check(ExampleFiles(Case("expect: {outcom: BLOCK}")));
  EXPECT_EQ(bad.set_id, "");
  EXPECT_TRUE(bad.findings.has_errors());
}

TEST(ListPurposes, TellsParentsAliasesAndWhatIsBelow) {
  const std::vector<PurposeRow> rows = ListPurposes(PlainSource());
  ASSERT_EQ(rows.size(), 41u);
  const auto row = std::find_if(rows.begin(), rows.end(), [](const PurposeRow& r) {
    return r.id == "lw:ContextualRecommendation";
  });
  EXPECT_THAT(row->under, ElementsAre("dpv:ServicePersonalisation"));
  EXPECT_THAT(row->aliases,
              ElementsAre("fides:personalize.content.limited", "lw:ContextRecs", "tcf:11"));
  EXPECT_EQ(row->below, 0u);
}

}  // namespace
}  // namespace lineward::policy

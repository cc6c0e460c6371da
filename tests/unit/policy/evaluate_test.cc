#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

constexpr size_t kConsent = static_cast<size_t>(Basis::kConsent);
constexpr size_t kInterest = static_cast<size_t>(Basis::kLegitimateInterest);

std::string Told(const SmallCase& small) { return Contributions(small.set, small.Decide()); }

std::vector<SourceFile> Bound(std::string_view keys, std::string_view rules = kPermitAll) {
  return SmallFiles(rules,
                    "- {id: home, purposes: [\"dpv:A\"], consent_max_age_ms: 5000, "
                    "policies: [{policy: p@1}], " +
                        std::string(keys) + "}\n");
}

TEST(Evaluate, AllowsWhatIsKnownAndPermitted) {
  const SmallCase small;
  EXPECT_EQ(Told(small), "ALLOW PERMITTED p@1/ok");
  const Verdict verdict = small.Decide();
  EXPECT_EQ(verdict.outcome, Outcome::kAllow);
  EXPECT_EQ(small.set.binding_id(verdict.binding), "home");
  EXPECT_FALSE(verdict.has_shadow());
}

TEST(EvaluateBinding, StopsWithoutOneAndWhereItIsOff) {
  EXPECT_EQ(Told(SmallCase(Bound("mode: off"))), "QUARANTINE NO_BINDING");
  EXPECT_EQ(Told(SmallCase(Bound("select: {surface: s9}"))), "QUARANTINE NO_BINDING");
}

TEST(EvaluateBinding, TakesTheMostSpecificByTenantThenTopicThenSurface) {
  const auto binding = [](std::string_view id, std::string_view select) {
    return "- {id: " + std::string(id) + ", select: {" + std::string(select) +
           "}, purposes: [\"dpv:A\"], consent_max_age_ms: 0, policies: [{policy: p@1}]}\n";
  };
  SmallCase small(SmallFiles(kPermitAll, binding("any", "") + binding("s", "surface: s1") +
                                             binding("t", "topic: t1") +
                                             binding("n", "tenant: n1")));
  const auto bound = [&] { return std::string(small.set.binding_id(small.Decide().binding)); };
  small.facts.surface = small.set.Surface("s1");
  EXPECT_EQ(bound(), "s");
  small.facts.topic = small.set.Topic("t1");
  EXPECT_EQ(bound(), "t");
  small.facts.tenant = small.set.Tenant("n1");
  EXPECT_EQ(bound(), "n");
  small.facts.surface = small.set.Surface("s2");
  small.facts.topic = small.set.Topic("t2");
  small.facts.tenant = small.set.Tenant("n2");
  EXPECT_EQ(bound(), "any");
}

TEST(EvaluateFacts, MissesEachRequiredFactAndStops) {
  SmallCase small(SmallFiles("- {id: no, effect: forbid}\n"));
  small.facts.purpose = {};
  EXPECT_EQ(Told(small), "QUARANTINE FACT_MISSING");
  small.facts.purpose = small.set.Purpose("dpv:Gone");
  EXPECT_EQ(Told(small), "QUARANTINE PURPOSE_UNKNOWN");
  small.facts.event_time_us = kAbsentTimeUs;
  EXPECT_EQ(Told(small), "QUARANTINE FACT_MISSING, QUARANTINE PURPOSE_UNKNOWN");
}

TEST(EvaluateFacts, BoundsEventTimesInclusively) {
  SmallCase small(Bound("event_max_future_s: 10, event_max_age_s: 60"));
  constexpr int64_t kSecond = 1'000'000;
  for (auto [offset, told] : {std::pair{10 * kSecond, "ALLOW PERMITTED p@1/ok"},
                              std::pair{10 * kSecond + 1, "QUARANTINE FACT_OUT_OF_RANGE"},
                              std::pair{-60 * kSecond, "ALLOW PERMITTED p@1/ok"},
                              std::pair{-60 * kSecond - 1, "QUARANTINE FACT_OUT_OF_RANGE"}}) {
    small.facts.event_time_us = SmallCase::kNow + offset;
    EXPECT_EQ(Told(small), told) << offset;
  }
}

TEST(EvaluateFacts, OutlivesTheEndsOfTime) {
  SmallCase small(Bound("event_max_age_s: 60"));
  small.facts.event_time_us = INT64_MAX;
  small.facts.decision_time_us = INT64_MIN + 1;
  EXPECT_EQ(Told(small), "QUARANTINE FACT_OUT_OF_RANGE");
}

TEST(EvaluateLineage, StopsAtAnUnknownModelForeignWeightsAndARevokedSource) {
  SmallCase small;
  small.facts.is_digest_ok = false;
  EXPECT_EQ(Told(small), "QUARANTINE DIGEST_MISMATCH");
  SourceFacts revoked = small.model.lineage;
  revoked.status = LineageStatus::kRevoked;
  small.facts.sources = &revoked;
  EXPECT_EQ(Told(small), "BLOCK MODEL_REVOKED, QUARANTINE DIGEST_MISMATCH");
  small.facts.model = nullptr;
  EXPECT_EQ(Told(small),
            "BLOCK MODEL_REVOKED, QUARANTINE MODEL_UNKNOWN, QUARANTINE DIGEST_MISMATCH");
}

TEST(EvaluateLineage, BlocksTheUnknownWhereTheBindingSaysSo) {
  SmallCase small(Bound("on_unknown: block"));
  small.facts.model = nullptr;
  EXPECT_EQ(Told(small), "BLOCK MODEL_UNKNOWN");
}

TEST(EvaluateLineage, GoesOnWhenIncompleteButJudgesNoRules) {
  SmallCase small(SmallFiles("- {id: no, effect: forbid}\n"));
  small.model.lineage.incomplete = small.Bits({"dpv:D"});
  EXPECT_EQ(Told(small), "QUARANTINE LINEAGE_INCOMPLETE");
  small.model.lineage.allowed = small.Bits({"dpv:C"});
  EXPECT_EQ(Told(small), "BLOCK PURPOSE_NOT_ALLOWED, QUARANTINE LINEAGE_INCOMPLETE");
}

TEST(EvaluateLineage, IsIncompleteForItsPurposesAlone) {
  SmallCase small;
  small.model.lineage.incomplete = small.Bits({"dpv:C"});
  EXPECT_EQ(Told(small), "ALLOW PERMITTED p@1/ok");
}

TEST(EvaluatePurpose, IntersectsModelAndSources) {
  SmallCase small;
  SourceFacts sources = small.model.lineage;
  small.facts.sources = &sources;
  EXPECT_EQ(Told(small), "ALLOW PERMITTED p@1/ok");
  sources.allowed = small.Bits({"dpv:A", "dpv:B", "dpv:C"});
  EXPECT_EQ(Told(small), "BLOCK PURPOSE_NOT_ALLOWED, ALLOW PERMITTED p@1/ok");
}

TEST(EvaluatePurpose, TellsRetentionOnlyOfWhatWasAllowed) {
  SmallCase small;
  small.model.lineage.retain_until_us = SmallCase::kNow + 1;
  EXPECT_EQ(Told(small), "ALLOW PERMITTED p@1/ok");
  small.model.lineage.retain_until_us = SmallCase::kNow;
  EXPECT_EQ(Told(small), "BLOCK RETENTION_EXPIRED, ALLOW PERMITTED p@1/ok");
  small.model.lineage.allowed = {};
  EXPECT_EQ(Told(small), "BLOCK PURPOSE_NOT_ALLOWED, ALLOW PERMITTED p@1/ok");
}

TEST(EvaluatePurpose, MustBeOneOfTheSurface) {
  SmallCase small(SmallFiles(kPermitAll,
                             "- {id: home, purposes: [\"dpv:C\"], consent_max_age_ms: 0, policies: "
                             "[{policy: p@1}]}\n"));
  EXPECT_EQ(Told(small), "BLOCK PURPOSE_NOT_FOR_SURFACE, ALLOW PERMITTED p@1/ok");
}

class EvaluateConsent : public testing::Test {
 protected:
  EvaluateConsent() {
    small.model.lineage.basis[kConsent] = small.Bits({"dpv:D"});
    consent.granted = small.Bits({"dpv:D"});
    small.facts.consent = &consent;
  }
  std::string First() const {
    const Verdict verdict = small.Decide();
    return std::string(ReasonName(verdict.primary));
  }
  SmallCase small;
  ConsentFacts consent;
};

TEST_F(EvaluateConsent, IsEnoughWhenGranted) {
  EXPECT_EQ(First(), "PERMITTED");
  EXPECT_EQ(small.Decide().consent_bits, kConsentGrantedBit);
  EXPECT_EQ(small.Decide().basis_bits, 1);
}

TEST_F(EvaluateConsent, TellsWithdrawnFromMissing) {
  consent.granted = {};
  EXPECT_EQ(First(), "CONSENT_MISSING");
  consent.withdrawn = small.Bits({"dpv:D"});
  EXPECT_EQ(First(), "CONSENT_WITHDRAWN");
}

TEST_F(EvaluateConsent, IsStaleOneMillisecondAfterItsAge) {
  consent.age_ms = 5000;
  EXPECT_EQ(First(), "PERMITTED");
  consent.age_ms = 5001;
  EXPECT_EQ(First(), "CONSENT_STALE");
}

TEST_F(EvaluateConsent, JudgesErasureBesideStaleness) {
  consent.is_erased = true;
  consent.granted = {};
  EXPECT_EQ(First(), "SUBJECT_ERASED");
  consent.age_ms = 5001;
  EXPECT_EQ(Told(small), "BLOCK SUBJECT_ERASED, QUARANTINE CONSENT_STALE");
}

TEST_F(EvaluateConsent, IsUnknownWithoutASnapshotOrBeforeItsRecord) {
  consent.is_before_record = true;
  EXPECT_EQ(First(), "CONSENT_UNKNOWN");
  small.facts.consent = nullptr;
  EXPECT_EQ(First(), "CONSENT_UNKNOWN");
}

TEST_F(EvaluateConsent, CannotBeAskedOfAnybodyUnknown) {
  small.facts.has_subject = false;
  EXPECT_EQ(First(), "CONSENT_MISSING");
  small.model.lineage.basis = {};
  small.model.lineage.basis[kInterest] = small.Bits({"dpv:D"});
  EXPECT_EQ(First(), "PERMITTED") << "legitimate interest holds for anonymous people";
}

TEST_F(EvaluateConsent, OfInterestAsksForObjectionsAlone) {
  small.model.lineage.basis = {};
  small.model.lineage.basis[kInterest] = small.Bits({"dpv:D"});
  consent.granted = {};
  EXPECT_EQ(First(), "PERMITTED");
  consent.objected = small.Bits({"dpv:D"});
  EXPECT_EQ(First(), "CONSENT_OBJECTED");
}

TEST_F(EvaluateConsent, IsNotReadWhereNoBasisAsks) {
  small.model.lineage.basis = {};
  consent.is_erased = true;
  consent.age_ms = 1'000'000;
  EXPECT_EQ(First(), "PERMITTED");
}

TEST(EvaluateLegal, TheStrictestEntryAloneCounts) {
  constexpr std::string_view kConsentOrMore =
      "legal: [{purpose: \"dpv:B\", require: consent}, {purpose: \"dpv:D\", require: "
      "legitimate_interest}]";
  SmallCase consent{Bound(kConsentOrMore)};
  EXPECT_EQ(Told(consent), "QUARANTINE CONSENT_UNKNOWN") << "no basis at all, and yet asked";
  SmallCase forbidden{
      Bound("legal: [{purpose: \"dpv:A\", require: forbidden}, {purpose: \"dpv:D\", require: "
            "consent}]")};
  EXPECT_EQ(Told(forbidden), "BLOCK LEGAL_FORBIDDEN, ALLOW PERMITTED p@1/ok");
  SmallCase interest{Bound("legal: [{purpose: \"dpv:B\", require: legitimate_interest}]")};
  EXPECT_EQ(Told(interest), "BLOCK LEGAL_FORBIDDEN, ALLOW PERMITTED p@1/ok");
}

TEST(EvaluatePlace, NeedsEachListOfRegionsToHold) {
  SmallCase small;
  small.model.lineage.regions = {*small.set.Region("EU"), *small.set.Region("DE")};
  EXPECT_EQ(Told(small), "ALLOW PERMITTED p@1/ok");
  small.facts.processing_place = small.set.Place("FR");
  EXPECT_EQ(Told(small), "BLOCK TRANSFER_FORBIDDEN, ALLOW PERMITTED p@1/ok");
  small.facts.processing_place = kUnknownPlace;
  EXPECT_EQ(Told(small), "QUARANTINE PLACE_UNKNOWN");
}

TEST(EvaluatePlace, AllowsNowhereWhatHasAnEmptyList) {
  SmallCase small;
  small.model.lineage.regions = {PlaceSet{}};
  EXPECT_EQ(Told(small), "BLOCK TRANSFER_FORBIDDEN, ALLOW PERMITTED p@1/ok");
  small.facts.processing_place = kUnknownPlace;
  EXPECT_EQ(Told(small), "BLOCK TRANSFER_FORBIDDEN, QUARANTINE PLACE_UNKNOWN");
}

TEST(EvaluateBreaker, RefusesWithItsOutcomeOrDoubtsWhenAway) {
  SmallCase small;
  BreakerFacts breaker;
  breaker.outcome = Outcome::kQuarantine;
  small.facts.breaker = &breaker;
  EXPECT_EQ(Told(small), "QUARANTINE BREAKER_OPEN, ALLOW PERMITTED p@1/ok");
  breaker.is_unavailable = true;
  EXPECT_EQ(Told(small), "QUARANTINE ENGINE_UNAVAILABLE");
}

TEST(EvaluateRules, LetForbidBeatPermitAndBlockAQuarantineWithoutPermit) {
  EXPECT_EQ(Told(SmallCase(SmallFiles("- {id: no, effect: forbid, severity: quarantine}\n"
                                      "- {id: ok, effect: permit}\n"))),
            "QUARANTINE RULE_FORBID p@1/no, ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(Told(SmallCase(SmallFiles("- {id: no, effect: forbid, severity: quarantine}\n"))),
            "BLOCK DEFAULT_DENY, QUARANTINE RULE_FORBID p@1/no");
}

TEST(EvaluateRules, ListEveryMatchingForbidOfARefusal) {
  const SmallCase small(
      SmallFiles("- {id: b, effect: forbid, severity: quarantine}\n"
                 "- {id: a, effect: forbid}\n- {id: ok, effect: permit}\n"));
  const Verdict verdict = small.Decide();
  ASSERT_EQ(verdict.rule_count, 2);
  EXPECT_EQ(small.set.rule_id(verdict.rules[0]), "p@1/a");
  EXPECT_EQ(small.set.rule_id(verdict.rules[1]), "p@1/b");
}

TEST(EvaluateRules, TakeTheGroundOfThePrimaryRule) {
  EXPECT_EQ(SmallCase(SmallFiles("- {id: no, effect: forbid, ground: safety}\n")).Decide().ground,
            Ground::kSafety);
  EXPECT_EQ(SmallCase().Decide().ground, Ground::kPurpose);
}

// Policy design, section 13, "Combine": what it says of errors. Reading the share of a model that
// tells none is one.
constexpr std::string_view kFails = "model.synthetic_share > 0.5";

std::string Forbid(std::string_view id, std::string_view when, std::string_view keys = "") {
  return "- {id: " + std::string(id) + ", effect: forbid, when: '" + std::string(when) + "'" +
         std::string(keys) + "}\n";
}
std::string Permit(std::string_view id, std::string_view when) {
  return "- {id: " + std::string(id) + ", effect: permit, when: '" + std::string(when) + "'}\n";
}
std::string ToldOf(const std::string& rules) { return Told(SmallCase(SmallFiles(rules))); }

std::string Errors(const std::string& rules) {
  const SmallCase small(SmallFiles(rules));
  const Verdict verdict = small.Decide();
  std::string text;
  for (size_t i = 0; i < verdict.error_count; ++i) {
    text += std::string(small.set.rule_id(verdict.errors[i])) + " ";
  }
  return text;
}

TEST(EvaluateErrors, LetAForbidMatchWithItsSeverity) {
  const std::string permit(kPermitAll);
  EXPECT_EQ(ToldOf(Forbid("f", kFails) + permit), "BLOCK RULE_ERROR p@1/f, ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(ToldOf(Forbid("f", kFails, ", severity: quarantine") + permit),
            "QUARANTINE RULE_ERROR p@1/f, ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(Errors(Forbid("f", kFails) + permit), "p@1/f ");
  EXPECT_EQ(ToldOf(Forbid("f", "has(model.synthetic_share) && " + std::string(kFails)) + permit),
            "ALLOW PERMITTED p@1/ok");
}

TEST(EvaluateErrors, KeepAPermitFromMatchingAndAreListed) {
  EXPECT_EQ(ToldOf(Permit("p", kFails)), "BLOCK DEFAULT_DENY");
  EXPECT_EQ(Errors(Permit("p", kFails)), "p@1/p ");
  EXPECT_EQ(ToldOf(Permit("p", kFails) + std::string(kPermitAll)), "ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(Errors(Permit("p", kFails) + std::string(kPermitAll)), "p@1/p ");
}

TEST(EvaluateErrors, StandBesideForbidsThatMatch) {
  const std::string rules = Forbid("a", kFails, ", severity: quarantine") + Forbid("b", "true") +
                            Forbid("c", "false") + Permit("d", kFails) + std::string(kPermitAll);
  EXPECT_EQ(ToldOf(rules),
            "BLOCK RULE_FORBID p@1/b, QUARANTINE RULE_ERROR p@1/a, ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(Errors(rules), "p@1/a p@1/d ");
}

TEST(EvaluateErrors, AreAbsorbedByWhatDecidesWithoutThem) {
  const std::string permit(kPermitAll);
  const std::string fails(kFails);
  EXPECT_EQ(ToldOf(Forbid("f", fails + " || true") + permit),
            "BLOCK RULE_FORBID p@1/f, ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(ToldOf(Forbid("f", fails + " && false") + permit), "ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(ToldOf(Forbid("f", fails + " || false") + permit),
            "BLOCK RULE_ERROR p@1/f, ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(ToldOf(Permit("p", fails + " || true")), "ALLOW PERMITTED p@1/p");
}

// A key that became of `when` is no different: what it rules out has no error.
TEST(EvaluateErrors, AreNoneOfARuleWhoseKeysFail) {
  const std::string fails(kFails);
  const std::string permit(kPermitAll);
  EXPECT_EQ(Errors(Forbid("f", fails + " && purpose.under(event.purpose, \"dpv:C\")") + permit),
            "");
  EXPECT_EQ(Errors(Forbid("f", fails, ", match: {surface: [s9]}") + permit), "");
  EXPECT_EQ(Errors(Forbid("f", fails, ", unless: {surface: [s1]}") + permit), "");
  EXPECT_EQ(Errors(Forbid("f", fails, ", unless: {surface: [s9]}") + permit), "p@1/f ");
}

TEST(EvaluateErrors, CarryTheObligationsOfTheRule) {
  const SmallCase small(SmallFiles(
      Forbid("f", kFails, ", obligations: [{type: log, level: full}]") + std::string(kPermitAll)));
  EXPECT_EQ(small.set.ObligationsJson(small.Decide()), R"([{"level":"full","type":"log"}])");
  EXPECT_EQ(small.Decide().rule_count, 1);
}

TEST(EvaluateErrors, BeyondEightAreCounted) {
  std::string rules(kPermitAll);
  for (int i = 0; i < 11; ++i) rules += Forbid("f" + std::to_string(10 + i), kFails);
  const SmallCase small(SmallFiles(rules));
  const Verdict verdict = small.Decide();
  EXPECT_EQ(verdict.error_count, 8);
  EXPECT_EQ(verdict.errors_more, 3);
  EXPECT_EQ(small.set.rule_id(verdict.errors[7]), "p@1/f17");
}

TEST(EvaluateErrors, OfAShadowNeverTouchTheRealVerdict) {
  const SmallCase small(
      SmallFiles(Forbid("f", kFails, ", mode: shadow") + std::string(kPermitAll)));
  const Verdict verdict = small.Decide();
  EXPECT_EQ(verdict.outcome, Outcome::kAllow);
  EXPECT_EQ(verdict.error_count, 0);
  EXPECT_EQ(verdict.shadow_outcome, Outcome::kBlock);
  EXPECT_EQ(verdict.shadow_primary, Reason::kRuleError);
}

TEST(EvaluateErrors, AreNotLookedForOnUnknownFacts) {
  SmallCase small(SmallFiles(Forbid("f", kFails) + std::string(kPermitAll)));
  small.model.lineage.incomplete = base::BitSet256::First(4);
  EXPECT_EQ(Told(small), "QUARANTINE LINEAGE_INCOMPLETE");
  EXPECT_EQ(small.Decide().error_count, 0);
}

TEST(EvaluateObligations, AreUnsupportedUnlessTheBindingDischargesThem) {
  constexpr std::string_view kTtl =
      "- {id: ok, effect: permit, obligations: [{type: ttl, seconds: 60}]}\n";
  EXPECT_EQ(Told(SmallCase(Bound("discharges: [ttl]", kTtl))), "ALLOW PERMITTED p@1/ok");
  EXPECT_EQ(Told(SmallCase(Bound("discharges: [delay]", kTtl))),
            "BLOCK OBLIGATION_UNSUPPORTED, ALLOW PERMITTED p@1/ok");
  constexpr std::string_view kLog =
      "- {id: ok, effect: permit, obligations: [{type: log, level: full}]}\n";
  EXPECT_EQ(Told(SmallCase(Bound("discharges: []", kLog))), "ALLOW PERMITTED p@1/ok")
      << "a log is ours to write";
}

TEST(EvaluateShadow, KeepsTheOutcomeAndReleasesUntilItsEnd) {
  SmallCase small(
      Bound("mode: shadow, shadow_until: 2026-03-01T12:00:01Z", "- {id: no, effect: forbid}\n"));
  EXPECT_TRUE(small.Decide().is_released);
  EXPECT_EQ(small.Decide().mode, Mode::kShadow);
  EXPECT_EQ(small.Decide().outcome, Outcome::kBlock);
  small.facts.decision_time_us = SmallCase::kNow + 1'000'000;
  EXPECT_FALSE(small.Decide().is_released);
  EXPECT_EQ(small.Decide().mode, Mode::kEnforce);
}

TEST(EvaluateShadow, TellsWhatARuleInShadowWouldHaveSaid) {
  const SmallCase small(
      SmallFiles("- {id: no, effect: forbid, mode: shadow}\n"
                 "- {id: ok, effect: permit}\n"));
  const Verdict verdict = small.Decide();
  EXPECT_EQ(verdict.outcome, Outcome::kAllow);
  EXPECT_EQ(verdict.shadow_outcome, Outcome::kBlock);
  EXPECT_EQ(verdict.shadow_primary, Reason::kRuleForbid);
}

TEST(EvaluateShadow, ForgetsRulesThatAreOff) {
  const SmallCase small(
      SmallFiles("- {id: no, effect: forbid, mode: off}\n"
                 "- {id: ok, effect: permit}\n"));
  EXPECT_FALSE(small.Decide().has_shadow());
}

TEST(Evaluate, GivesEqualBytesWithAUsedScratchAndAnOldVerdict) {
  const SmallCase small(SmallFiles("- {id: no, effect: forbid}\n"));
  const SmallCase other;
  Scratch scratch;
  Verdict verdict;
  other.set.Evaluate(other.facts, &scratch, &verdict);
  small.set.Evaluate(small.facts, &scratch, &verdict);
  EXPECT_EQ(Contributions(small.set, verdict), Told(small));
  EXPECT_EQ(verdict.rule_count, 1);
}

}  // namespace
}  // namespace lineward::policy

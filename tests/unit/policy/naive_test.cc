#include "lineward/policy/naive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "lineward/document/json.h"
#include "lineward/policy/tests.h"
#include "tests/support/seed.h"
#include "tests/unit/policy/example.h"
#include "tests/unit/policy/pairs.h"

namespace lineward::policy {
namespace {

using Expressions = RandomSets::Expressions;

// What random pairs led to.
struct Seen {
  int pairs = 0;
  int allowed = 0;
  std::set<Reason> reasons;
  int failing_forbids = 0;
  int failing_permits = 0;
};

Seen ExpectAgreement(Expressions expressions) {
  const uint64_t seed = support::Seed();
  Seen seen;
  const auto look = [&](Pair pair) {
    const NamedVerdict naive = EvaluateNaive(pair.set.source(), pair.facts.named, nullptr);
    EXPECT_EQ(Told(pair.compiled), Told(naive)) << "seed " << seed;
    for (const NamedContribution& c : naive.contributions) seen.reasons.insert(c.reason);
    for (const std::string& rule : naive.errors) {
      const bool forbids = pair.set.rule(*pair.set.FindRule(rule))->effect == Effect::kForbid;
      ++(forbids ? seen.failing_forbids : seen.failing_permits);
    }
    seen.allowed += naive.outcome == Outcome::kAllow ? 1 : 0;
    return pair.compiled == naive;
  };
  seen.pairs = ForPairs(seed, Pairs(), look, expressions);
  return seen;
}

TEST(Naive, AgreesWithTheCompiledPathOnRandomPairs) {
  const Seen seen = ExpectAgreement(Expressions::kNone);
  EXPECT_EQ(seen.pairs, Pairs());
  EXPECT_GT(seen.allowed, seen.pairs / 100);
  // All but MALFORMED, which nothing random leads to, and RULE_ERROR, which needs `when`.
  for (const ReasonRow& row : kReasons) {
    const bool is_out_of_reach =
        row.reason == Reason::kMalformed || row.reason == Reason::kRuleError;
    EXPECT_NE(seen.reasons.contains(row.reason), is_out_of_reach) << row.name;
  }
}

TEST(Naive, AgreesWithTheCompiledPathOnRandomExpressions) {
  const Seen seen = ExpectAgreement(Expressions::kSome);
  EXPECT_EQ(seen.pairs, Pairs());
  EXPECT_GT(seen.allowed, seen.pairs / 100);
  EXPECT_TRUE(seen.reasons.contains(Reason::kRuleError));
  EXPECT_GT(seen.failing_forbids, seen.pairs / 100);
  EXPECT_GT(seen.failing_permits, seen.pairs / 100);
}

// An oracle with one fault, made by what it is given: each must differ soon, else the comparison
// above would prove nothing.
struct Mutant {
  const char* name;
  std::function<void(Source*, NamedFacts*)> fault;
};

// The rules of `effect` whose `when` fails for these facts.
std::set<std::string> FailingRules(const Source& source, const NamedFacts& facts, Effect effect) {
  const NamedVerdict verdict = EvaluateNaive(source, facts, nullptr);
  std::set<std::string> failing(verdict.errors.begin(), verdict.errors.end());
  for (const Policy& policy : source.policies) {
    for (const Rule& rule : policy.rules) {
      if (rule.effect != effect) failing.erase(rule.full_id);
    }
  }
  return failing;
}

class NaiveMutants : public testing::TestWithParam<int> {};

std::vector<Mutant> Mutants() {
  return {
      {"stale consent counts as granted",
       [](Source*, NamedFacts* facts) {
         if (facts->consent.has_value()) facts->consent->age_ms = 0;
       }},
      {"retention is a closed interval",
       [](Source*, NamedFacts* facts) {
         if (facts->model.has_value() && facts->model->lineage.retain_until_us.has_value()) {
           ++*facts->model->lineage.retain_until_us;
         }
       }},
      {"incomplete lineage is unrestricted",
       [](Source*, NamedFacts* facts) {
         if (facts->model.has_value()) facts->model->lineage.is_incomplete = false;
       }},
      {"an unknown place never matches",
       [](Source*, NamedFacts* facts) {
         if (facts->subject_place.empty()) facts->subject_place = "BR";
       }},
      {"forbids are skipped",
       [](Source* source, NamedFacts*) {
         for (Policy& policy : source->policies) {
           std::erase_if(policy.rules, [](const Rule& r) { return r.effect == Effect::kForbid; });
         }
       }},
      {"union for intersection",
       [](Source*, NamedFacts* facts) {
         if (facts->model.has_value() && facts->sources.has_value()) {
           facts->model->lineage.allowed.insert(facts->sources->allowed.begin(),
                                                facts->sources->allowed.end());
           facts->sources->allowed = facts->model->lineage.allowed;
         }
       }},
      {"an absent field never matches",
       [](Source*, NamedFacts* facts) { facts->fields.try_emplace("n", "99"); }},
      {"obligations of the first permit only",
       [](Source* source, NamedFacts*) {
         for (Policy& policy : source->policies) {
           for (size_t i = 1; i < policy.rules.size(); ++i) policy.rules[i].obligations.clear();
         }
       }},
      {"failing forbids are skipped",
       [](Source* source, NamedFacts* facts) {
         const auto failing = FailingRules(*source, *facts, Effect::kForbid);
         for (Policy& policy : source->policies) {
           std::erase_if(policy.rules,
                         [&](const Rule& rule) { return failing.contains(rule.full_id); });
         }
       }},
      {"failing permits apply",
       [](Source* source, NamedFacts* facts) {
         const auto failing = FailingRules(*source, *facts, Effect::kPermit);
         for (Policy& policy : source->policies) {
           for (Rule& rule : policy.rules) {
             if (failing.contains(rule.full_id)) rule.expression = nullptr;
           }
         }
       }},
      {"conditions are passed over",
       [](Source* source, NamedFacts*) {
         for (Policy& policy : source->policies) {
           for (Rule& rule : policy.rules) rule.expression = nullptr;
         }
       }},
      {"an absent model fact is zero",
       [](Source*, NamedFacts* facts) {
         if (!facts->model.has_value()) return;
         facts->model->synthetic_share = facts->model->synthetic_share.value_or(0);
       }},
  };
}

TEST_P(NaiveMutants, IsFound) {
  const Mutant mutant = Mutants()[static_cast<size_t>(GetParam())];
  bool found = false;
  const int pairs = ForPairs(support::Seed(), Pairs(), [&](Pair pair) {
    Source source = pair.set.source();
    NamedFacts facts = pair.facts.named;
    mutant.fault(&source, &facts);
    found = EvaluateNaive(source, facts, nullptr) != pair.compiled;
    return !found;
  });
  EXPECT_TRUE(found) << mutant.name << " lived through " << pairs << " pairs";
}

INSTANTIATE_TEST_SUITE_P(All, NaiveMutants, testing::Range(0, 12));

// Policy design, 15.5: whatever is not known is never allowed.
TEST(Naive, NeverAllowsWithoutAFactThatIsNeeded) {
  const std::string tests(kExampleTests);
  const std::string head = tests.substr(0, tests.find("cases:"));
  const std::string paths[] = {"event.purpose", "event.time",      "event.fields.sponsored",
                               "model",         "consent.granted", "processing_place",
                               "event.surface", "model.eff"};
  std::string cases = "cases:\n- {name: with all, expect: {outcome: ALLOW}}\n";
  for (const std::string& path : paths) {
    cases += "- {name: without " + path + ", remove: [" + path + "], expect: {released: false}}\n";
  }
  cases +=
      "- {name: no snapshot, consent: unknown, expect: {released: false}}\n"
      "- {name: class unknown, subject: {class: unknown}, expect: {released: false}}\n"
      "- {name: status incomplete, model: {status: incomplete}, expect: {released: false}}\n"
      "- {name: unknown region, model: {regions: [Atlantis]}, expect: {released: false}}\n"
      "- {name: breakers away, breaker: unavailable, expect: {released: false}}\n"
      "- {name: surface unknown, event: {surface: x}, expect: {released: false}}\n";
  Findings findings;
  const Source source = MustParse(ExampleFiles(head + cases));
  const auto report = RunTests(source, "", &findings);
  ASSERT_TRUE(report.ok()) << AllFindings(findings);
  int allowed = 0;
  for (const TestResult& result : report->results) {
    EXPECT_TRUE(result.passed) << result.name << ": " << testing::PrintToString(result.failures);
  }
  // Each case again with the expectation that it is allowed: the first alone is, and the one
  // without a surface, which the binding's exact selector gives back.
  std::string expect_allow = head + cases;
  for (size_t at = 0; (at = expect_allow.find("{released: false}", at)) != std::string::npos;) {
    expect_allow.replace(at, 17, "{outcome: ALLOW}");
  }
  const auto again = RunTests(MustParse(ExampleFiles(expect_allow)), "", &findings);
  for (const TestResult& result : again->results) {
    if (!result.passed) continue;
    ++allowed;
    EXPECT_THAT(result.name, testing::AnyOf("with all", "without event.surface"));
  }
  EXPECT_EQ(allowed, 2);
}

// A fact that is taken away, and where a promotion needed it.
struct Removal {
  const char* fact;
  std::function<bool(const Pair&)> is_needed;
  std::function<void(Facts*)> remove;
};

bool Always(const Pair&) { return true; }

bool AsksThePerson(const Pair& pair) {
  const int asking =
      1 << static_cast<int>(Basis::kConsent) | 1 << static_cast<int>(Basis::kLegitimateInterest);
  return pair.compiled.basis_bits & asking;
}

bool HasRegions(const Pair& pair) {
  const Facts& facts = pair.facts.facts;
  return (facts.model != nullptr && !facts.model->lineage.regions.empty()) ||
         (facts.sources != nullptr && !facts.sources->regions.empty());
}

bool IsOfASubjectWhoMustAgree(const Pair& pair) {
  return pair.facts.facts.has_subject &&
         (pair.compiled.basis_bits & 1 << static_cast<int>(Basis::kConsent));
}

// What replaces a fact outlives the evaluation.
const ModelFacts& WithStatus(LineageStatus status) {
  static std::map<LineageStatus, ModelFacts> kept;
  ModelFacts& model = kept[status];
  model.lineage.status = status;
  return model;
}

const SourceFacts& UnknownSources() {
  static const SourceFacts kUnknown;
  return kUnknown;
}

const BreakerFacts& UnavailableBreaker() {
  static const BreakerFacts kUnavailable{.is_unavailable = true, .obligations = {}};
  return kUnavailable;
}

std::vector<Removal> Removals() {
  return {
      {"model", Always, [](Facts* f) { f->model = nullptr; }},
      {"status of the model", Always,
       [](Facts* f) { f->model = &WithStatus(LineageStatus::kUnknown); }},
      {"sources", [](const Pair& pair) { return pair.facts.facts.sources != nullptr; },
       [](Facts* f) { f->sources = &UnknownSources(); }},
      {"purpose", Always, [](Facts* f) { f->purpose = {}; }},
      {"known purpose", Always, [](Facts* f) { f->purpose = {"dpv:Gone", -1}; }},
      {"event time", Always, [](Facts* f) { f->event_time_us = kAbsentTimeUs; }},
      {"decision time", Always, [](Facts* f) { f->decision_time_us = kAbsentTimeUs; }},
      {"event fields", Always, [](Facts* f) { f->fields_present = 0; }},
      {"digest of the weights", Always, [](Facts* f) { f->is_digest_ok = false; }},
      {"readable event", Always, [](Facts* f) { f->is_malformed = true; }},
      {"consent snapshot",
       [](const Pair& pair) { return pair.facts.facts.has_subject && AsksThePerson(pair); },
       [](Facts* f) { f->consent = nullptr; }},
      {"subject", IsOfASubjectWhoMustAgree, [](Facts* f) { f->has_subject = false; }},
      {"processing place", HasRegions, [](Facts* f) { f->processing_place = kUnknownPlace; }},
      {"breakers", Always, [](Facts* f) { f->breaker = &UnavailableBreaker(); }},
  };
}

// Whatever was decided before. Each fact also starts from promotions that were allowed with it.
TEST(Naive, NeverAllowsOnUnknownFactsOverRandomPairs) {
  const std::vector<Removal> removals = Removals();
  std::vector<int> allowed_with(removals.size());
  Scratch scratch;
  const int pairs = ForPairs(support::Seed() + 1, Pairs(), [&](Pair pair) {
    const bool is_allowed = pair.compiled.outcome == Outcome::kAllow;
    for (size_t i = 0; i < removals.size(); ++i) {
      if (!removals[i].is_needed(pair)) continue;
      allowed_with[i] += is_allowed ? 1 : 0;
      Facts facts = pair.facts.facts;
      removals[i].remove(&facts);
      Verdict verdict;
      pair.set.Evaluate(facts, &scratch, &verdict);
      EXPECT_NE(verdict.outcome, Outcome::kAllow) << "without " << removals[i].fact;
    }
    return true;
  });
  EXPECT_EQ(pairs, Pairs());
  for (size_t i = 0; i < removals.size(); ++i) {
    EXPECT_GT(allowed_with[i], 0) << removals[i].fact << " was never needed: nothing was shown";
    RecordProperty(removals[i].fact, allowed_with[i]);
  }
}

TEST(Trace, TellsEachStepAndNearMisses) {
  const Source source = MustParse(ExampleFiles());
  Findings findings;
  const auto set = Compile(source, &findings);
  NamedFacts facts;
  facts.decision_time_us = facts.event_time_us = RandomSets::kNow;
  facts.topic = "promotions";
  facts.surface = "home_feed";
  facts.purpose = "dpv:ProvideProductRecommendations";
  facts.fields["sponsored"] = "false";
  facts.has_subject = true;
  facts.subject_class = "adult";
  facts.subject_place = facts.processing_place = "DE";
  facts.model.emplace();
  facts.model->name = "ranker";
  facts.model->version = "2";
  facts.model->lineage.status = LineageStatus::kKnown;
  facts.model->lineage.allowed = {"dpv:ServiceUsageAnalytics"};
  facts.consent.emplace();
  facts.consent->granted = {"dpv:ProvideProductRecommendations"};
  Trace trace;
  const NamedVerdict verdict = EvaluateNaive(source, facts, &trace);
  EXPECT_EQ(verdict.primary, Reason::kPurposeNotAllowed);
  std::vector<std::string> names;
  for (const TraceStep& step : trace.steps) names.push_back(step.name);
  EXPECT_THAT(names, testing::ElementsAre("binding", "facts", "lineage", "purpose", "consent",
                                          "place", "breaker", "rules", "obligations", "mode"));
  EXPECT_EQ(trace.steps[3].result, TraceStep::Result::kRefused);
  EXPECT_EQ(trace.steps[3].findings[0].reason, Reason::kPurposeNotAllowed);
  EXPECT_EQ(trace.steps[0].result, TraceStep::Result::kPass);
  ASSERT_EQ(trace.rules.size(), 1u);
  EXPECT_TRUE(trace.rules[0].matched);
}

}  // namespace
}  // namespace lineward::policy

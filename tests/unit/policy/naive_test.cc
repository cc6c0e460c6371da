#include "lineward/policy/naive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "lineward/crypto/sha256.h"
#include "lineward/document/json.h"
#include "lineward/policy/tests.h"
#include "tests/support/seed.h"
#include "tests/unit/policy/example.h"
#include "tests/unit/policy/random_sets.h"

namespace lineward::policy {
namespace {

constexpr int kSets = 200;
constexpr int kFactsPerSet = 100;

std::string Told(const NamedVerdict& verdict) {
  std::string text = std::string(OutcomeName(verdict.outcome)) + " " + verdict.binding + " ";
  for (const NamedContribution& c : verdict.contributions) {
    text += std::string(ReasonName(c.reason)) + "/" + std::string(OutcomeName(c.outcome)) + "/" +
            c.rule + " ";
  }
  for (const std::string& rule : verdict.rules) text += "+" + rule;
  return text + " " + verdict.obligations + " shadow " +
         std::string(OutcomeName(verdict.shadow_outcome)) + " " +
         std::string(ReasonName(verdict.shadow_primary)) + " " +
         std::string(ModeName(verdict.mode)) + " " + std::string(GroundName(verdict.ground)) + " " +
         std::to_string(verdict.consent_bits) + " " + std::to_string(verdict.basis_bits);
}

struct Pair {
  const PolicySet& set;
  CaseFacts& facts;
  NamedVerdict compiled;
};

// Calls `f` for random pairs of set and facts until it returns false; the number of pairs seen.
int ForPairs(uint64_t seed, int sets, int facts_per_set, const std::function<bool(Pair)>& f) {
  RandomSets random(seed);
  Scratch scratch;
  int pairs = 0;
  for (int i = 0; i < sets; ++i) {
    Findings findings;
    const auto source = Parse(random.Files(), &findings);
    EXPECT_TRUE(source.ok()) << AllFindings(findings);
    if (!source.ok()) return pairs;
    const auto set = Compile(*source, &findings);
    EXPECT_TRUE(set.ok()) << AllFindings(findings);
    if (!set.ok()) return pairs;
    for (int j = 0; j < facts_per_set; ++j) {
      const auto facts = random.Case(*set);
      Verdict verdict;
      set->Evaluate(facts->facts, &scratch, &verdict);
      ++pairs;
      if (!f({*set, *facts, NameVerdict(*set, verdict)})) return pairs;
    }
  }
  return pairs;
}

TEST(Naive, AgreesWithTheCompiledPathOn20000RandomPairs) {
  const uint64_t seed = support::Seed();
  std::set<Reason> reasons;
  int allowed = 0;
  const int pairs = ForPairs(seed, kSets, kFactsPerSet, [&](Pair pair) {
    const NamedVerdict naive = EvaluateNaive(pair.set.source(), pair.facts.named, nullptr);
    EXPECT_EQ(Told(pair.compiled), Told(naive)) << "seed " << seed;
    for (const NamedContribution& c : naive.contributions) reasons.insert(c.reason);
    allowed += naive.outcome == Outcome::kAllow ? 1 : 0;
    return pair.compiled == naive;
  });
  EXPECT_EQ(pairs, kSets * kFactsPerSet);
  EXPECT_GT(allowed, pairs / 100);
  // All but MALFORMED, which nothing random leads to, and RULE_ERROR, which needs `when`.
  for (const ReasonRow& row : kReasons) {
    const bool is_out_of_reach =
        row.reason == Reason::kMalformed || row.reason == Reason::kRuleError;
    EXPECT_NE(reasons.contains(row.reason), is_out_of_reach) << row.name;
  }
}

// An oracle with one fault, made by what it is given: each must differ soon, else the comparison
// above would prove nothing.
struct Mutant {
  const char* name;
  std::function<void(Source*, NamedFacts*)> fault;
};

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
  };
}

TEST_P(NaiveMutants, IsFound) {
  const Mutant mutant = Mutants()[static_cast<size_t>(GetParam())];
  bool found = false;
  const int pairs = ForPairs(support::Seed(), kSets, kFactsPerSet, [&](Pair pair) {
    Source source = pair.set.source();
    NamedFacts facts = pair.facts.named;
    mutant.fault(&source, &facts);
    found = EvaluateNaive(source, facts, nullptr) != pair.compiled;
    return !found;
  });
  EXPECT_TRUE(found) << mutant.name << " lived through " << pairs << " pairs";
}

INSTANTIATE_TEST_SUITE_P(All, NaiveMutants, testing::Range(0, 8));

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

TEST(Naive, NeverAllowsOnUnknownFactsOverRandomPairs) {
  int allowed = 0;
  int refused = 0;
  ForPairs(support::Seed() + 1, kSets, kFactsPerSet, [&](Pair pair) {
    if (pair.compiled.outcome != Outcome::kAllow) return true;
    ++allowed;
    Scratch scratch;
    const auto expect_refused = [&](const std::function<void(Facts*)>& remove) {
      Facts facts = pair.facts.facts;
      remove(&facts);
      Verdict verdict;
      pair.set.Evaluate(facts, &scratch, &verdict);
      EXPECT_NE(verdict.outcome, Outcome::kAllow);
      ++refused;
    };
    expect_refused([](Facts* f) { f->model = nullptr; });
    expect_refused([](Facts* f) { f->purpose = {}; });
    expect_refused([](Facts* f) { f->purpose = {"dpv:Gone", -1}; });
    expect_refused([](Facts* f) { f->event_time_us = kAbsentTimeUs; });
    expect_refused([](Facts* f) { f->decision_time_us = kAbsentTimeUs; });
    expect_refused([](Facts* f) { f->fields_present = 0; });
    expect_refused([](Facts* f) { f->is_digest_ok = false; });
    expect_refused([](Facts* f) { f->is_malformed = true; });
    return true;
  });
  EXPECT_GT(allowed, 100);
  EXPECT_EQ(refused, allowed * 8);
}

std::string CorpusDigest(bool shuffled) {
  RandomSets random(7);
  crypto::Sha256 digest;
  std::string all;
  Scratch scratch;
  for (int i = 0; i < 50; ++i) {
    std::vector<SourceFile> files = random.Files();
    if (shuffled) std::reverse(files.begin(), files.end());
    for (size_t j = 0; shuffled && j < files.size(); ++j) {
      files[j].name = std::to_string(j) + ".yaml";
    }
    Findings findings;
    const auto source = Parse(files, &findings);
    const auto set = Compile(*source, &findings);
    all += set->id();
    for (int j = 0; j < 100; ++j) {
      const auto facts = random.Case(*set);
      Verdict verdict;
      set->Evaluate(facts->facts, &scratch, &verdict);
      all += Told(NameVerdict(*set, verdict)) + "\n";
    }
  }
  return crypto::Sha256Hex(all);
}

// Policy design, 15.6: names and order of files mean nothing.
TEST(Naive, DecidesTheGoldenCorpusAlikeWhateverTheOrderOfFiles) {
  EXPECT_EQ(CorpusDigest(false), CorpusDigest(true));
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

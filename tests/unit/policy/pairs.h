#pragma once

// Pairs of a random policy set and random facts, decided by the compiled path; verdicts as text.

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "lineward/base/strings.h"
#include "lineward/policy/naive.h"
#include "tests/unit/policy/random_sets.h"

namespace lineward::policy {

// All that a verdict says, one line.
inline std::string Told(const NamedVerdict& verdict) {
  std::string text =
      std::string(OutcomeName(verdict.outcome)) + " " + std::string(ReasonName(verdict.primary)) +
      " " + std::string(ModeName(verdict.mode)) + " " + std::string(GroundName(verdict.ground)) +
      (verdict.is_released ? " released " : " held ") + verdict.binding;
  for (const NamedContribution& c : verdict.contributions) {
    text += " " + std::string(ReasonName(c.reason)) + "/" + std::string(OutcomeName(c.outcome)) +
            "/" + c.rule;
  }
  for (const std::string& rule : verdict.rules) text += " +" + rule;
  for (const std::string& error : verdict.errors) text += " !" + error;
  if (verdict.errors_more > 0) text += " !" + std::to_string(verdict.errors_more) + " more";
  return text + " more " + std::to_string(verdict.contributions_more) + "," +
         std::to_string(verdict.rules_more) + " " + verdict.obligations + " shadow " +
         std::string(OutcomeName(verdict.shadow_outcome)) + " " +
         std::string(ReasonName(verdict.shadow_primary)) + " consent " +
         (verdict.has_consent ? "asked " : "passed over ") + std::to_string(verdict.consent_bits) +
         " " + std::to_string(verdict.basis_bits);
}

struct Pair {
  const PolicySet& set;
  CaseFacts& facts;
  NamedVerdict compiled;
};

// Pairs that a random test looks at: LINEWARD_POLICY_PAIRS, else 20,000 (the nightly size is more).
inline int Pairs() {
  const char* const text = std::getenv("LINEWARD_POLICY_PAIRS");
  const uint64_t pairs = text == nullptr ? 20'000 : base::ParseUint64(text).value_or(20'000);
  return static_cast<int>(pairs);
}

// Calls `f` for random pairs, 100 of each set, until it returns false; the number of pairs seen.
inline int ForPairs(uint64_t seed, int pairs, const std::function<bool(Pair)>& f,
                    RandomSets::Expressions expressions = RandomSets::Expressions::kSome) {
  constexpr int kFactsPerSet = 100;
  RandomSets random(seed, expressions);
  Scratch scratch;
  int seen = 0;
  while (seen < pairs) {
    Findings findings;
    const auto source = Parse(random.Files(), &findings);
    EXPECT_TRUE(source.ok()) << AllFindings(findings);
    if (!source.ok()) return seen;
    const auto set = Compile(*source, &findings);
    EXPECT_TRUE(set.ok()) << AllFindings(findings);
    if (!set.ok()) return seen;
    for (int j = 0; j < kFactsPerSet && seen < pairs; ++j) {
      const auto facts = random.Case(*set);
      Verdict verdict;
      set->Evaluate(facts->facts, &scratch, &verdict);
      ++seen;
      if (!f({*set, *facts, NameVerdict(*set, verdict)})) return seen;
    }
  }
  return seen;
}

}  // namespace lineward::policy

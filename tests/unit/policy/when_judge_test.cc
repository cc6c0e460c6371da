#include "policy/src/when_judge.h"

#include <gtest/gtest.h>

#include "lineward/policy/naive.h"
#include "tests/support/seed.h"
#include "tests/unit/decision/allocations.h"
#include "tests/unit/policy/pairs.h"
#include "tests/unit/policy/when_cases.h"

namespace lineward::policy {
namespace {

TEST(WhenJudge, ReadsFactsAsTheDesignSays) {
  for (const WhenCase& each : WhenCases()) {
    for (bool forbids : {true, false}) {
      SmallCase small(WhenFiles(each.text, forbids));
      WhenFacts facts(&small);
      each.change(&facts);
      const NamedVerdict verdict = NameVerdict(small.set, small.Decide());
      EXPECT_EQ(Answer(verdict, forbids), forbids ? each.in_forbid : each.in_permit)
          << each.text << (forbids ? " in a forbid" : " in a permit");
    }
  }
}

TEST(WhenJudge, RunsAResidualAtMostOncePerEvent) {
  SmallCase small(
      SmallFiles("- {id: a, effect: forbid, when: 'model.synthetic_share > 0.5'}\n"
                 "- {id: b, effect: forbid, mode: shadow, when: 'model.synthetic_share > 0.5'}\n" +
                 std::string(kPermitAll)));
  Scratch::Impl scratch;
  scratch.results.resize(1);
  PolicySet::Impl set;
  set.source = small.set.source();
  CompiledRule rule;
  rule.has_when = true;
  rule.when.residual = 0;
  WhenJudge judge(set, small.facts, &scratch);
  // As if it had run: a second run would read a program that is not there.
  scratch.results[0] = {scratch.evaluation, Truth::kYes};
  EXPECT_EQ(judge.Of(rule, set.source.bindings[0]), Truth::kYes);
}

TEST(WhenJudge, KnowsNothingOfTheLastEvent) {
  SmallCase small(WhenFiles("model.synthetic_share > 0.5", true));
  Scratch scratch;
  Verdict verdict;
  small.model.has_synthetic_share = true;
  for (double share : {0.6, 0.4, 0.6}) {
    small.model.synthetic_share = share;
    small.set.Evaluate(small.facts, &scratch, &verdict);
    EXPECT_EQ(verdict.outcome == Outcome::kBlock, share > 0.5);
  }
}

// 10,000 steps are an error; a little less is none.
TEST(WhenJudge, TakesASpentBudgetForAnError) {
  const auto squared = [](int count) {
    std::string list = "[0";
    for (int i = 1; i < count; ++i) list += ", 0";
    list += "]";
    return list + ".all(a, " + list + ".all(b, a == b))";
  };
  for (const auto& [count, forbid] : {std::pair{40, "yes"}, std::pair{60, "failed"}}) {
    SmallCase small(WhenFiles(squared(count), true));
    EXPECT_EQ(Answer(NameVerdict(small.set, small.Decide()), true), forbid) << count;
  }
}

// Policy design, 15.8.
TEST(Evaluate, AllocatesNothingWithExpressionsAndErrors) {
  constexpr int kSets = 50;
  constexpr int kFacts = 200;
  constexpr int kRounds = 100;
  RandomSets random(support::Seed(), RandomSets::Expressions::kSome);
  Scratch scratch;
  size_t allocations = 0;
  size_t events = 0;
  size_t errors = 0;
  for (int i = 0; i < kSets; ++i) {
    const PolicySet set = MustCompile(random.Files());
    std::vector<std::unique_ptr<CaseFacts>> all;
    for (int j = 0; j < kFacts; ++j) all.push_back(random.Case(set));
    Verdict verdict;
    decision::CountAllocations(true);
    for (int round = 0; round < kRounds; ++round) {
      for (const auto& facts : all) {
        set.Evaluate(facts->facts, &scratch, &verdict);
        errors += verdict.error_count;
      }
    }
    decision::CountAllocations(false);
    allocations += decision::Allocations();
    events += size_t{kRounds} * all.size();
  }
  EXPECT_EQ(events, 1'000'000u);
  EXPECT_GT(errors, events / 100);
  EXPECT_EQ(allocations, 0u);
}

// The control: an obligation that is made while an event is decided is seen.
TEST(Evaluate, AllocationIsSeenByTheTestThatCountsIt) {
  SmallCase small(WhenFiles("model.synthetic_share > 0.5", true));
  Scratch scratch;
  Verdict verdict;
  decision::CountAllocations(true);
  small.set.Evaluate(small.facts, &scratch, &verdict);
  const std::unique_ptr<int> planted = std::make_unique<int>(verdict.error_count);
  decision::CountAllocations(false);
  EXPECT_EQ(decision::Allocations(), 1u) << *planted;
}

}  // namespace
}  // namespace lineward::policy

#include "lineward/policy/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::policy {
namespace {

TEST(Verdict, RefusesUntilSomethingWasDecided) {
  const Verdict verdict;
  EXPECT_EQ(verdict.outcome, Outcome::kBlock);
  EXPECT_EQ(verdict.shadow_outcome, Outcome::kBlock);
  EXPECT_FALSE(verdict.is_released);
  EXPECT_EQ(verdict.contribution_count, 0);
}

TEST(Verdict, HasAShadowWhereOutcomeOrReasonDiffer) {
  Verdict verdict;
  EXPECT_FALSE(verdict.has_shadow());
  verdict.shadow_outcome = Outcome::kAllow;
  EXPECT_TRUE(verdict.has_shadow());
  verdict.shadow_outcome = verdict.outcome;
  verdict.shadow_primary = Reason::kRuleForbid;
  EXPECT_TRUE(verdict.has_shadow());
}

TEST(Outcome, GrowsWithItsSeverity) {
  EXPECT_LT(Outcome::kAllow, Outcome::kQuarantine);
  EXPECT_LT(Outcome::kQuarantine, Outcome::kBlock);
}

}  // namespace
}  // namespace lineward::policy

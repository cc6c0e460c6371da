#include "lineward/registry/state.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

State Refold(const std::vector<std::string>& facts) {
  State state;
  for (const std::string& bytes : facts) {
    const auto fact = DecodeFact(bytes);
    EXPECT_TRUE(fact.ok());
    EXPECT_TRUE(state.Apply(*fact, bytes).ok());
    state.Commit();
  }
  return state;
}

TEST(State, IsTheFoldOfItsFacts) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({kClicks, kRaw, kRanker, kRankerOne}).ok());
  ASSERT_TRUE(
      world
          .WriteAndCommit(
              {R"({"kind":"EDGE","edge":"DERIVED","from":"default/raw","to":"default/clicks"})"})
          .ok());
  const State again = Refold(world.bytes());
  EXPECT_EQ(again.Seq(), world.state().Seq());
  EXPECT_EQ(again.Chain(), world.state().Chain());
  EXPECT_EQ(again.Digest(), world.state().Digest());
}

TEST(State, DigestTellsAnotherFactApart) {
  World one;
  World other;
  ASSERT_TRUE(one.WriteAndCommit({kClicks}).ok());
  ASSERT_TRUE(other.WriteAndCommit({kRaw}).ok());
  EXPECT_NE(one.state().Digest(), other.state().Digest());
}

TEST(State, RollbackLeavesNoTrace) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({kClicks, kRanker}).ok());
  const std::string before = world.state().Digest();
  const std::string chain = world.state().Chain();
  ASSERT_TRUE(world.Write({kRankerOne, kRaw}).ok());
  EXPECT_NE(world.state().Digest(), before);
  world.state().Rollback();
  EXPECT_EQ(world.state().Digest(), before);
  EXPECT_EQ(world.state().Chain(), chain);
  EXPECT_EQ(world.state().LastVersion("ranker"), 0);
}

TEST(State, RefusesAFactThatDoesNotFollow) {
  State state;
  const Fact fact{.seq = 2, .subject = "datasets/default/a", .body = Parse(R"({"name":"a"})")};
  EXPECT_EQ(base::ReasonOf(state.Apply(fact, EncodeFact(fact))), "FACT_INVALID");
}

TEST(State, KeepsAnswersByRequestUntilTheyAreForgotten) {
  State state;
  const Fact fact{.seq = 1,
                  .kind = FactKind::kRequest,
                  .subject = "requests/a",
                  .recorded_at_us = 100,
                  .body = Parse(R"({"sha256":"x","status":201,"response":"{}"})")};
  ASSERT_TRUE(state.Apply(fact, EncodeFact(fact)).ok());
  state.Commit();
  ASSERT_NE(state.FindAnswer("requests/a"), nullptr);
  EXPECT_EQ(state.FindAnswer("requests/a")->http_status, 201);
  state.ForgetAnswers(101);
  EXPECT_EQ(state.FindAnswer("requests/a"), nullptr);
}

}  // namespace
}  // namespace lineward::registry

#include "registry/src/plan.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

TEST(PlanItems, TakesReferencesInAnyOrder) {
  World world;
  ASSERT_TRUE(world.Write({kRankerOne, kRanker, kClicks}).ok());
  EXPECT_EQ(world.planned()[0].name, "models/ranker/versions/1");
  EXPECT_TRUE(world.planned()[0].is_created);
}

TEST(PlanItems, TheSameAgainWritesNothing) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({kClicks, kRanker, kRankerOne}).ok());
  const uint64_t seq = world.state().Seq();
  ASSERT_TRUE(world.WriteAndCommit({kClicks, kRanker, kRankerOne}).ok());
  EXPECT_EQ(world.state().Seq(), seq);
  EXPECT_FALSE(world.planned()[0].is_created);
}

TEST(PlanItems, OtherContentIsAConflictThatNamesTheFields) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({R"({"kind":"DATASET","name":"d","type":"TABLE"})"}).ok());
  const absl::Status status =
      world.Write({R"({"kind":"DATASET","name":"d","type":"FILE","license":"MIT"})"});
  EXPECT_EQ(base::ReasonOf(status), "CONTENT_CONFLICT");
  EXPECT_EQ(base::MessageOf(status), "`default/d` is registered with another license, type");
}

TEST(PlanItems, AFirstDeclarationIsTakenAnotherOneIsNot) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({R"({"kind":"DATASET","name":"clicks"})"}).ok());
  EXPECT_TRUE(world.WriteAndCommit({kClicks}).ok());
  EXPECT_EQ(base::ReasonOf(
                world.Write({R"({"kind":"DATASET","name":"clicks","declaration":{"grants":[]}})"})),
            "CONTENT_CONFLICT");
}

TEST(PlanItems, NamesWhatIsNotRegistered) {
  World world;
  EXPECT_EQ(base::ReasonOf(world.Write({kRankerOne})), "MODEL_NOT_FOUND");
  EXPECT_EQ(base::ReasonOf(world.Write({kRanker, kRankerOne})), "DATASET_NOT_FOUND");
  EXPECT_EQ(base::ReasonOf(
                world.Write({kRanker, R"({"kind":"MODEL_VERSION","model":"ranker","run":"r1"})"})),
            "RUN_NOT_FOUND");
  EXPECT_EQ(world.state().Seq(), 0u);
}

TEST(PlanItems, ModelVersionWithoutNumberGetsTheNext) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({kClicks, kRanker, kRankerOne}).ok());
  const std::string weights = "sha256:" + std::string(64, 'b');
  const std::string next =
      R"({"kind":"MODEL_VERSION","model":"ranker","inputs":["default/clicks"],)"
      R"("weights_digest":")" +
      weights + "\"}";
  ASSERT_TRUE(world.WriteAndCommit({next}).ok());
  EXPECT_EQ(world.planned()[0].name, "models/ranker/versions/2");
  ASSERT_TRUE(world.WriteAndCommit({next}).ok());
  EXPECT_EQ(world.planned()[0].name, "models/ranker/versions/2");
  EXPECT_FALSE(world.planned()[0].is_created);
}

TEST(PlanItems, ARunGoesOnFromRunning) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({R"({"kind":"RUN","id":"r1","state":"RUNNING"})"}).ok());
  ASSERT_TRUE(world.WriteAndCommit({R"({"kind":"RUN","id":"r1","state":"COMPLETED"})"}).ok());
  EXPECT_EQ(base::ReasonOf(world.Write({R"({"kind":"RUN","id":"r1","state":"FAILED"})"})),
            "CONTENT_CONFLICT");
}

TEST(PlanItems, AnAliasIsAddedNotMoved) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({R"({"kind":"MODEL","name":"m","aliases":{"live":1}})"}).ok());
  EXPECT_TRUE(world.WriteAndCommit({R"({"kind":"MODEL","name":"m","aliases":{"next":2}})"}).ok());
  const uint64_t seq = world.state().Seq();
  EXPECT_TRUE(world.WriteAndCommit({R"({"kind":"MODEL","name":"m","aliases":{"live":1}})"}).ok());
  EXPECT_EQ(world.state().Seq(), seq);
  EXPECT_EQ(base::ReasonOf(world.Write({R"({"kind":"MODEL","name":"m","aliases":{"live":2}})"})),
            "CONTENT_CONFLICT");
}

TEST(PlanItems, RefusesACycleOfVersions) {
  World world;
  ASSERT_TRUE(world
                  .WriteAndCommit({kClicks, kRanker, kRankerOne,
                                   R"({"kind":"MODEL_VERSION","model":"ranker","version":2,
                                        "parents":[{"model":"ranker@1"}]})"})
                  .ok());
  EXPECT_EQ(base::ReasonOf(world.Write(
                {R"({"kind":"EDGE","edge":"PARENT","from":"ranker@2","to":"ranker@1"})"})),
            "LINEAGE_CYCLE");
}

TEST(PlanItems, RefusesTheFirstSourceOfAnUndeclaredDatasetInUse) {
  World world;
  ASSERT_TRUE(world
                  .WriteAndCommit({kClicks, kRaw, kRanker,
                                   R"({"kind":"MODEL_VERSION","model":"ranker","version":1,
                                        "inputs":["default/raw"]})"})
                  .ok());
  const std::string source =
      R"({"kind":"EDGE","edge":"DERIVED","from":"default/clicks","to":"default/raw"})";
  EXPECT_EQ(base::ReasonOf(world.Write({source})), "LOOSENING_UNSUPPORTED");
}

TEST(PlanItems, TakesTheFirstSourceOfAnUndeclaredDatasetThatNobodyUses) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({kClicks, kRaw}).ok());
  EXPECT_TRUE(
      world
          .WriteAndCommit(
              {R"({"kind":"EDGE","edge":"DERIVED","from":"default/clicks","to":"default/raw"})"})
          .ok());
}

TEST(PlanItems, ALabelNamesOneVersionAndResolves) {
  World world;
  const std::string digest = "sha256:" + std::string(64, 'c');
  const std::string version =
      R"({"kind":"DATASET_VERSION","dataset":"default/clicks","label":"2026-11","digest":")" +
      digest + "\"}";
  ASSERT_TRUE(world.WriteAndCommit({kClicks, version, kRanker}).ok());
  ASSERT_TRUE(world
                  .WriteAndCommit({R"({"kind":"MODEL_VERSION","model":"ranker","version":1,
                                        "inputs":["default/clicks@2026-11"]})"})
                  .ok());
  const Entity* const model = world.state().Find("models/ranker/versions/1");
  ASSERT_NE(model, nullptr);
  EXPECT_NE(model->body.Find("inputs")->items()[0].AsText().find("sha256"), std::string::npos);
  EXPECT_EQ(base::ReasonOf(world.Write(
                {R"({"kind":"DATASET_VERSION","dataset":"default/clicks","label":"2026-11",
                     "digest":"sha256:)" +
                 std::string(64, 'd') + "\"}"})),
            "CONTENT_CONFLICT");
}

}  // namespace
}  // namespace lineward::registry

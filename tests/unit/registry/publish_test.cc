#include "registry/src/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

std::vector<std::string> KeysOf(const State& state) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : ChangedRecords(state)) keys.push_back(key);
  return keys;
}

control::RegistryRecord Record(World* world, std::string_view name) {
  return RecordOf(world->state(), *world->state().Find(name));
}

TEST(ChangedRecords, AModelVersionCarriesTheRecordsBehindIt) {
  World world;
  ASSERT_TRUE(world.Write({kClicks, kRanker, kRankerOne}).ok());
  EXPECT_THAT(KeysOf(world.state()),
              ElementsAre("datasets/default/clicks", "models/ranker/versions/1"));
  const auto record = Record(&world, "models/ranker/versions/1");
  ASSERT_TRUE(record.model.has_value());
  const uint32_t clicks = world.state().Find("datasets/default/clicks")->node;
  const uint32_t model = world.state().Find("models/ranker/versions/1")->node;
  EXPECT_THAT(record.model->closure, UnorderedElementsAre(clicks, model));
  EXPECT_EQ(Record(&world, "datasets/default/clicks").declaration->grants->at(0).purposes,
            std::vector<std::string>{"dpv:Advertising"});
}

TEST(ChangedRecords, ANewSourceRewritesWhatStandsDownstreamAndNothingElse) {
  World world;
  ASSERT_TRUE(world
                  .WriteAndCommit(
                      {kClicks, kRaw, kRanker, kRankerOne, R"({"kind":"DATASET","name":"aside"})"})
                  .ok());
  ASSERT_TRUE(
      world
          .Write({R"({"kind":"EDGE","edge":"DERIVED","from":"default/raw","to":"default/clicks"})"})
          .ok());
  EXPECT_THAT(KeysOf(world.state()),
              ElementsAre("datasets/default/clicks", "models/ranker/versions/1"));
}

TEST(ChangedRecords, AFirstDeclarationRewritesOneRecord) {
  World world;
  ASSERT_TRUE(world
                  .WriteAndCommit({kRaw, kRanker,
                                   R"({"kind":"MODEL_VERSION","model":"ranker","version":1,
                                        "inputs":["default/raw"]})"})
                  .ok());
  ASSERT_TRUE(world.Write({R"({"kind":"DATASET","name":"raw","declaration":{"grants":[]}})"}).ok());
  EXPECT_THAT(KeysOf(world.state()), ElementsAre("datasets/default/raw"));
}

TEST(ChangedRecords, AliasesHaveKeysOfTheirOwn) {
  World world;
  ASSERT_TRUE(world.Write({R"({"kind":"MODEL","name":"m","aliases":{"live":3}})"}).ok());
  const auto records = ChangedRecords(world.state());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].first, "models/m/aliases/live");
  EXPECT_EQ(control::DecodeRegistryRecord(records[0].second)->alias_version, 3);
}

TEST(FlagsOf, SayWhatIsNotKnownOfAModel) {
  World world;
  ASSERT_TRUE(world
                  .Write({kClicks, kRanker, R"({"kind":"RUN","id":"r","reads":["default/clicks"]})",
                          R"({"kind":"MODEL_VERSION","model":"ranker","version":1,"run":"r"})",
                          R"({"kind":"MODEL_VERSION","model":"ranker","version":2})"})
                  .ok());
  const auto flags = [&](std::string_view name) {
    std::vector<control::ModelFlag> list;
    for (const auto& note : FlagsOf(world.state(), *world.state().Find(name))) {
      list.push_back(note.flag);
    }
    return list;
  };
  EXPECT_THAT(flags("models/ranker/versions/1"),
              ElementsAre(control::ModelFlag::kUnversionedInput, control::ModelFlag::kUndigested,
                          control::ModelFlag::kRunNotFinished));
  EXPECT_THAT(flags("models/ranker/versions/2"),
              ElementsAre(control::ModelFlag::kUndigested, control::ModelFlag::kNoInputs));
}

TEST(SyntheticShare, IsTheGreatestThatADatasetBehindStates) {
  World world;
  ASSERT_TRUE(world
                  .Write({R"({"kind":"DATASET","name":"a","synthetic":0.25})",
                          R"({"kind":"DATASET","name":"b","synthetic":0.5})", kRanker,
                          R"({"kind":"MODEL_VERSION","model":"ranker","version":1,
                              "inputs":["default/a","default/b"]})",
                          R"({"kind":"MODEL_VERSION","model":"ranker","version":2})"})
                  .ok());
  EXPECT_EQ(SyntheticShare(world.state(), *world.state().Find("models/ranker/versions/1")), 0.5);
  EXPECT_EQ(SyntheticShare(world.state(), *world.state().Find("models/ranker/versions/2")),
            std::nullopt);
}

TEST(RecordOf, ServedDatasetsCarryTheirClosureAndSoDoTheirVersions) {
  World world;
  ASSERT_TRUE(
      world
          .Write({kClicks, kRaw,
                  R"({"kind":"DATASET_VERSION","dataset":"default/clicks","label":"1"})", kRanker,
                  R"({"kind":"MODEL_VERSION","model":"ranker","version":1,
                              "serves":["default/clicks"]})"})
          .ok());
  EXPECT_TRUE(Record(&world, "datasets/default/clicks").serve.has_value());
  EXPECT_TRUE(Record(&world, "datasets/default/clicks/versions/1").serve.has_value());
  EXPECT_FALSE(Record(&world, "datasets/default/raw").serve.has_value());
}

// What an old state is made anew from is what was written change by change.
TEST(AllRecords, AreTheNewestOfEachKeyThatWasEverWritten) {
  const std::vector<std::vector<std::string>> transactions = {
      {kClicks, R"({"kind":"DATASET","name":"raw","synthetic":0.5})", kRanker},
      {R"({"kind":"RUN","id":"r1","job":"shop/train","state":"RUNNING","reads":["default/raw"]})",
       R"({"kind":"MODEL_VERSION","model":"ranker","version":1,"run":"r1"})"},
      {R"({"kind":"RUN","id":"r1","state":"COMPLETED"})",
       R"({"kind":"MODEL","name":"ranker","aliases":{"live":1}})"},
      {R"({"kind":"DATASET","name":"raw","declaration":{"grants":[]}})",
       R"({"kind":"DATASET_VERSION","dataset":"default/raw","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000001"})"},
      {R"({"kind":"EDGE","edge":"SERVES","from":"default/raw","to":"ranker@1"})"},
      {R"({"kind":"EDGE","edge":"DERIVED","from":"default/clicks","to":"default/raw"})"}};
  World world;
  std::map<std::string, std::string> written;
  for (const auto& items : transactions) {
    const absl::Status status = world.Write(items);
    ASSERT_TRUE(status.ok()) << status;
    for (const auto& [key, value] : ChangedRecords(world.state())) written[key] = value;
    world.Commit();
  }
  const auto all = AllRecords(world.state());
  EXPECT_EQ(std::map(all.begin(), all.end()), written);
  ASSERT_FALSE(written.empty());
  written.erase(written.begin());
  EXPECT_NE(std::map(all.begin(), all.end()), written);
}

}  // namespace
}  // namespace lineward::registry

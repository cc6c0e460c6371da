#include "registry/src/views.h"

#include <gtest/gtest.h>

#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

TEST(ViewOf, ADatasetListsItsVersionsAndSaysWhetherItIsDeclared) {
  World world;
  ASSERT_TRUE(world
                  .WriteAndCommit(
                      {kRaw, R"({"kind":"DATASET_VERSION","dataset":"default/raw","label":"1"})"})
                  .ok());
  const document::Json view = ViewOf(world.state(), *world.state().Find("datasets/default/raw"));
  EXPECT_EQ(view.Find("undeclared")->AsBool(), true);
  EXPECT_EQ(view.Find("versions")->items().at(0).AsText(), "datasets/default/raw/versions/1");
  EXPECT_EQ(view.Find("etag")->AsText(), "\"1\"");
}

TEST(ViewOf, AModelVersionListsWhatStandsBehindIt) {
  World world;
  ASSERT_TRUE(world.WriteAndCommit({kClicks, kRanker, kRankerOne}).ok());
  const document::Json view =
      ViewOf(world.state(), *world.state().Find("models/ranker/versions/1"));
  EXPECT_EQ(view.Find("closure")->items().at(0).AsText(), "datasets/default/clicks");
  EXPECT_EQ(view.Find("flags")->items().at(0).Find("flag")->AsText(), "UNVERSIONED_INPUT");
}

}  // namespace
}  // namespace lineward::registry

#include "lineward/lineage/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lineward::lineage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SearchTest : public ::testing::Test {
 protected:
  NodeId Node(NodeKind kind, const std::string& name, NodeId series = kNoNode) {
    return graph_.Intern(kind, name, series, 1);
  }
  EdgeId Add(EdgeKind kind, NodeId from, NodeId to, uint64_t seq = 1) {
    return *graph_.AddEdge({.kind = kind, .from = from, .to = to, .seq = seq});
  }
  std::vector<std::string> Path(NodeId from, NodeId to, Known known = {}) {
    std::vector<std::string> names;
    for (const Step& step : ShortestPath(graph_, from, to, known)) {
      names.push_back(graph_.NameOf(step.node));
    }
    return names;
  }

  Graph graph_;
};

TEST_F(SearchTest, ThePathRunsFromTheModelUpToTheDataset) {
  const NodeId chats = Node(NodeKind::kDataset, "support-chats");
  const NodeId run = Node(NodeKind::kRun, "7f31");
  const NodeId model = Node(NodeKind::kModelVersion, "ranker@2");
  Add(EdgeKind::kRead, chats, run);
  const EdgeId trained = Add(EdgeKind::kTrained, run, model);
  EXPECT_THAT(Path(chats, model), ElementsAre("ranker@2", "7f31", "support-chats"));
  EXPECT_THAT(Path(model, chats), IsEmpty());
  const std::vector<Step> steps = ShortestPath(graph_, chats, model);
  EXPECT_EQ(steps[0].edge, trained);
  EXPECT_EQ(steps[2].edge, std::nullopt);
}

TEST_F(SearchTest, TheShorterOfTwoPathsWinsThenTheLesserName) {
  const NodeId raw = Node(NodeKind::kDataset, "raw");
  const NodeId b = Node(NodeKind::kDataset, "b");
  const NodeId a = Node(NodeKind::kDataset, "a");
  const NodeId model = Node(NodeKind::kModelVersion, "m");
  for (NodeId middle : {b, a}) {
    Add(EdgeKind::kDerived, raw, middle);
    Add(EdgeKind::kInput, middle, model);
  }
  EXPECT_THAT(Path(raw, model), ElementsAre("m", "a", "raw"));
  Add(EdgeKind::kInput, raw, model);
  EXPECT_THAT(Path(raw, model), ElementsAre("m", "raw"));
}

TEST_F(SearchTest, ThePathToASeriesMayEndInItsVersion) {
  const NodeId raw = Node(NodeKind::kDataset, "raw");
  const NodeId version = Node(NodeKind::kDatasetVersion, "raw@1", raw);
  const NodeId model = Node(NodeKind::kModelVersion, "m");
  Add(EdgeKind::kInput, version, model);
  EXPECT_THAT(Path(raw, model), ElementsAre("m", "raw@1"));
}

TEST_F(SearchTest, OldDecisionsSeeTheEdgesThatWereKnownThen) {
  const NodeId raw = Node(NodeKind::kDataset, "raw");
  const NodeId model = Node(NodeKind::kModelVersion, "m");
  const EdgeId edge = Add(EdgeKind::kInput, raw, model, 5);
  graph_.Supersede(edge, 8);
  EXPECT_THAT(Path(raw, model, {4}), IsEmpty());
  EXPECT_THAT(Path(raw, model, {5}), ElementsAre("m", "raw"));
  EXPECT_THAT(Path(raw, model, {7}), ElementsAre("m", "raw"));
  EXPECT_THAT(Path(raw, model), IsEmpty());
  EXPECT_THAT(ClosureAt(graph_, model, {7}), ElementsAre(raw, model));
  EXPECT_THAT(ClosureAt(graph_, model, {8}), ElementsAre(model));
}

TEST_F(SearchTest, ClosureAtTheLatestFactIsTheClosure) {
  const NodeId raw = Node(NodeKind::kDataset, "raw");
  const NodeId version = Node(NodeKind::kDatasetVersion, "raw@1", raw);
  const NodeId model = Node(NodeKind::kModelVersion, "m");
  Add(EdgeKind::kInput, version, model);
  EXPECT_EQ(ClosureAt(graph_, model, {}), graph_.C(model));
}

TEST_F(SearchTest, UpstreamIsCutAtTheBudgetAndSaysSo) {
  const NodeId model = Node(NodeKind::kModelVersion, "m");
  for (const char* name : {"c", "a", "b"}) {
    Add(EdgeKind::kInput, Node(NodeKind::kDataset, name), model);
  }
  const Upstream all = SearchUpstream(graph_, model, {});
  EXPECT_TRUE(all.is_complete);
  EXPECT_EQ(all.nodes.size(), 4u);
  EXPECT_EQ(all.edges.size(), 3u);

  const Upstream cut = SearchUpstream(graph_, model, {.nodes = 3});
  EXPECT_FALSE(cut.is_complete);
  EXPECT_EQ(cut.nodes_hidden, 1u);
  ASSERT_EQ(cut.nodes.size(), 3u);
  EXPECT_EQ(graph_.NameOf(cut.nodes[1].node), "a");
  EXPECT_EQ(graph_.NameOf(cut.nodes[2].node), "b");
  EXPECT_EQ(cut.edges.size(), 2u);

  EXPECT_FALSE(SearchUpstream(graph_, model, {.edges = 2}).is_complete);
}

TEST_F(SearchTest, ReachingTheAskedHopsIsNoTruncation) {
  const NodeId raw = Node(NodeKind::kDataset, "raw");
  const NodeId clean = Node(NodeKind::kDataset, "clean");
  const NodeId model = Node(NodeKind::kModelVersion, "m");
  Add(EdgeKind::kDerived, raw, clean);
  Add(EdgeKind::kInput, clean, model);
  const Upstream near = SearchUpstream(graph_, model, {.hops_max = 1});
  EXPECT_TRUE(near.is_complete);
  EXPECT_EQ(near.nodes.size(), 2u);
  EXPECT_EQ(near.nodes_beyond_hops, 1u);
}

}  // namespace
}  // namespace lineward::lineage

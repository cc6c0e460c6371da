#include "lineward/lineage/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "lineward/base/status.h"
#include "tests/support/seed.h"

namespace lineward::lineage {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class GraphTest : public ::testing::Test {
 protected:
  NodeId Series(const std::string& name) { return graph_.Intern(NodeKind::kDataset, name); }
  NodeId Version(const std::string& name, NodeId series) {
    return graph_.Intern(NodeKind::kDatasetVersion, name, series);
  }
  NodeId Model(const std::string& name) { return graph_.Intern(NodeKind::kModelVersion, name); }
  NodeId Run(const std::string& name) { return graph_.Intern(NodeKind::kRun, name); }
  EdgeId Add(EdgeKind kind, NodeId from, NodeId to) {
    const auto edge = graph_.AddEdge({.kind = kind, .from = from, .to = to});
    EXPECT_TRUE(edge.ok()) << edge.status();
    return *edge;
  }

  Graph graph_;
};

TEST_F(GraphTest, InternsEqualNamesOfOneKindOnce) {
  EXPECT_EQ(Series("a"), Series("a"));
  EXPECT_NE(Series("a"), Model("a"));
  EXPECT_EQ(graph_.Find(NodeKind::kDataset, "b"), std::nullopt);
}

TEST_F(GraphTest, ClosureRunsFromDataThroughRunsToTheModel) {
  const NodeId clicks = Series("clicks");
  const NodeId run = Run("r");
  const NodeId model = Model("m@1");
  Add(EdgeKind::kRead, clicks, run);
  Add(EdgeKind::kTrained, run, model);
  EXPECT_THAT(graph_.C(model), ElementsAre(clicks, model));
}

// The closure trap: grants stand on the series only, so a model that reads a version is bound by
// the series too, but not by the series' other versions.
TEST_F(GraphTest, ClosureOfAVersionHoldsTheRecordOfItsSeriesButNotItsClosure) {
  const NodeId raw = Series("raw");
  const NodeId old_version = Version("raw@1", raw);
  const NodeId new_version = Version("raw@2", raw);
  const NodeId model = Model("m@1");
  Add(EdgeKind::kInput, new_version, model);
  EXPECT_THAT(graph_.C(model), ElementsAre(raw, new_version, model));
  EXPECT_THAT(graph_.C(model), Not(Contains(old_version)));
}

TEST_F(GraphTest, ReadingTheSeriesMeansEveryVersion) {
  const NodeId raw = Series("raw");
  const NodeId v1 = Version("raw@1", raw);
  const NodeId v2 = Version("raw@2", raw);
  const NodeId model = Model("m@1");
  Add(EdgeKind::kInput, raw, model);
  EXPECT_THAT(graph_.C(model), ElementsAre(raw, v1, v2, model));
  const NodeId v3 = Version("raw@3", raw);
  EXPECT_THAT(graph_.C(model), Contains(v3));
}

TEST_F(GraphTest, ParentsBringTheirDataAndTheirEvaluationData) {
  const NodeId a = Series("a");
  const NodeId b = Series("b");
  const NodeId base = Model("base@1");
  const NodeId tuned = Model("tuned@1");
  Add(EdgeKind::kInput, a, base);
  Add(EdgeKind::kEvaluated, b, base);
  Add(EdgeKind::kParent, base, tuned);
  EXPECT_THAT(graph_.C(tuned), ElementsAre(a, base, tuned));
  EXPECT_THAT(graph_.E(tuned), ElementsAre(b));
  EXPECT_THAT(graph_.S(tuned), IsEmpty());
}

TEST_F(GraphTest, ServedDataStandApart) {
  const NodeId features = Series("features");
  const NodeId source = Series("source");
  const NodeId model = Model("m@1");
  Add(EdgeKind::kServes, features, model);
  Add(EdgeKind::kDerived, source, features);
  EXPECT_THAT(graph_.S(model), ElementsAre(features, source));
  EXPECT_THAT(graph_.Serves(model), ElementsAre(features));
  EXPECT_THAT(graph_.C(model), ElementsAre(model));
}

TEST_F(GraphTest, RefusesAnEdgeBetweenKindsThatDoNotFit) {
  const auto edge =
      graph_.AddEdge({.kind = EdgeKind::kTrained, .from = Series("a"), .to = Model("m")});
  EXPECT_EQ(edge.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(base::ReasonOf(edge.status()), "INVALID_FIELD");
}

TEST_F(GraphTest, SupersedingAnEdgeTakesItsRecordsAwayAlsoOutOfACycle) {
  const NodeId a = Series("a");
  const NodeId b = Series("b");
  const NodeId source = Series("source");
  const NodeId model = Model("m");
  Add(EdgeKind::kDerived, a, b);
  Add(EdgeKind::kDerived, b, a);
  Add(EdgeKind::kInput, b, model);
  const EdgeId inflow = Add(EdgeKind::kDerived, source, a);
  EXPECT_THAT(graph_.C(model), ElementsAre(a, b, source, model));
  graph_.Supersede(inflow, 7);
  EXPECT_THAT(graph_.C(model), ElementsAre(a, b, model));
  EXPECT_EQ(graph_.EdgeAt(inflow).superseded_seq, 7u);
}

TEST_F(GraphTest, ADatasetThatNothingFlowsIntoIsUnsourced) {
  const NodeId raw = Series("raw");
  const NodeId clean = Series("clean");
  EXPECT_TRUE(graph_.Has(clean, kUnsourced));
  const NodeId run = Run("r");
  Add(EdgeKind::kWrite, run, clean);
  EXPECT_TRUE(graph_.Has(clean, kUnsourced)) << "a run that read nothing is no source";
  Add(EdgeKind::kRead, raw, run);
  EXPECT_FALSE(graph_.Has(clean, kUnsourced));
  EXPECT_TRUE(graph_.Has(raw, kUnsourced));
}

TEST_F(GraphTest, WhatFlowsIntoAVersionSourcesItsSeries) {
  const NodeId raw = Series("raw");
  const NodeId clean = Series("clean");
  const NodeId version = Version("clean@1", clean);
  EXPECT_TRUE(graph_.Has(clean, kUnsourced)) << "its own version is no source";
  const EdgeId edge = Add(EdgeKind::kDerived, raw, version);
  EXPECT_FALSE(graph_.Has(version, kUnsourced));
  EXPECT_FALSE(graph_.Has(clean, kUnsourced));
  graph_.Supersede(edge, 2);
  EXPECT_TRUE(graph_.Has(version, kUnsourced));
  EXPECT_TRUE(graph_.Has(clean, kUnsourced));
}

TEST_F(GraphTest, SeriesThatFeedEachOtherAreNoSource) {
  const NodeId a = Series("a");
  const NodeId b = Series("b");
  Add(EdgeKind::kDerived, a, b);
  EXPECT_FALSE(graph_.Has(b, kUnsourced));
  Add(EdgeKind::kDerived, b, a);
  EXPECT_TRUE(graph_.Has(a, kUnsourced));
  EXPECT_TRUE(graph_.Has(b, kUnsourced));
}

TEST_F(GraphTest, SeriesThatFeedEachOtherThroughVersionsAreNoSource) {
  const NodeId a = Series("a");
  const NodeId b = Series("b");
  const NodeId a1 = Version("a@1", a);
  const NodeId b1 = Version("b@1", b);
  Add(EdgeKind::kDerived, a, b1);
  Add(EdgeKind::kDerived, b, a1);
  EXPECT_TRUE(graph_.Has(a, kUnsourced));
  EXPECT_TRUE(graph_.Has(b1, kUnsourced));
}

TEST_F(GraphTest, ModelsOnABaseWithoutInputsAndModelsBehindThemselvesAreFlagged) {
  const NodeId base = Model("base");
  const NodeId tuned = Model("tuned");
  Add(EdgeKind::kParent, base, tuned);
  EXPECT_TRUE(graph_.Has(tuned, kNoDataset));
  EXPECT_FALSE(graph_.Has(tuned, kOwnAncestor));
  const EdgeId back = Add(EdgeKind::kParent, tuned, base);
  EXPECT_TRUE(graph_.Has(tuned, kOwnAncestor));
  EXPECT_TRUE(graph_.Has(base, kOwnAncestor));
  graph_.Supersede(back, 3);
  EXPECT_FALSE(graph_.Has(base, kOwnAncestor));
  Add(EdgeKind::kInput, Series("data"), base);
  EXPECT_FALSE(graph_.Has(tuned, kNoDataset));
}

TEST_F(GraphTest, ACycleOfVersionsIsFoundButOneThroughASeriesIsNone) {
  const NodeId a = Series("a");
  const NodeId a1 = Version("a@1", a);
  const NodeId a2 = Version("a@2", a);
  const NodeId run = Run("r");
  Add(EdgeKind::kDerived, a1, a2);
  Add(EdgeKind::kRead, a2, run);
  EXPECT_TRUE(graph_.ClosesVersionCycle(run, a1));
  EXPECT_FALSE(graph_.ClosesVersionCycle(a1, run));
  EXPECT_FALSE(graph_.ClosesVersionCycle(a, a1));
  EXPECT_TRUE(graph_.Reaches(a1, run));
  EXPECT_TRUE(graph_.Reaches(a1, a));
  EXPECT_FALSE(graph_.Reaches(run, a1));
}

TEST_F(GraphTest, RefusesTheEdgeThatWouldPassTheLimitAndTakesItFlaggedWhenAsked) {
  const NodeId all = Series("all");
  for (size_t i = 0; i + 1 < kClosureMax; ++i) {
    Add(EdgeKind::kDerived, Series("d" + std::to_string(i)), all);
  }
  EXPECT_EQ(graph_.C(all).size(), kClosureMax);
  const NodeId model = Model("m");
  const auto refused = graph_.AddEdge({.kind = EdgeKind::kInput, .from = all, .to = model});
  EXPECT_EQ(base::ReasonOf(refused.status()), "LINEAGE_TOO_LARGE");
  EXPECT_THAT(graph_.C(model), ElementsAre(model));
  ASSERT_TRUE(
      graph_.AddEdge({.kind = EdgeKind::kInput, .from = all, .to = model}, Graph::OnTooLarge::kTake)
          .ok());
  EXPECT_TRUE(graph_.Has(model, kClosureTooLarge));
  EXPECT_FALSE(graph_.Has(all, kClosureTooLarge));
}

TEST_F(GraphTest, PendingNamesTheModelsWhoseFactsChange) {
  const NodeId data = Series("data");
  const NodeId features = Series("features");
  const NodeId base = Model("base");
  const NodeId tuned = Model("tuned");
  const NodeId other = Model("other");
  Add(EdgeKind::kInput, data, base);
  Add(EdgeKind::kParent, base, tuned);
  Add(EdgeKind::kServes, features, other);
  graph_.Commit();
  EXPECT_TRUE(graph_.Pending().IsEmpty());

  const NodeId held_out = Series("held-out");
  Add(EdgeKind::kEvaluated, held_out, base);
  EXPECT_THAT(graph_.Pending().closures, ElementsAre(base, tuned, held_out));
  graph_.Commit();

  Add(EdgeKind::kDerived, data, features);
  EXPECT_THAT(graph_.Pending().closures, ElementsAre(features, other));
  EXPECT_THAT(graph_.Pending().flags, ElementsAre(features));
}

TEST_F(GraphTest, RollbackLeavesNoTrace) {
  const NodeId a = Series("a");
  const NodeId model = Model("m");
  const EdgeId edge = Add(EdgeKind::kInput, a, model);
  graph_.Commit();
  graph_.Supersede(edge, 2);
  const NodeId b = Series("b");
  Add(EdgeKind::kInput, Version("b@1", b), model);
  graph_.Rollback();
  EXPECT_THAT(graph_.C(model), ElementsAre(a, model));
  EXPECT_EQ(graph_.NodeCount(), 2u);
  EXPECT_EQ(graph_.EdgeCount(), 1u);
  EXPECT_EQ(graph_.EdgeAt(edge).superseded_seq, kNever);
  EXPECT_EQ(Series("c"), b) << "ids are given out again";
  EXPECT_EQ(graph_.Find(NodeKind::kDataset, "b"), std::nullopt);
}

// The oracle: everything from the definitions, by searches from scratch over plain edge lists. It
// shares nothing with the graph but the ids.
class Naive {
 public:
  explicit Naive(bool skips_parents = false) : skips_parents_(skips_parents) {}

  struct Link {
    EdgeKind kind;
    NodeId from, to;
    bool live = true;
  };
  std::vector<NodeKind> kinds;
  std::vector<NodeId> series;
  std::vector<Link> links;

  std::set<NodeId> Up(NodeId start) const {
    std::set<NodeId> seen{start};
    std::vector<NodeId> work{start};
    while (!work.empty()) {
      const NodeId node = work.back();
      work.pop_back();
      for (const Link& link : links) {
        if (link.to == node && Counts(link) && seen.insert(link.from).second) {
          work.push_back(link.from);
        }
      }
    }
    return seen;
  }

  std::set<NodeId> C(NodeId node) const {
    std::set<NodeId> records;
    for (NodeId up : Up(node)) {
      if (kinds[up] <= NodeKind::kModelVersion) records.insert(up);
      if (series[up] != kNoNode) records.insert(series[up]);
    }
    return records;
  }

  std::set<NodeId> E(NodeId model) const {
    std::set<NodeId> records;
    const std::set<NodeId> behind = C(model);
    for (const Link& link : links) {
      if (!link.live || link.kind != EdgeKind::kEvaluated || !behind.contains(link.to)) continue;
      records.merge(C(link.from));
    }
    return records;
  }

  std::set<NodeId> S(NodeId model) const {
    std::set<NodeId> records;
    for (const Link& link : links) {
      if (link.live && link.kind == EdgeKind::kServes && link.to == model) {
        records.merge(C(link.from));
      }
    }
    return records;
  }

  bool SameCircle(NodeId a, NodeId b) const { return Up(a).contains(b) && Up(b).contains(a); }

  void Sources(NodeId node, std::set<NodeId>* seen, std::set<NodeId>* sources) const {
    for (const Link& link : links) {
      if (link.to != node || !Counts(link) || link.kind == EdgeKind::kVersionOf) continue;
      if (!seen->insert(link.from).second) continue;
      if (kinds[link.from] <= NodeKind::kModelVersion) {
        sources->insert(link.from);
      } else {
        Sources(link.from, seen, sources);
      }
    }
  }

  bool Unsourced(NodeId dataset) const {
    std::set<NodeId> sources;
    for (NodeId node = 0; node < kinds.size(); ++node) {
      if (node != dataset && series[node] != dataset) continue;
      std::set<NodeId> seen{node};
      Sources(node, &seen, &sources);
    }
    return std::none_of(sources.begin(), sources.end(), [&](NodeId source) {
      return source != series[dataset] && series[source] != dataset && !SameCircle(source, dataset);
    });
  }

  bool OwnAncestor(NodeId model) const {
    return std::any_of(links.begin(), links.end(), [&](const Link& link) {
      return link.to == model && Counts(link) && Up(link.from).contains(model);
    });
  }

 private:
  bool Counts(const Link& link) const {
    if (skips_parents_ && link.kind == EdgeKind::kParent) return false;
    return link.live && link.kind <= EdgeKind::kVersionOf;
  }
  bool skips_parents_;
};

std::set<NodeId> SetOf(const std::vector<NodeId>& ids) {
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  return {ids.begin(), ids.end()};
}

// Runs `steps` random operations on a graph and on the oracle; returns the number of differences
// found on the way (0: they agree everywhere).
int Differences(uint64_t seed, int steps, bool oracle_skips_parents) {
  std::mt19937_64 random(seed);
  const auto pick = [&](size_t bound) { return static_cast<size_t>(random() % bound); };
  Graph graph;
  Naive naive(oracle_skips_parents);
  std::map<NodeKind, std::vector<NodeId>> of_kind;
  const auto intern = [&](NodeKind kind, NodeId series) {
    const NodeId id = graph.Intern(kind, "n" + std::to_string(naive.kinds.size()), series);
    naive.kinds.push_back(kind);
    naive.series.push_back(series);
    of_kind[kind].push_back(id);
    if (series != kNoNode) naive.links.push_back({EdgeKind::kVersionOf, id, series});
  };
  for (NodeKind kind :
       {NodeKind::kDataset, NodeKind::kModelVersion, NodeKind::kRun, NodeKind::kJob}) {
    for (int i = 0; i < 3; ++i) intern(kind, kNoNode);
  }
  for (int i = 0; i < 3; ++i) intern(NodeKind::kDatasetVersion, of_kind[NodeKind::kDataset][i]);

  int differences = 0;
  for (int step = 0; step < steps; ++step) {
    const size_t action = pick(100);
    if (action < 4 && naive.kinds.size() < 60) {
      const NodeKind kind = static_cast<NodeKind>(1 + pick(5));
      const auto& datasets = of_kind[NodeKind::kDataset];
      intern(kind, kind == NodeKind::kDatasetVersion ? datasets[pick(datasets.size())] : kNoNode);
    } else if (action < 55) {
      const NodeId from = static_cast<NodeId>(pick(naive.kinds.size()));
      const NodeId to = static_cast<NodeId>(pick(naive.kinds.size()));
      const EdgeKind kind = static_cast<EdgeKind>(1 + pick(11));
      if (kind == EdgeKind::kVersionOf) continue;
      if (!graph.AddEdge({.kind = kind, .from = from, .to = to}).ok()) continue;
      naive.links.push_back({kind, from, to});
    } else if (action < 85) {
      const size_t edge = pick(graph.EdgeCount());
      if (graph.EdgeAt(static_cast<EdgeId>(edge)).kind == EdgeKind::kVersionOf) continue;
      graph.Supersede(static_cast<EdgeId>(edge), static_cast<uint64_t>(step));
      naive.links[edge].live = false;
    } else if (action < 90) {
      graph.Commit();
    }
    // A node at each step, everything now and then.
    const bool is_full = step % 200 == 199;
    const size_t count = is_full ? naive.kinds.size() : 1;
    const NodeId first = is_full ? 0 : static_cast<NodeId>(pick(naive.kinds.size()));
    for (NodeId node = first; node < first + count; ++node) {
      const NodeKind kind = naive.kinds[node];
      if (SetOf(graph.C(node)) != naive.C(node)) ++differences;
      if (kind == NodeKind::kModelVersion) {
        if (SetOf(graph.E(node)) != naive.E(node)) ++differences;
        if (SetOf(graph.S(node)) != naive.S(node)) ++differences;
        if (graph.Has(node, kOwnAncestor) != naive.OwnAncestor(node)) ++differences;
      }
      if (kind == NodeKind::kDataset || kind == NodeKind::kDatasetVersion) {
        if (graph.Has(node, kUnsourced) != naive.Unsourced(node)) ++differences;
      }
    }
  }
  return differences;
}

TEST(GraphRandom, IncrementalEqualsNaive) {
  for (uint64_t seed = support::Seed(); seed < support::Seed() + 10; ++seed) {
    EXPECT_EQ(Differences(seed, 2'000, false), 0) << "seed " << seed;
  }
}

TEST(GraphRandom, TheComparisonSeesASkippedParent) {
  EXPECT_GT(Differences(support::Seed(), 2'000, true), 0);
}

// Rolling back random changes gives the graph that stood before, closures and flags included.
TEST(GraphRandom, RollbackRestoresEveryClosure) {
  std::mt19937_64 random(support::Seed());
  Graph graph;
  const auto step = [&] {
    const std::string name = "n" + std::to_string(random() % 40);
    const NodeKind kind = static_cast<NodeKind>(1 + random() % 5);
    if (kind != NodeKind::kDatasetVersion) {
      graph.Intern(kind, name);
    } else if (const auto series = graph.Find(NodeKind::kDataset, name)) {
      graph.Intern(kind, name, *series);
    }
    if (graph.NodeCount() == 0) return;
    const auto any = [&] { return static_cast<NodeId>(random() % graph.NodeCount()); };
    static_cast<void>(graph.AddEdge(
        {.kind = static_cast<EdgeKind>(1 + random() % 11), .from = any(), .to = any()}));
    if (graph.EdgeCount() > 0 && random() % 3 == 0) {
      graph.Supersede(static_cast<EdgeId>(random() % graph.EdgeCount()), 9);
    }
  };
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 10; ++i) step();
    graph.Commit();
    std::vector<std::vector<NodeId>> before;
    std::vector<uint8_t> flags;
    for (NodeId node = 0; node < graph.NodeCount(); ++node) {
      before.push_back(graph.C(node));
      flags.push_back(graph.FlagsOf(node));
    }
    for (int i = 0; i < 10; ++i) step();
    graph.Rollback();
    ASSERT_EQ(graph.NodeCount(), before.size());
    for (NodeId node = 0; node < graph.NodeCount(); ++node) {
      ASSERT_EQ(graph.C(node), before[node]) << "seed " << support::Seed() << " round " << round;
      ASSERT_EQ(graph.FlagsOf(node), flags[node]);
    }
  }
}

}  // namespace
}  // namespace lineward::lineage

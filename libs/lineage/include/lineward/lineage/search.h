#pragma once

// Walks over the graph as it was known at a fact: shortest paths for explanations, and what stands
// upstream within a budget. Pure; any thread while the graph does not change.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lineward/lineage/graph.h"

namespace lineward::lineage {

// Which edges count: those stated by a fact up to `known_at` and not superseded by one of these.
struct Known {
  uint64_t at = kNever - 1;  // a registry seq; by default everything
  bool Sees(const Edge& edge) const { return edge.seq <= at && edge.superseded_seq > at; }
};

// One step of a path, from the downstream end up: `node` got its data over `edge` from the next
// step's node; the last step has no edge.
struct Step {
  NodeId node = kNoNode;
  std::optional<EdgeId> edge;
};

// A shortest way from `to` up to `from` over closure edges (and, as its first step, SERVES or
// EVALUATED), first by length, then by node names: "ranker@2 <- run 7f31 <- dataset". Empty if
// there is none. Where only a version of the series `from` flows in, the series' record counts in
// C(version): then the path ends in that version.
std::vector<Step> ShortestPath(const Graph& graph, NodeId from, NodeId to, Known known = {});

// C(n) as it was known then, by a search from scratch: for decisions of the past.
std::vector<NodeId> ClosureAt(const Graph& graph, NodeId node, Known known);

struct Budget {
  uint32_t nodes = 200;  // shown at most, the start included
  uint32_t edges = 400;
  uint32_t hops_max = 64;
};

struct SeenNode {
  NodeId node = kNoNode;
  uint32_t hops = 0;
};

struct Upstream {
  std::vector<SeenNode> nodes;     // breadth first, in a level by (kind, name); the start is first
  std::vector<EdgeId> edges;       // between shown nodes, in the order of their targets
  bool is_complete = true;         // everything upstream within `hops_max` is here
  uint64_t nodes_hidden = 0;       // upstream within `hops_max`, beyond the budget
  uint64_t nodes_beyond_hops = 0;  // first nodes past `hops_max`: no truncation
};

// What stands behind `start` over closure edges, cut at the same place every time.
Upstream SearchUpstream(const Graph& graph, NodeId start, Budget budget, Known known = {});

}  // namespace lineward::lineage

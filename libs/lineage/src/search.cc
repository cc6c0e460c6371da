#include "lineward/lineage/search.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <tuple>

namespace lineward::lineage {
namespace {

bool IsClosureEdge(EdgeKind kind) { return kind <= EdgeKind::kVersionOf; }

bool IsRecord(NodeKind kind) { return kind <= NodeKind::kModelVersion; }

}  // namespace

std::vector<Step> ShortestPath(const Graph& graph, NodeId from, NodeId to, Known known) {
  // Breadth first from `to` upwards; `down` is the edge by which a node was reached.
  absl::flat_hash_map<NodeId, EdgeId> down;
  absl::flat_hash_set<NodeId> seen{to};
  std::vector<NodeId> level{to};
  const auto path_from = [&](NodeId end) {
    std::vector<Step> path{{end, std::nullopt}};
    for (NodeId node = end; node != to;) {
      const EdgeId edge = down.at(node);
      node = graph.EdgeAt(edge).to;
      path.push_back({node, edge});
    }
    std::reverse(path.begin(), path.end());
    return path;
  };
  if (from == to) return path_from(to);
  bool is_start = true;
  while (!level.empty()) {
    struct Candidate {
      NodeId node;
      size_t below;  // place in `level` of the node that it flows into
      EdgeId edge;
    };
    std::vector<Candidate> candidates;
    for (size_t below = 0; below < level.size(); ++below) {
      for (EdgeId id : graph.InEdges(level[below])) {
        const Edge& edge = graph.EdgeAt(id);
        const bool is_read = edge.kind == EdgeKind::kServes || edge.kind == EdgeKind::kEvaluated;
        // Evaluation data count for every model version downstream, serve-time data for one.
        const bool counts =
            IsClosureEdge(edge.kind) || edge.kind == EdgeKind::kEvaluated || (is_start && is_read);
        if (!counts || !known.Sees(edge)) continue;
        candidates.push_back({edge.from, below, id});
      }
    }
    std::sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
      return std::tie(graph.NameOf(a.node), a.below, a.edge) <
             std::tie(graph.NameOf(b.node), b.below, b.edge);
    });
    std::vector<NodeId> next;
    for (const Candidate& candidate : candidates) {
      if (!seen.insert(candidate.node).second) continue;
      down.emplace(candidate.node, candidate.edge);
      next.push_back(candidate.node);
    }
    if (seen.contains(from)) return path_from(from);
    for (NodeId node : next) {
      if (graph.SeriesOf(node) == from) return path_from(node);
    }
    level = std::move(next);
    is_start = false;
  }
  return {};
}

std::vector<NodeId> ClosureAt(const Graph& graph, NodeId node, Known known) {
  absl::flat_hash_set<NodeId> seen{node};
  std::vector<NodeId> work{node};
  std::vector<NodeId> records;
  while (!work.empty()) {
    const NodeId at = work.back();
    work.pop_back();
    if (IsRecord(graph.KindOf(at))) records.push_back(at);
    if (graph.SeriesOf(at) != kNoNode) records.push_back(graph.SeriesOf(at));
    for (EdgeId id : graph.InEdges(at)) {
      const Edge& edge = graph.EdgeAt(id);
      if (!IsClosureEdge(edge.kind) || !known.Sees(edge)) continue;
      if (seen.insert(edge.from).second) work.push_back(edge.from);
    }
  }
  std::sort(records.begin(), records.end());
  records.erase(std::unique(records.begin(), records.end()), records.end());
  return records;
}

Upstream SearchUpstream(const Graph& graph, NodeId start, Budget budget, Known known) {
  Upstream found;
  absl::flat_hash_set<NodeId> seen{start};
  std::vector<NodeId> level{start};
  for (uint32_t hops = 0; !level.empty(); ++hops) {
    std::sort(level.begin(), level.end(), [&](NodeId a, NodeId b) {
      return std::forward_as_tuple(graph.KindOf(a), graph.NameOf(a)) <
             std::forward_as_tuple(graph.KindOf(b), graph.NameOf(b));
    });
    if (hops > budget.hops_max) {
      found.nodes_beyond_hops = level.size();
      break;
    }
    std::vector<NodeId> next;
    for (NodeId node : level) {
      if (found.nodes.size() < budget.nodes) {
        found.nodes.push_back({node, hops});
      } else {
        ++found.nodes_hidden;
      }
      for (EdgeId id : graph.InEdges(node)) {
        const Edge& edge = graph.EdgeAt(id);
        if (!IsClosureEdge(edge.kind) || !known.Sees(edge)) continue;
        if (seen.insert(edge.from).second) next.push_back(edge.from);
      }
    }
    level = std::move(next);
  }
  absl::flat_hash_set<NodeId> shown;
  for (const SeenNode& node : found.nodes) shown.insert(node.node);
  bool is_edge_hidden = false;
  for (const SeenNode& node : found.nodes) {
    for (EdgeId id : graph.InEdges(node.node)) {
      const Edge& edge = graph.EdgeAt(id);
      if (!IsClosureEdge(edge.kind) || !known.Sees(edge) || !shown.contains(edge.from)) continue;
      if (found.edges.size() < budget.edges) {
        found.edges.push_back(id);
      } else {
        is_edge_hidden = true;
      }
    }
  }
  found.is_complete = found.nodes_hidden == 0 && !is_edge_hidden;
  return found;
}

}  // namespace lineward::lineage

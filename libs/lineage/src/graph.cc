#include "lineward/lineage/graph.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/lineage/reasons.h"

namespace lineward::lineage {
namespace {

std::string IdKey(NodeKind kind, std::string_view name) {
  std::string key(1, static_cast<char>(kind));
  key.append(name);
  return key;
}

bool IsDataset(NodeKind kind) {
  return kind == NodeKind::kDataset || kind == NodeKind::kDatasetVersion;
}

bool IsProcess(NodeKind kind) { return kind == NodeKind::kRun || kind == NodeKind::kJob; }

bool EndsFit(EdgeKind kind, NodeKind from, NodeKind to) {
  switch (kind) {
    case EdgeKind::kRead:
      return IsDataset(from) && IsProcess(to);
    case EdgeKind::kWrite:
      return IsProcess(from) && IsDataset(to);
    case EdgeKind::kTrained:
      return from == NodeKind::kRun && to == NodeKind::kModelVersion;
    case EdgeKind::kInput:
    case EdgeKind::kServes:
    case EdgeKind::kEvaluated:
      return IsDataset(from) && to == NodeKind::kModelVersion;
    case EdgeKind::kParent:
      return from == NodeKind::kModelVersion && to == NodeKind::kModelVersion;
    case EdgeKind::kDerived:
      return IsDataset(from) && IsDataset(to);
    case EdgeKind::kMadeBy:
      return from == NodeKind::kModelVersion && IsDataset(to);
    case EdgeKind::kVersionOf:
      return from == NodeKind::kDatasetVersion && to == NodeKind::kDataset;
    case EdgeKind::kRunOf:
      return from == NodeKind::kRun && to == NodeKind::kJob;
  }
  return false;
}

void SortUnique(std::vector<NodeId>* ids) {
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
}

std::vector<NodeId> Union(const std::vector<NodeId>& a, const std::vector<NodeId>& b) {
  std::vector<NodeId> both;
  both.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

}  // namespace

NodeId Graph::Intern(NodeKind kind, std::string_view name, NodeId series, uint64_t seq) {
  std::string key = IdKey(kind, name);
  if (const auto found = ids_.find(key); found != ids_.end()) return found->second;
  LW_CHECK((kind == NodeKind::kDatasetVersion) == (series != kNoNode),
           "a dataset version has a series, other nodes have none: `{}`", name);
  LW_CHECK(series == kNoNode || nodes_[series].kind == NodeKind::kDataset, "`{}`", name);
  const NodeId id = static_cast<NodeId>(nodes_.size());
  Node node;
  node.kind = kind;
  node.series = series;
  node.name = std::string(name);
  node.upstream = std::make_shared<std::vector<NodeId>>(IsRecord(kind) ? std::vector<NodeId>{id}
                                                                       : std::vector<NodeId>{});
  nodes_.push_back(std::move(node));
  ids_.emplace(std::move(key), id);
  undo_.push_back({.what = Undo::What::kNode, .id = id});
  nodes_[id].flags = ComputeFlags(id);
  if (series != kNoNode) {
    // A series may outgrow the limit by its versions alone: it is flagged, nothing is refused.
    const auto edge = AddEdge({.kind = EdgeKind::kVersionOf, .from = id, .to = series, .seq = seq},
                              OnTooLarge::kTake);
    LW_CHECK(edge.ok());
  }
  return id;
}

std::optional<NodeId> Graph::Find(NodeKind kind, std::string_view name) const {
  const auto found = ids_.find(IdKey(kind, name));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

EdgeId Graph::AppendEdge(const EdgeFacts& facts) {
  const EdgeId id = static_cast<EdgeId>(edges_.size());
  edges_.push_back({facts});
  nodes_[facts.from].out.push_back(id);
  nodes_[facts.to].in.push_back(id);
  undo_.push_back({.what = Undo::What::kEdge, .id = id});
  return id;
}

absl::StatusOr<EdgeId> Graph::AddEdge(const EdgeFacts& facts, OnTooLarge on_too_large) {
  LW_CHECK(facts.from < nodes_.size() && facts.to < nodes_.size());
  const Node& from = nodes_[facts.from];
  const Node& to = nodes_[facts.to];
  const bool fits = EndsFit(facts.kind, from.kind, to.kind) &&
                    (facts.kind != EdgeKind::kVersionOf || from.series == facts.to);
  if (!fits) {
    return base::InvalidArgument(
        kInvalidField, "an edge of this kind does not lead from `{}` to `{}`", from.name, to.name);
  }
  if (!IsClosureEdge(facts.kind)) return AppendEdge(facts);

  const Sets grown = Push(facts.from, facts.to);
  if (on_too_large == OnTooLarge::kRefuse) {
    for (const auto& [node, upstream] : grown) {
      // Each version brings its series along, so half the limit cannot pass it.
      if (upstream->size() * 2 <= kClosureMax) continue;
      const size_t records = WithSeries(*upstream).size();
      if (records <= kClosureMax) continue;
      return base::ResourceExhausted(kLineageTooLarge,
                                     "`{}` from `{}`: {} records behind `{}`, at most {}", to.name,
                                     from.name, records, nodes_[node].name, kClosureMax);
    }
  }
  const EdgeId id = AppendEdge(facts);
  std::vector<NodeId> changed;
  changed.reserve(grown.size() + 2);
  for (const auto& [node, upstream] : grown) changed.push_back(node);
  SortUnique(&changed);
  for (NodeId node : changed) SetUpstream(node, grown.at(node));
  changed.push_back(facts.from);
  changed.push_back(facts.to);
  RefreshFlags(changed);
  return id;
}

// The sets that grow when the records of `from` flow into `to`: a work list, each node in it once
// at a time; it ends in cycles since sets only grow.
Graph::Sets Graph::Push(NodeId from, NodeId to) const {
  Sets grown;
  const auto upstream_of = [&](NodeId node) {
    const auto found = grown.find(node);
    return found == grown.end() ? nodes_[node].upstream : found->second;
  };
  const auto grows = [&](NodeId source, NodeId target) {
    const RecordSet incoming = upstream_of(source);
    const RecordSet own = upstream_of(target);
    if (incoming == own) return false;
    if (std::includes(own->begin(), own->end(), incoming->begin(), incoming->end())) return false;
    std::vector<NodeId> both = Union(*own, *incoming);
    grown[target] = both.size() == incoming->size()
                        ? incoming
                        : std::make_shared<const std::vector<NodeId>>(std::move(both));
    return true;
  };
  std::deque<NodeId> work;
  absl::flat_hash_set<NodeId> queued;
  if (grows(from, to)) work.push_back(to);
  while (!work.empty()) {
    const NodeId node = work.front();
    work.pop_front();
    queued.erase(node);
    for (EdgeId id : nodes_[node].out) {
      const Edge& edge = edges_[id];
      if (!IsClosureEdge(edge.kind) || !IsLive(edge)) continue;
      if (grows(node, edge.to) && queued.insert(edge.to).second) work.push_back(edge.to);
    }
  }
  return grown;
}

void Graph::SetUpstream(NodeId node, RecordSet upstream) {
  undo_.push_back({.what = Undo::What::kUpstream, .id = node, .upstream = nodes_[node].upstream});
  nodes_[node].upstream = std::move(upstream);
}

void Graph::Supersede(EdgeId edge, uint64_t seq) {
  LW_CHECK(edge < edges_.size());
  Edge& ended = edges_[edge];
  if (!IsLive(ended)) return;
  ended.superseded_seq = seq;
  undo_.push_back({.what = Undo::What::kSuperseded, .id = edge});
  if (IsClosureEdge(ended.kind)) RecomputeCone(ended.to);
}

// Computes everything downstream of `start` anew: the strongly connected components of the cone in
// topological order, each from its own records and what flows into it. Tarjan's algorithm, with an
// explicit stack as lineage may be deep.
void Graph::RecomputeCone(NodeId start) {
  struct Visit {
    uint32_t index = 0;
    uint32_t low = 0;
    bool is_on_stack = false;
  };
  struct Frame {
    NodeId node;
    size_t next_edge;
  };
  absl::flat_hash_map<NodeId, Visit> visits;
  std::vector<NodeId> stack;
  std::vector<Frame> frames;
  std::vector<std::vector<NodeId>> components;  // reverse topological order
  uint32_t counter = 0;
  const auto enter = [&](NodeId node) {
    visits[node] = {counter, counter, true};
    ++counter;
    stack.push_back(node);
    frames.push_back({node, 0});
  };
  enter(start);
  while (!frames.empty()) {
    const NodeId node = frames.back().node;
    const std::vector<EdgeId>& out = nodes_[node].out;
    bool entered = false;
    while (!entered && frames.back().next_edge < out.size()) {
      const Edge& edge = edges_[out[frames.back().next_edge++]];
      if (!IsClosureEdge(edge.kind) || !IsLive(edge)) continue;
      const auto seen = visits.find(edge.to);
      if (seen == visits.end()) {
        enter(edge.to);
        entered = true;
      } else if (seen->second.is_on_stack) {
        const uint32_t index = seen->second.index;
        Visit& visit = visits[node];
        visit.low = std::min(visit.low, index);
      }
    }
    if (entered) continue;
    const Visit visit = visits[node];
    frames.pop_back();
    if (!frames.empty()) {
      Visit& parent = visits[frames.back().node];
      parent.low = std::min(parent.low, visit.low);
    }
    if (visit.low != visit.index) continue;
    std::vector<NodeId> component;
    for (bool is_root = false; !is_root;) {
      const NodeId member = stack.back();
      stack.pop_back();
      visits[member].is_on_stack = false;
      component.push_back(member);
      is_root = member == node;
    }
    components.push_back(std::move(component));
  }

  absl::flat_hash_map<NodeId, size_t> component_of;
  for (size_t i = 0; i < components.size(); ++i) {
    for (NodeId member : components[i]) component_of[member] = i;
  }
  std::vector<NodeId> changed{start};
  for (size_t i = components.size(); i-- > 0;) {
    std::vector<NodeId> records;
    absl::flat_hash_set<const std::vector<NodeId>*> taken;
    for (NodeId member : components[i]) {
      if (IsRecord(nodes_[member].kind)) records.push_back(member);
      for (EdgeId id : nodes_[member].in) {
        const Edge& edge = edges_[id];
        if (!IsClosureEdge(edge.kind) || !IsLive(edge)) continue;
        const auto source = component_of.find(edge.from);
        if (source != component_of.end() && source->second == i) continue;
        const RecordSet& flows = nodes_[edge.from].upstream;
        if (!taken.insert(flows.get()).second) continue;
        records.insert(records.end(), flows->begin(), flows->end());
      }
    }
    SortUnique(&records);
    RecordSet shared;
    for (NodeId member : components[i]) {
      if (*nodes_[member].upstream == records) continue;
      if (shared == nullptr) shared = std::make_shared<const std::vector<NodeId>>(records);
      SetUpstream(member, shared);
      changed.push_back(member);
    }
  }
  RefreshFlags(changed);
}

std::vector<NodeId> Graph::WithSeries(const std::vector<NodeId>& upstream) const {
  std::vector<NodeId> records = upstream;
  for (NodeId record : upstream) {
    if (nodes_[record].series != kNoNode) records.push_back(nodes_[record].series);
  }
  SortUnique(&records);
  return records;
}

bool Graph::IsUpstream(NodeId record, NodeId of) const {
  const std::vector<NodeId>& upstream = *nodes_[of].upstream;
  return std::binary_search(upstream.begin(), upstream.end(), record);
}

// True if something outside `dataset`'s own family and circle flows into `target`, which is
// `dataset` or one of its versions; runs and jobs are looked through.
bool Graph::FlowsInFromOutside(NodeId target, NodeId dataset) const {
  std::vector<NodeId> work{target};
  absl::flat_hash_set<NodeId> seen{target};
  while (!work.empty()) {
    const NodeId node = work.back();
    work.pop_back();
    for (EdgeId id : nodes_[node].in) {
      const Edge& edge = edges_[id];
      if (!IsClosureEdge(edge.kind) || edge.kind == EdgeKind::kVersionOf || !IsLive(edge)) continue;
      if (!seen.insert(edge.from).second) continue;
      const Node& source = nodes_[edge.from];
      if (!IsRecord(source.kind)) {
        work.push_back(edge.from);
        continue;
      }
      const bool is_own_series = nodes_[dataset].series == edge.from;
      const bool is_own_version = source.series == dataset;
      const bool is_own_circle = edge.from == dataset ||
                                 (IsUpstream(edge.from, dataset) && IsUpstream(dataset, edge.from));
      if (!is_own_series && !is_own_version && !is_own_circle) return true;
    }
  }
  return false;
}

uint8_t Graph::ComputeFlags(NodeId id) const {
  const Node& node = nodes_[id];
  uint8_t flags = 0;
  if (node.upstream->size() * 2 > kClosureMax && WithSeries(*node.upstream).size() > kClosureMax) {
    flags |= kClosureTooLarge;
  }
  if (IsDataset(node.kind)) {
    bool is_sourced = FlowsInFromOutside(id, id);
    for (size_t i = 0; !is_sourced && i < node.in.size(); ++i) {
      const Edge& edge = edges_[node.in[i]];
      is_sourced = edge.kind == EdgeKind::kVersionOf && FlowsInFromOutside(edge.from, id);
    }
    if (!is_sourced) flags |= kUnsourced;
  }
  if (node.kind == NodeKind::kModelVersion) {
    const bool has_dataset =
        std::any_of(node.upstream->begin(), node.upstream->end(),
                    [&](NodeId record) { return IsDataset(nodes_[record].kind); });
    if (!has_dataset) flags |= kNoDataset;
    for (EdgeId in : node.in) {
      const Edge& edge = edges_[in];
      if (!IsClosureEdge(edge.kind) || !IsLive(edge)) continue;
      if (IsUpstream(id, edge.from)) flags |= kOwnAncestor;
    }
  }
  return flags;
}

// A flag of a node depends on its own set and on the sets of what flows in, runs and jobs looked
// through; that of a series also on what flows into its versions.
void Graph::RefreshFlags(const std::vector<NodeId>& changed) {
  std::vector<NodeId> work = changed;
  absl::flat_hash_set<NodeId> followed;
  std::vector<NodeId> affected;
  while (!work.empty()) {
    const NodeId node = work.back();
    work.pop_back();
    if (!followed.insert(node).second) continue;
    affected.push_back(node);
    for (EdgeId id : nodes_[node].out) {
      const Edge& edge = edges_[id];
      if (!IsClosureEdge(edge.kind)) continue;
      if (IsRecord(nodes_[edge.to].kind)) {
        affected.push_back(edge.to);
      } else {
        work.push_back(edge.to);
      }
    }
  }
  for (size_t i = 0, end = affected.size(); i < end; ++i) {
    if (nodes_[affected[i]].series != kNoNode) affected.push_back(nodes_[affected[i]].series);
  }
  SortUnique(&affected);
  for (NodeId node : affected) {
    const uint8_t flags = ComputeFlags(node);
    if (flags == nodes_[node].flags) continue;
    undo_.push_back({.what = Undo::What::kFlags, .id = node, .flags = nodes_[node].flags});
    nodes_[node].flags = flags;
  }
}

std::vector<NodeId> Graph::C(NodeId node) const { return WithSeries(*nodes_[node].upstream); }

std::vector<NodeId> Graph::E(NodeId model_version) const {
  std::vector<NodeId> records;
  for (NodeId behind : *nodes_[model_version].upstream) {
    if (nodes_[behind].kind != NodeKind::kModelVersion) continue;
    for (EdgeId id : nodes_[behind].in) {
      const Edge& edge = edges_[id];
      if (edge.kind != EdgeKind::kEvaluated || !IsLive(edge)) continue;
      records = Union(records, C(edge.from));
    }
  }
  return records;
}

std::vector<NodeId> Graph::Serves(NodeId model_version) const {
  std::vector<NodeId> datasets;
  for (EdgeId id : nodes_[model_version].in) {
    const Edge& edge = edges_[id];
    if (edge.kind == EdgeKind::kServes && IsLive(edge)) datasets.push_back(edge.from);
  }
  SortUnique(&datasets);
  return datasets;
}

std::vector<NodeId> Graph::S(NodeId model_version) const {
  std::vector<NodeId> records;
  for (NodeId dataset : Serves(model_version)) records = Union(records, C(dataset));
  return records;
}

bool Graph::Reaches(NodeId from, NodeId to) const {
  if (from == to) return true;
  if (IsRecord(nodes_[from].kind)) return IsUpstream(from, to);
  absl::flat_hash_set<NodeId> seen{from};
  std::vector<NodeId> work{from};
  while (!work.empty()) {
    const NodeId node = work.back();
    work.pop_back();
    for (EdgeId id : nodes_[node].out) {
      const Edge& edge = edges_[id];
      if (!IsClosureEdge(edge.kind) || !IsLive(edge)) continue;
      if (edge.to == to || (IsRecord(nodes_[edge.to].kind) && IsUpstream(edge.to, to))) return true;
      if (seen.insert(edge.to).second) work.push_back(edge.to);
    }
  }
  return false;
}

bool Graph::ClosesVersionCycle(NodeId from, NodeId to) const {
  const auto may_pass = [&](NodeId node) {
    return nodes_[node].kind != NodeKind::kDataset && nodes_[node].kind != NodeKind::kJob;
  };
  if (!may_pass(from) || !may_pass(to)) return false;
  if (from == to) return true;
  absl::flat_hash_set<NodeId> seen{to};
  std::vector<NodeId> work{to};
  while (!work.empty()) {
    const NodeId node = work.back();
    work.pop_back();
    for (EdgeId id : nodes_[node].out) {
      const Edge& edge = edges_[id];
      if (!IsClosureEdge(edge.kind) || !IsLive(edge) || !may_pass(edge.to)) continue;
      if (edge.to == from) return true;
      if (seen.insert(edge.to).second) work.push_back(edge.to);
    }
  }
  return false;
}

Changes Graph::Pending() const {
  Changes changes;
  // Evaluation data count for every model version downstream of the one that was evaluated.
  std::vector<NodeId> evaluated;
  const auto note_reader = [&](const Edge& edge) {
    if (edge.kind == EdgeKind::kServes) changes.closures.push_back(edge.to);
    if (edge.kind == EdgeKind::kEvaluated) evaluated.push_back(edge.to);
  };
  // The first undo of a node holds what it was; later ones only what lay between.
  absl::flat_hash_map<NodeId, const Undo*> first_set;
  absl::flat_hash_map<NodeId, const Undo*> first_flags;
  absl::flat_hash_set<NodeId> made;
  for (const Undo& undo : undo_) {
    switch (undo.what) {
      case Undo::What::kNode:
        made.insert(undo.id);
        break;
      case Undo::What::kEdge:
      case Undo::What::kSuperseded:
        note_reader(edges_[undo.id]);
        break;
      case Undo::What::kUpstream:
        first_set.try_emplace(undo.id, &undo);
        break;
      case Undo::What::kFlags:
        first_flags.try_emplace(undo.id, &undo);
        break;
    }
  }
  const auto note_changed = [&](NodeId node) {
    changes.closures.push_back(node);
    for (EdgeId id : nodes_[node].out) {
      if (IsLive(edges_[id])) note_reader(edges_[id]);
    }
  };
  for (const auto& [node, undo] : first_set) {
    if (!made.contains(node) && *undo->upstream != *nodes_[node].upstream) note_changed(node);
  }
  for (const auto& [node, undo] : first_flags) {
    if (!made.contains(node) && undo->flags != nodes_[node].flags) changes.flags.push_back(node);
  }
  for (NodeId node : made) {
    if (!IsRecord(nodes_[node].kind)) continue;
    note_changed(node);
    changes.flags.push_back(node);
  }
  SortUnique(&evaluated);
  absl::flat_hash_set<NodeId> seen(evaluated.begin(), evaluated.end());
  while (!evaluated.empty()) {
    const NodeId node = evaluated.back();
    evaluated.pop_back();
    if (nodes_[node].kind == NodeKind::kModelVersion) changes.closures.push_back(node);
    for (EdgeId id : nodes_[node].out) {
      const Edge& edge = edges_[id];
      if (!IsClosureEdge(edge.kind) || !IsLive(edge)) continue;
      if (seen.insert(edge.to).second) evaluated.push_back(edge.to);
    }
  }
  SortUnique(&changes.closures);
  SortUnique(&changes.flags);
  return changes;
}

void Graph::Commit() { undo_.clear(); }

void Graph::Rollback() {
  while (!undo_.empty()) {
    Undo& undo = undo_.back();
    switch (undo.what) {
      case Undo::What::kNode:
        ids_.erase(IdKey(nodes_.back().kind, nodes_.back().name));
        nodes_.pop_back();
        break;
      case Undo::What::kEdge: {
        const Edge& edge = edges_.back();
        nodes_[edge.from].out.pop_back();
        nodes_[edge.to].in.pop_back();
        edges_.pop_back();
        break;
      }
      case Undo::What::kSuperseded:
        edges_[undo.id].superseded_seq = kNever;
        break;
      case Undo::What::kUpstream:
        nodes_[undo.id].upstream = std::move(undo.upstream);
        break;
      case Undo::What::kFlags:
        nodes_[undo.id].flags = undo.flags;
        break;
    }
    undo_.pop_back();
  }
}

}  // namespace lineward::lineage

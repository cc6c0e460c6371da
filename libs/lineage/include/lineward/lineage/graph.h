#pragma once

// The interned lineage graph with its closure index: which declaration records stand behind a
// node. Start here; `search.h` walks it, `effective.h` intersects what the records allow.

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/strings.h"

namespace lineward::lineage {

// Index of a node by first appearance, from 0. Datasets, dataset versions and model versions have
// a declaration record each, whose id is the node's.
using NodeId = uint32_t;
using EdgeId = uint32_t;
inline constexpr NodeId kNoNode = std::numeric_limits<NodeId>::max();
// No time bound; never superseded.
inline constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
inline constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
// Records in one closure; a model's facts must stay under 64 KiB.
inline constexpr size_t kClosureMax = 4'096;

enum class NodeKind : uint8_t {
  kDataset = 1,  // the series: everything that ever went into any version
  kDatasetVersion = 2,
  kModelVersion = 3,
  kRun = 4,
  kJob = 5,
};

// Edges run with the data. SERVES and EVALUATED have closures of their own, RUN_OF is in none, all
// others are closure edges.
enum class EdgeKind : uint8_t {
  kRead = 1,        // dataset or version -> run, job
  kWrite = 2,       // run, job -> dataset or version
  kTrained = 3,     // run -> model version
  kInput = 4,       // dataset or version -> model version (run unknown)
  kParent = 5,      // model version -> model version
  kDerived = 6,     // dataset or version -> dataset or version
  kMadeBy = 7,      // model version -> dataset or version (embedding, synthetic)
  kVersionOf = 8,   // version -> its series
  kServes = 9,      // dataset or version -> model version, read at serve time
  kEvaluated = 10,  // dataset or version -> model version, evaluation data
  kRunOf = 11,      // run -> job
};

enum class ParentRole : uint8_t { kNone = 0, kFineTune, kTeacher, kMerge, kInit, kCopy };

struct EdgeFacts {
  EdgeKind kind = EdgeKind::kDerived;
  NodeId from = kNoNode;
  NodeId to = kNoNode;
  ParentRole role = ParentRole::kNone;  // PARENT only
  int64_t valid_from_us = 0;            // valid time, half-open
  int64_t valid_to_us = kForever;
  uint64_t seq = 0;  // of the fact that states it
};

struct Edge : EdgeFacts {
  uint64_t superseded_seq = kNever;  // hidden from this seq on
};

// What edges alone say about a node; the fold keeps these bits in its record, since gates hold no
// graph.
enum NodeFlag : uint8_t {
  kUnsourced = 1,    // dataset kinds: nothing flows in but its own series, versions and circle
  kOwnAncestor = 2,  // model version: it is behind itself
  kNoDataset = 4,    // model version: no dataset behind it
  kClosureTooLarge = 8,
};

// Nodes whose records or facts must be written anew; each list ascending.
struct Changes {
  std::vector<NodeId> closures;  // C, E or S changed (E, S: model versions only)
  std::vector<NodeId> flags;     // `FlagsOf` changed
  bool IsEmpty() const { return closures.empty() && flags.empty(); }
};

// Nodes, edges with all four times, and for each node the set of records that flow into it, kept
// up to date edge by edge: equal to a search from scratch after every call. An edge counts until it
// is superseded, whatever its valid time: a closed edge meant that data did flow. Cycles are taken.
// Grows only; owned by one thread (the registry's fold), const calls may run in parallel between
// changes. Memory is bounded by the caller's limit on edges.
class Graph {
 public:
  enum class OnTooLarge { kRefuse, kTake };

  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;

  // The node of that resource name, made if new. A dataset version names its `series`, which it
  // keeps for ever and which gets its VERSION_OF edge of fact `seq`; all other kinds have none.
  // Equal names of different kinds are different nodes.
  NodeId Intern(NodeKind kind, std::string_view name, NodeId series = kNoNode, uint64_t seq = 0);
  std::optional<NodeId> Find(NodeKind kind, std::string_view name) const;

  // INVALID_ARGUMENT (INVALID_FIELD) if the kinds of its ends do not fit; RESOURCE_EXHAUSTED
  // (LINEAGE_TOO_LARGE) if a closure would pass `kClosureMax` and `on_too_large` refuses: then
  // nothing changed. Taken all the same, the nodes are flagged `kClosureTooLarge`.
  absl::StatusOr<EdgeId> AddEdge(const EdgeFacts& facts,
                                 OnTooLarge on_too_large = OnTooLarge::kRefuse);

  // The edge ends from fact `seq` on; its forward cone is computed anew. A second call on an edge
  // changes nothing.
  void Supersede(EdgeId edge, uint64_t seq);

  size_t NodeCount() const { return nodes_.size(); }
  size_t EdgeCount() const { return edges_.size(); }
  NodeKind KindOf(NodeId node) const { return nodes_[node].kind; }
  const std::string& NameOf(NodeId node) const { return nodes_[node].name; }
  // The series of a dataset version, else kNoNode.
  NodeId SeriesOf(NodeId node) const { return nodes_[node].series; }
  uint8_t FlagsOf(NodeId node) const { return nodes_[node].flags; }
  bool Has(NodeId node, NodeFlag flag) const { return (nodes_[node].flags & flag) != 0; }
  const Edge& EdgeAt(EdgeId edge) const { return edges_[edge]; }
  // Edges of every kind, superseded ones too.
  std::span<const EdgeId> InEdges(NodeId node) const { return nodes_[node].in; }
  std::span<const EdgeId> OutEdges(NodeId node) const { return nodes_[node].out; }

  // C(n): the records of n and of all upstream over closure edges; with each dataset version that
  // of its series (the record only). Ascending.
  std::vector<NodeId> C(NodeId node) const;
  // E(m): the union of C(d) over the EVALUATED datasets d of all model versions in C(m).
  std::vector<NodeId> E(NodeId model_version) const;
  // S(m): the union of C(d) over the SERVES datasets d of m.
  std::vector<NodeId> S(NodeId model_version) const;
  // The SERVES datasets themselves, ascending.
  std::vector<NodeId> Serves(NodeId model_version) const;

  // True if `to` is `from` or lies downstream of it over closure edges.
  bool Reaches(NodeId from, NodeId to) const;
  // True if an edge from -> to would close a cycle of versions and runs alone, which the native API
  // refuses (LINEAGE_CYCLE); series and jobs may be cyclic.
  bool ClosesVersionCycle(NodeId from, NodeId to) const;

  // What changed since the last Commit (or ever).
  Changes Pending() const;
  // Keeps everything since the last Commit, forgets what changed.
  void Commit();
  // Undoes everything since the last Commit: node and edge ids are given out again.
  void Rollback();

 private:
  using RecordSet = std::shared_ptr<const std::vector<NodeId>>;
  struct Node {
    NodeKind kind;
    uint8_t flags = 0;
    NodeId series = kNoNode;
    std::string name;
    std::vector<EdgeId> in;
    std::vector<EdgeId> out;
    // Records that reach this node over closure edges, itself included, without the series that C
    // adds: exactly the strong part, so two records are in one circle iff each is in the other's.
    RecordSet upstream = nullptr;
  };
  struct Undo {
    enum class What : uint8_t { kNode, kEdge, kSuperseded, kUpstream, kFlags } what;
    uint32_t id = 0;
    uint8_t flags = 0;
    RecordSet upstream = nullptr;
  };
  static bool IsRecord(NodeKind kind) { return kind <= NodeKind::kModelVersion; }
  static bool IsClosureEdge(EdgeKind kind) { return kind <= EdgeKind::kVersionOf; }
  bool IsLive(const Edge& edge) const { return edge.superseded_seq == kNever; }
  EdgeId AppendEdge(const EdgeFacts& facts);
  std::vector<NodeId> WithSeries(const std::vector<NodeId>& upstream) const;
  bool IsUpstream(NodeId record, NodeId of) const;
  void SetUpstream(NodeId node, RecordSet upstream);
  using Sets = absl::flat_hash_map<NodeId, RecordSet>;
  Sets Push(NodeId from, NodeId to) const;
  void RecomputeCone(NodeId start);
  void RefreshFlags(const std::vector<NodeId>& changed);
  uint8_t ComputeFlags(NodeId node) const;
  bool FlowsInFromOutside(NodeId target, NodeId dataset) const;

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  base::StringMap<NodeId> ids_;  // kind byte + name
  std::vector<Undo> undo_;
};

}  // namespace lineward::lineage

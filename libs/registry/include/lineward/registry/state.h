#pragma once

// The fold of the facts: entities by resource name and the lineage graph between them. Equal facts
// give equal states, node ids included, on every instance.
//
// Changes are staged by Apply and kept by Commit or undone by Rollback, so that a writer can try
// what it is about to commit. Owned by one thread; const calls may run in parallel between changes.

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/json.h"
#include "lineward/lineage/graph.h"
#include "lineward/registry/fact.h"

namespace lineward::registry {

struct Entity {
  FactKind kind = FactKind::kDataset;
  std::string name;     // resource name
  document::Json body;  // all fields ever stated, the newest of each
  uint64_t created_seq = 0;
  uint64_t seq = 0;            // of the newest fact: its revision
  int64_t recorded_at_us = 0;  // of the newest fact
  std::string actor;           // of the newest fact
  lineage::NodeId node = lineage::kNoNode;

  friend bool operator==(const Entity&, const Entity&) = default;
};

// A committed write with a request id: answered again byte for byte.
struct StoredAnswer {
  std::string body_sha256;  // hex, of what was asked
  int http_status = 0;
  std::string body;
  int64_t recorded_at_us = 0;

  friend bool operator==(const StoredAnswer&, const StoredAnswer&) = default;
};

// A state as a store keeps it: closures and what else follows from these parts is computed anew.
struct StateParts {
  struct Job {
    std::string name;
    lineage::NodeId node = lineage::kNoNode;
  };
  std::vector<Entity> entities = {};
  std::vector<Job> jobs = {};                  // nodes that no fact states
  std::vector<lineage::EdgeFacts> edges = {};  // by id, VERSION_OF edges too
  std::vector<std::pair<std::string, StoredAnswer>> answers = {};
  uint64_t seq = 0;
  std::string chain = FirstChain();
  int64_t recorded_at_us = 0;
};

class State {
 public:
  State() : chain_(FirstChain()) {}

  // The state that these parts were taken from, node and edge ids included. DATA_LOSS
  // (FACT_INVALID) if they do not fit together.
  static absl::StatusOr<State> Restore(StateParts parts);

  // Stages one fact. FAILED_PRECONDITION (FACT_INVALID) if its seq does not follow; NOT_FOUND with
  // the reason of what it refers to; FAILED_PRECONDITION (LINEAGE_CYCLE); RESOURCE_EXHAUSTED
  // (LINEAGE_TOO_LARGE). After an error call Rollback.
  absl::Status Apply(const Fact& fact, std::string_view fact_bytes);
  void Commit();
  void Rollback();

  uint64_t Seq() const { return seq_; }
  const std::string& Chain() const { return chain_; }
  // Time of the newest fact; later ones must be greater.
  int64_t RecordedAtUs() const { return recorded_at_us_; }

  // Null if nothing of that name was stated.
  const Entity* Find(std::string_view resource_name) const;
  // All entities, by resource name.
  const std::map<std::string, Entity, std::less<>>& Entities() const { return entities_; }
  // The version of `dataset` (resource name) that bears `label`; null if none does.
  const std::string* FindLabel(std::string_view dataset, std::string_view label) const;
  // The greatest version number ever used under a model name; 0 if none was.
  int32_t LastVersion(std::string_view model) const;
  const StoredAnswer* FindAnswer(std::string_view request_subject) const;

  const lineage::Graph& Graph() const { return graph_; }
  // Since the last Commit: resource names that facts touched, ascending; what changed around them.
  std::vector<std::string> Touched() const { return {touched_.begin(), touched_.end()}; }
  lineage::Changes GraphChanges() const { return graph_.Pending(); }
  // Subjects of the answers staged since the last Commit.
  const std::vector<std::string>& TouchedAnswers() const { return undo_answers_; }
  // Nodes and edges with ids from these on are staged.
  size_t CommittedNodes() const { return committed_flags_.size(); }
  size_t CommittedEdges() const { return committed_edges_; }
  // True if a staged change takes the flag UNSOURCED from an undeclared dataset that models already
  // used: their result would widen (registry design, section 4). Names the first such dataset.
  std::optional<std::string> FindLoosening() const;

  // Drops stored answers older than `keep_from_us` and names their subjects. Not undone by
  // Rollback; nothing may be staged.
  std::vector<std::string> ForgetAnswers(int64_t keep_from_us);

  // SHA-256 over entities, edges and closures in key order: equal on every instance at equal seq.
  std::string Digest() const;

 private:
  struct Undo {
    std::string name;
    std::optional<Entity> entity;
  };
  Entity* Upsert(const Fact& fact);
  void TakeAnswer(const Fact& fact);
  absl::Status TakeEdge(const Fact& fact);
  absl::Status RestoreGraph(const StateParts& parts);
  absl::Status Link(const Fact& fact, Entity* entity);
  absl::Status LinkDataset(const Fact& fact, Entity* entity);
  absl::Status LinkDatasetVersion(const Fact& fact, Entity* entity);
  absl::Status LinkRun(const Fact& fact, Entity* entity);
  absl::Status LinkModelVersion(const Fact& fact, Entity* entity);
  absl::Status AddEdges(const Fact& fact, lineage::EdgeKind kind, const document::Json* names,
                        lineage::NodeId to);
  absl::Status AddEdge(const Fact& fact, lineage::EdgeKind kind, lineage::NodeId from,
                       lineage::NodeId to, lineage::ParentRole role = lineage::ParentRole::kNone);
  absl::StatusOr<lineage::NodeId> NodeOf(const document::Json& name) const;
  bool IsUsedBefore(lineage::NodeId node) const;

  std::map<std::string, Entity, std::less<>> entities_;
  std::map<std::string, std::string, std::less<>> labels_;  // dataset LF label -> version name
  std::map<std::string, int32_t, std::less<>> last_versions_;
  std::map<std::string, StoredAnswer, std::less<>> answers_;
  std::set<std::pair<int64_t, std::string>> answers_by_time_;
  lineage::Graph graph_;
  uint64_t seq_ = 0;
  std::string chain_;
  int64_t recorded_at_us_ = 0;

  // Staged since the last Commit.
  std::set<std::string> touched_;
  std::vector<Undo> undo_;
  std::vector<std::string> undo_labels_;
  std::vector<std::pair<std::string, int32_t>> undo_versions_;
  std::vector<std::string> undo_answers_;
  uint64_t committed_seq_ = 0;
  std::string committed_chain_ = FirstChain();
  int64_t committed_recorded_at_us_ = 0;
  std::vector<uint8_t> committed_flags_;
  size_t committed_edges_ = 0;
};

}  // namespace lineward::registry

#include "lineward/registry/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/names.h"
#include "lineward/crypto/sha256.h"
#include "lineward/registry/items.h"
#include "lineward/registry/reasons.h"

namespace lineward::registry {
namespace {

using document::Json;
using lineage::EdgeKind;
using lineage::kNoNode;
using lineage::NodeId;
using lineage::NodeKind;
using lineage::ParentRole;

std::string LabelKey(std::string_view dataset, std::string_view label) {
  return fmt::format("{}\n{}", dataset, label);
}

std::string TextOf(const Json& body, std::string_view name) {
  const Json* const value = body.Find(name);
  return value == nullptr || !value->is_text() ? std::string() : value->AsText();
}

ParentRole RoleOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, ParentRole>, 5> kRoles = {
      {{"FINE_TUNE", ParentRole::kFineTune},
       {"TEACHER", ParentRole::kTeacher},
       {"MERGE", ParentRole::kMerge},
       {"INIT", ParentRole::kInit},
       {"COPY", ParentRole::kCopy}}};
  for (const auto& [name, role] : kRoles) {
    if (name == word) return role;
  }
  return ParentRole::kNone;
}

std::optional<EdgeKind> EdgeOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, EdgeKind>, 9> kEdges = {
      {{"READ", EdgeKind::kRead},
       {"WRITE", EdgeKind::kWrite},
       {"TRAINED", EdgeKind::kTrained},
       {"INPUT", EdgeKind::kInput},
       {"PARENT", EdgeKind::kParent},
       {"DERIVED", EdgeKind::kDerived},
       {"MADE_BY", EdgeKind::kMadeBy},
       {"SERVES", EdgeKind::kServes},
       {"EVALUATED", EdgeKind::kEvaluated}}};
  for (const auto& [name, kind] : kEdges) {
    if (name == word) return kind;
  }
  return std::nullopt;
}

NodeKind NodeKindOf(FactKind kind) {
  switch (kind) {
    case FactKind::kDataset:
      return NodeKind::kDataset;
    case FactKind::kDatasetVersion:
      return NodeKind::kDatasetVersion;
    case FactKind::kModelVersion:
      return NodeKind::kModelVersion;
    case FactKind::kRun:
      return NodeKind::kRun;
    case FactKind::kModel:
    case FactKind::kEdge:
    case FactKind::kRequest:
      break;
  }
  return NodeKind::kJob;
}

std::string_view MissingReason(std::string_view name) {
  if (name.starts_with("runs/")) return kRunNotFound;
  if (name.find("/versions/") != std::string_view::npos) return kVersionNotFound;
  return name.starts_with("models/") ? kModelNotFound : kDatasetNotFound;
}

}  // namespace

absl::Status State::Apply(const Fact& fact, std::string_view fact_bytes) {
  if (fact.seq != seq_ + 1) {
    return base::FailedPrecondition(kFactInvalid, "fact {} does not follow fact {}", fact.seq,
                                    seq_);
  }
  seq_ = fact.seq;
  chain_ = NextChain(chain_, fact_bytes);
  recorded_at_us_ = fact.recorded_at_us;
  if (fact.kind == FactKind::kRequest) {
    TakeAnswer(fact);
    return absl::OkStatus();
  }
  if (fact.kind == FactKind::kEdge) return TakeEdge(fact);
  return Link(fact, Upsert(fact));
}

void State::TakeAnswer(const Fact& fact) {
  const Json* const status = fact.body.Find("status");
  StoredAnswer answer{.body_sha256 = TextOf(fact.body, "sha256"),
                      .http_status = status != nullptr && status->is_int()
                                         ? static_cast<int>(status->AsInt())
                                         : 200,
                      .body = TextOf(fact.body, "response"),
                      .recorded_at_us = fact.recorded_at_us};
  if (const auto old = answers_.find(fact.subject); old != answers_.end()) {
    answers_by_time_.erase({old->second.recorded_at_us, fact.subject});
  }
  answers_by_time_.emplace(fact.recorded_at_us, fact.subject);
  answers_.insert_or_assign(fact.subject, std::move(answer));
  undo_answers_.push_back(fact.subject);
}

absl::Status State::TakeEdge(const Fact& fact) {
  const auto kind = EdgeOf(TextOf(fact.body, "edge"));
  const Json* const from = fact.body.Find("from");
  const Json* const to = fact.body.Find("to");
  if (!kind.has_value() || from == nullptr || to == nullptr) {
    return base::FailedPrecondition(kFactInvalid, "fact {}: an edge without its ends", fact.seq);
  }
  Upsert(fact);
  LW_ASSIGN_OR_RETURN(const NodeId from_node, NodeOf(*from));
  LW_ASSIGN_OR_RETURN(const NodeId to_node, NodeOf(*to));
  return AddEdge(fact, *kind, from_node, to_node, RoleOf(TextOf(fact.body, "role")));
}

Entity* State::Upsert(const Fact& fact) {
  const auto at = entities_.find(fact.subject);
  touched_.insert(fact.subject);
  if (at == entities_.end()) {
    undo_.push_back({fact.subject, std::nullopt});
    Entity entity{.kind = fact.kind,
                  .name = fact.subject,
                  .body = fact.body,
                  .created_seq = fact.seq,
                  .seq = fact.seq,
                  .recorded_at_us = fact.recorded_at_us,
                  .actor = fact.actor,
                  .node = kNoNode};
    return &entities_.emplace(fact.subject, std::move(entity)).first->second;
  }
  undo_.push_back({fact.subject, at->second});
  Entity& entity = at->second;
  for (const auto& [name, value] : fact.body.members()) {
    if (name == "aliases" && entity.body.Find(name) != nullptr) {
      Json merged = *entity.body.Find(name);
      for (const auto& [alias, version] : value.members()) merged.Set(alias, version);
      entity.body.Set(name, std::move(merged));
    } else {
      entity.body.Set(name, value);
    }
  }
  entity.seq = fact.seq;
  entity.recorded_at_us = fact.recorded_at_us;
  entity.actor = fact.actor;
  return &entity;
}

absl::Status State::Link(const Fact& fact, Entity* entity) {
  switch (fact.kind) {
    case FactKind::kDataset:
      return LinkDataset(fact, entity);
    case FactKind::kDatasetVersion:
      return LinkDatasetVersion(fact, entity);
    case FactKind::kRun:
      return LinkRun(fact, entity);
    case FactKind::kModelVersion:
      return LinkModelVersion(fact, entity);
    case FactKind::kModel:
    case FactKind::kEdge:
    case FactKind::kRequest:
      break;
  }
  return absl::OkStatus();
}

absl::Status State::LinkDataset(const Fact& fact, Entity* entity) {
  entity->node = graph_.Intern(NodeKind::kDataset, entity->name);
  const Json* const made_by = fact.body.Find("made_by");
  if (made_by == nullptr) return absl::OkStatus();
  LW_ASSIGN_OR_RETURN(const NodeId model, NodeOf(*made_by));
  return AddEdge(fact, EdgeKind::kMadeBy, model, entity->node);
}

absl::Status State::LinkDatasetVersion(const Fact& fact, Entity* entity) {
  const Json* const dataset = entity->body.Find("dataset");
  if (dataset == nullptr) {
    return base::FailedPrecondition(kFactInvalid, "fact {}: no dataset", fact.seq);
  }
  LW_ASSIGN_OR_RETURN(const NodeId series, NodeOf(*dataset));
  entity->node = graph_.Intern(NodeKind::kDatasetVersion, entity->name, series, fact.seq);
  if (const std::string label = TextOf(fact.body, "label"); !label.empty()) {
    const std::string key = LabelKey(dataset->AsText(), label);
    if (labels_.emplace(key, entity->name).second) undo_labels_.push_back(key);
  }
  return AddEdges(fact, EdgeKind::kDerived, fact.body.Find("parents"), entity->node);
}

absl::Status State::LinkRun(const Fact& fact, Entity* entity) {
  entity->node = graph_.Intern(NodeKind::kRun, entity->name);
  if (const std::string job = TextOf(fact.body, "job"); !job.empty()) {
    const NodeId job_node = graph_.Intern(NodeKind::kJob, job);
    LW_RETURN_IF_ERROR(AddEdge(fact, EdgeKind::kRunOf, entity->node, job_node));
  }
  LW_RETURN_IF_ERROR(AddEdges(fact, EdgeKind::kRead, fact.body.Find("reads"), entity->node));
  const Json* const writes = fact.body.Find("writes");
  if (writes == nullptr) return absl::OkStatus();
  for (const Json& name : writes->items()) {
    LW_ASSIGN_OR_RETURN(const NodeId dataset, NodeOf(name));
    LW_RETURN_IF_ERROR(AddEdge(fact, EdgeKind::kWrite, entity->node, dataset));
  }
  return absl::OkStatus();
}

absl::Status State::LinkModelVersion(const Fact& fact, Entity* entity) {
  const Json& body = fact.body;
  const std::string model = TextOf(entity->body, "model");
  const Json* const version = entity->body.Find("version");
  if (version == nullptr || !version->is_int()) {
    return base::FailedPrecondition(kFactInvalid, "fact {}: no version number", fact.seq);
  }
  const auto number = static_cast<int32_t>(version->AsInt());
  if (const int32_t last = LastVersion(model); number > last) {
    undo_versions_.emplace_back(model, last);
    last_versions_[model] = number;
  }
  entity->node = graph_.Intern(NodeKind::kModelVersion, entity->name);
  if (const Json* const run = body.Find("run")) {
    LW_ASSIGN_OR_RETURN(const NodeId run_node, NodeOf(*run));
    LW_RETURN_IF_ERROR(AddEdge(fact, EdgeKind::kTrained, run_node, entity->node));
  }
  LW_RETURN_IF_ERROR(AddEdges(fact, EdgeKind::kInput, body.Find("inputs"), entity->node));
  LW_RETURN_IF_ERROR(AddEdges(fact, EdgeKind::kEvaluated, body.Find("evaluated"), entity->node));
  LW_RETURN_IF_ERROR(AddEdges(fact, EdgeKind::kServes, body.Find("serves"), entity->node));
  const Json* const parents = body.Find("parents");
  if (parents == nullptr) return absl::OkStatus();
  for (const Json& parent : parents->items()) {
    LW_ASSIGN_OR_RETURN(const NodeId from, NodeOf(*parent.Find("model")));
    LW_RETURN_IF_ERROR(
        AddEdge(fact, EdgeKind::kParent, from, entity->node, RoleOf(TextOf(parent, "role"))));
  }
  return absl::OkStatus();
}

absl::Status State::AddEdges(const Fact& fact, EdgeKind kind, const Json* names, NodeId to) {
  if (names == nullptr) return absl::OkStatus();
  for (const Json& name : names->items()) {
    LW_ASSIGN_OR_RETURN(const NodeId from, NodeOf(name));
    LW_RETURN_IF_ERROR(AddEdge(fact, kind, from, to));
  }
  return absl::OkStatus();
}

absl::Status State::AddEdge(const Fact& fact, EdgeKind kind, NodeId from, NodeId to,
                            ParentRole role) {
  for (const lineage::EdgeId id : graph_.InEdges(to)) {
    const lineage::Edge& edge = graph_.EdgeAt(id);
    if (edge.from == from && edge.kind == kind && edge.superseded_seq == lineage::kNever) {
      return absl::OkStatus();
    }
  }
  const bool is_in_closure =
      kind != EdgeKind::kServes && kind != EdgeKind::kEvaluated && kind != EdgeKind::kRunOf;
  if (is_in_closure && graph_.ClosesVersionCycle(from, to)) {
    return base::FailedPrecondition(
        kLineageCycle, "`{}` already flows into `{}`: an edge back would close a cycle",
        control::DisplayName(graph_.NameOf(to)), control::DisplayName(graph_.NameOf(from)));
  }
  const auto added = graph_.AddEdge({.kind = kind,
                                     .from = from,
                                     .to = to,
                                     .role = role,
                                     .valid_from_us = fact.valid_from_us,
                                     .valid_to_us = fact.valid_to_us.value_or(lineage::kForever),
                                     .seq = fact.seq});
  return added.status();
}

absl::StatusOr<NodeId> State::NodeOf(const Json& name) const {
  const Entity* const entity = Find(name.AsText());
  if (entity == nullptr || entity->node == kNoNode) {
    return base::NotFound(MissingReason(name.AsText()), "`{}` is not registered",
                          control::DisplayName(name.AsText()));
  }
  return entity->node;
}

void State::Commit() {
  for (const NodeId node : graph_.Pending().flags) {
    if (node < committed_flags_.size()) committed_flags_[node] = graph_.FlagsOf(node);
  }
  while (committed_flags_.size() < graph_.NodeCount()) {
    committed_flags_.push_back(graph_.FlagsOf(static_cast<NodeId>(committed_flags_.size())));
  }
  graph_.Commit();
  committed_edges_ = graph_.EdgeCount();
  committed_seq_ = seq_;
  committed_chain_ = chain_;
  committed_recorded_at_us_ = recorded_at_us_;
  touched_.clear();
  undo_.clear();
  undo_labels_.clear();
  undo_versions_.clear();
  undo_answers_.clear();
}

void State::Rollback() {
  for (auto at = undo_.rbegin(); at != undo_.rend(); ++at) {
    if (at->entity.has_value()) {
      entities_.insert_or_assign(at->name, std::move(*at->entity));
    } else {
      entities_.erase(at->name);
    }
  }
  for (const std::string& key : undo_labels_) labels_.erase(key);
  for (auto at = undo_versions_.rbegin(); at != undo_versions_.rend(); ++at) {
    last_versions_[at->first] = at->second;
  }
  for (const std::string& key : undo_answers_) {
    const auto answer = answers_.find(key);
    if (answer == answers_.end()) continue;
    answers_by_time_.erase({answer->second.recorded_at_us, key});
    answers_.erase(answer);
  }
  graph_.Rollback();
  seq_ = committed_seq_;
  chain_ = committed_chain_;
  recorded_at_us_ = committed_recorded_at_us_;
  touched_.clear();
  undo_.clear();
  undo_labels_.clear();
  undo_versions_.clear();
  undo_answers_.clear();
}

const Entity* State::Find(std::string_view resource_name) const {
  const auto at = entities_.find(resource_name);
  return at == entities_.end() ? nullptr : &at->second;
}

const std::string* State::FindLabel(std::string_view dataset, std::string_view label) const {
  const auto at = labels_.find(LabelKey(dataset, label));
  return at == labels_.end() ? nullptr : &at->second;
}

int32_t State::LastVersion(std::string_view model) const {
  const auto at = last_versions_.find(model);
  return at == last_versions_.end() ? 0 : at->second;
}

const StoredAnswer* State::FindAnswer(std::string_view request_subject) const {
  const auto at = answers_.find(request_subject);
  return at == answers_.end() ? nullptr : &at->second;
}

std::optional<std::string> State::FindLoosening() const {
  for (const NodeId node : graph_.Pending().flags) {
    if (node >= committed_flags_.size()) continue;
    const bool was_unsourced = (committed_flags_[node] & lineage::kUnsourced) != 0;
    if (!was_unsourced || graph_.Has(node, lineage::kUnsourced)) continue;
    const NodeId series =
        graph_.KindOf(node) == NodeKind::kDatasetVersion ? graph_.SeriesOf(node) : node;
    const Entity* const dataset = Find(graph_.NameOf(series));
    const Json* const declaration =
        dataset == nullptr ? nullptr : dataset->body.Find("declaration");
    const bool is_declared = declaration != nullptr && declaration->Find("grants") != nullptr;
    if (!is_declared && IsUsedBefore(node)) return graph_.NameOf(node);
  }
  return std::nullopt;
}

bool State::IsUsedBefore(NodeId node) const {
  std::vector<NodeId> open = {node};
  std::set<NodeId> seen = {node};
  while (!open.empty()) {
    const NodeId at = open.back();
    open.pop_back();
    if (graph_.KindOf(at) == NodeKind::kModelVersion) return true;
    for (const lineage::EdgeId id : graph_.OutEdges(at)) {
      if (id >= committed_edges_) continue;
      const lineage::Edge& edge = graph_.EdgeAt(id);
      if (edge.kind == EdgeKind::kRunOf) continue;
      if (seen.insert(edge.to).second) open.push_back(edge.to);
    }
  }
  return false;
}

std::vector<std::string> State::ForgetAnswers(int64_t keep_from_us) {
  std::vector<std::string> forgotten;
  while (!answers_by_time_.empty() && answers_by_time_.begin()->first < keep_from_us) {
    forgotten.push_back(answers_by_time_.begin()->second);
    answers_by_time_.erase(answers_by_time_.begin());
    answers_.erase(forgotten.back());
  }
  return forgotten;
}

absl::StatusOr<State> State::Restore(StateParts parts) {
  State state;
  LW_RETURN_IF_ERROR(state.RestoreGraph(parts));
  for (Entity& entity : parts.entities) {
    if (entity.kind == FactKind::kDatasetVersion) {
      if (const std::string label = TextOf(entity.body, "label"); !label.empty()) {
        state.labels_.emplace(LabelKey(TextOf(entity.body, "dataset"), label), entity.name);
      }
    } else if (entity.kind == FactKind::kModelVersion) {
      const Json* const version = entity.body.Find("version");
      int32_t& last = state.last_versions_[TextOf(entity.body, "model")];
      if (version != nullptr && version->is_int()) {
        last = std::max(last, static_cast<int32_t>(version->AsInt()));
      }
    }
    std::string name = entity.name;
    state.entities_.emplace(std::move(name), std::move(entity));
  }
  for (auto& [subject, answer] : parts.answers) {
    state.answers_by_time_.emplace(answer.recorded_at_us, subject);
    state.answers_.emplace(std::move(subject), std::move(answer));
  }
  state.seq_ = parts.seq;
  state.chain_ = std::move(parts.chain);
  state.recorded_at_us_ = parts.recorded_at_us;
  state.Commit();
  return state;
}

// A node or edge gets the id that it had if each edge finds the nodes that stood before it, and no
// later ones that bring VERSION_OF edges with them.
absl::Status State::RestoreGraph(const StateParts& parts) {
  struct Node {
    NodeKind kind = NodeKind::kJob;
    const std::string* name = nullptr;
    const Entity* entity = nullptr;
  };
  std::map<NodeId, Node> nodes;
  std::map<std::string_view, NodeId> ids;
  for (const StateParts::Job& job : parts.jobs) nodes[job.node] = {.name = &job.name};
  for (const Entity& entity : parts.entities) {
    if (entity.node == kNoNode) continue;
    nodes[entity.node] = {.kind = NodeKindOf(entity.kind), .name = &entity.name, .entity = &entity};
    ids.emplace(entity.name, entity.node);
  }
  const auto broken = [](std::string_view what, size_t id) {
    return base::DataLoss(kFactInvalid, "stored state: {} {} does not fit the others", what, id);
  };
  const auto intern_up_to = [&](NodeId last) -> absl::Status {
    for (auto next = static_cast<NodeId>(graph_.NodeCount()); next <= last; ++next) {
      const auto node = nodes.find(next);
      if (node == nodes.end()) return broken("node", next);
      NodeId series = kNoNode;
      if (node->second.kind == NodeKind::kDatasetVersion) {
        const auto found = ids.find(TextOf(node->second.entity->body, "dataset"));
        if (found == ids.end() || found->second >= next) return broken("node", next);
        series = found->second;
      }
      const uint64_t seq = node->second.entity == nullptr ? 0 : node->second.entity->created_seq;
      if (graph_.Intern(node->second.kind, *node->second.name, series, seq) != next) {
        return broken("node", next);
      }
    }
    return absl::OkStatus();
  };
  for (size_t id = 0; id < parts.edges.size(); ++id) {
    const lineage::EdgeFacts& edge = parts.edges[id];
    LW_RETURN_IF_ERROR(intern_up_to(std::max(edge.from, edge.to)));
    if (edge.kind != EdgeKind::kVersionOf) {
      const auto added = graph_.AddEdge(edge);
      if (!added.ok() || *added != id) return broken("edge", id);
    } else if (graph_.EdgeCount() != id + 1) {
      return broken("edge", id);
    }
  }
  if (nodes.empty()) return absl::OkStatus();
  LW_RETURN_IF_ERROR(intern_up_to(nodes.rbegin()->first));
  return graph_.EdgeCount() == parts.edges.size() ? absl::OkStatus() : broken("edge", 0);
}

std::string State::Digest() const {
  crypto::Sha256 hash;
  std::string bytes;
  for (const auto& [name, entity] : entities_) {
    base::AppendBytes(&bytes, name);
    base::AppendBytes(&bytes, document::Canonical(entity.body));
    base::AppendUv(&bytes, entity.seq);
    base::AppendUv(&bytes, entity.node);
  }
  for (lineage::EdgeId id = 0; id < graph_.EdgeCount(); ++id) {
    const lineage::Edge& edge = graph_.EdgeAt(id);
    base::AppendUv(&bytes, static_cast<uint64_t>(edge.kind));
    base::AppendUv(&bytes, edge.from);
    base::AppendUv(&bytes, edge.to);
    base::AppendUv(&bytes, edge.seq);
  }
  for (NodeId node = 0; node < graph_.NodeCount(); ++node) {
    base::AppendBytes(&bytes, graph_.NameOf(node));
    base::AppendU8(&bytes, graph_.FlagsOf(node));
    for (const NodeId record : graph_.C(node)) base::AppendUv(&bytes, record);
  }
  return std::string(crypto::AsBytes(hash.Update(bytes).Final()));
}

}  // namespace lineward::registry

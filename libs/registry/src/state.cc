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
    const Json* const status = fact.body.Find("status");
    StoredAnswer answer{.body_sha256 = TextOf(fact.body, "sha256"),
                        .http_status = status != nullptr && status->is_int()
                                           ? static_cast<int>(status->AsInt())
                                           : 200,
                        .body = TextOf(fact.body, "response"),
                        .recorded_at_us = fact.recorded_at_us};
    answers_.insert_or_assign(fact.subject, std::move(answer));
    undo_answers_.push_back(fact.subject);
    return absl::OkStatus();
  }
  if (fact.kind == FactKind::kEdge) {
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
  return Link(fact, Upsert(fact));
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
  const Json& body = fact.body;
  switch (fact.kind) {
    case FactKind::kDataset: {
      entity->node = graph_.Intern(NodeKind::kDataset, entity->name);
      if (const Json* const made_by = body.Find("made_by")) {
        LW_ASSIGN_OR_RETURN(const NodeId model, NodeOf(*made_by));
        LW_RETURN_IF_ERROR(AddEdge(fact, EdgeKind::kMadeBy, model, entity->node));
      }
      return absl::OkStatus();
    }
    case FactKind::kDatasetVersion: {
      const Json* const dataset = entity->body.Find("dataset");
      if (dataset == nullptr) {
        return base::FailedPrecondition(kFactInvalid, "fact {}: no dataset", fact.seq);
      }
      LW_ASSIGN_OR_RETURN(const NodeId series, NodeOf(*dataset));
      entity->node = graph_.Intern(NodeKind::kDatasetVersion, entity->name, series, fact.seq);
      if (const std::string label = TextOf(body, "label"); !label.empty()) {
        const std::string key = LabelKey(dataset->AsText(), label);
        if (labels_.emplace(key, entity->name).second) undo_labels_.push_back(key);
      }
      return AddEdges(fact, EdgeKind::kDerived, body.Find("parents"), entity->node);
    }
    case FactKind::kRun: {
      entity->node = graph_.Intern(NodeKind::kRun, entity->name);
      if (const std::string job = TextOf(body, "job"); !job.empty()) {
        const NodeId job_node = graph_.Intern(NodeKind::kJob, job);
        LW_RETURN_IF_ERROR(AddEdge(fact, EdgeKind::kRunOf, entity->node, job_node));
      }
      LW_RETURN_IF_ERROR(AddEdges(fact, EdgeKind::kRead, body.Find("reads"), entity->node));
      if (const Json* const writes = body.Find("writes")) {
        for (const Json& name : writes->items()) {
          LW_ASSIGN_OR_RETURN(const NodeId dataset, NodeOf(name));
          LW_RETURN_IF_ERROR(AddEdge(fact, EdgeKind::kWrite, entity->node, dataset));
        }
      }
      return absl::OkStatus();
    }
    case FactKind::kModel:
      return absl::OkStatus();
    case FactKind::kModelVersion: {
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
      LW_RETURN_IF_ERROR(
          AddEdges(fact, EdgeKind::kEvaluated, body.Find("evaluated"), entity->node));
      LW_RETURN_IF_ERROR(AddEdges(fact, EdgeKind::kServes, body.Find("serves"), entity->node));
      if (const Json* const parents = body.Find("parents")) {
        for (const Json& parent : parents->items()) {
          LW_ASSIGN_OR_RETURN(const NodeId from, NodeOf(*parent.Find("model")));
          LW_RETURN_IF_ERROR(
              AddEdge(fact, EdgeKind::kParent, from, entity->node, RoleOf(TextOf(parent, "role"))));
        }
      }
      return absl::OkStatus();
    }
    case FactKind::kEdge:
    case FactKind::kRequest:
      break;
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
  graph_.Commit();
  committed_flags_.resize(graph_.NodeCount());
  for (size_t node = 0; node < committed_flags_.size(); ++node) {
    committed_flags_[node] = graph_.FlagsOf(static_cast<NodeId>(node));
  }
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
  for (const std::string& key : undo_answers_) answers_.erase(key);
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

void State::ForgetAnswers(int64_t keep_from_us) {
  std::erase_if(answers_, [keep_from_us](const auto& answer) {
    return answer.second.recorded_at_us < keep_from_us;
  });
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

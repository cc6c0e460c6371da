#include "registry/src/publish.h"

#include <absl/time/time.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "lineward/base/strings.h"
#include "lineward/control/names.h"

namespace lineward::registry {
namespace {

using control::ModelFlag;
using document::Json;
using lineage::EdgeKind;
using lineage::NodeId;
using lineage::NodeKind;

constexpr size_t kOffendersMax = 8;

std::vector<std::string> TextsOf(const Json& object, std::string_view name) {
  std::vector<std::string> texts;
  const Json* const list = object.Find(name);
  if (list == nullptr) return texts;
  for (const Json& item : list->items()) texts.push_back(item.AsText());
  return texts;
}

std::optional<int64_t> TimeOf(const Json& object, std::string_view name) {
  const Json* const text = object.Find(name);
  if (text == nullptr) return std::nullopt;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, base::ToAbsl(text->AsText()), &time, &error)) {
    return std::nullopt;
  }
  return absl::ToUnixMicros(time);
}

policy::ProcessingSet ProcessingOf(const Json& entry) {
  constexpr std::array<std::string_view, 4> kWords = {"TRAIN", "PROFILE", "SERVE", "EVALUATE"};
  if (entry.Find("processing") == nullptr) return policy::kAllProcessings;
  policy::ProcessingSet processing = 0;
  for (const std::string& word : TextsOf(entry, "processing")) {
    const auto at = std::find(kWords.begin(), kWords.end(), word) - kWords.begin();
    processing |= policy::Only(static_cast<policy::Processing>(at));
  }
  return processing;
}

policy::Basis BasisOf(std::string_view word) {
  if (word == "CONTRACT") return policy::Basis::kContract;
  if (word == "LEGITIMATE_INTEREST") return policy::Basis::kLegitimateInterest;
  if (word == "LEGAL_OBLIGATION") return policy::Basis::kLegalObligation;
  return policy::Basis::kConsent;
}

std::vector<policy::Prohibition> ProhibitsOf(const Json& object) {
  std::vector<policy::Prohibition> prohibits;
  const Json* const list = object.Find("prohibits");
  if (list == nullptr) return prohibits;
  for (const Json& entry : list->items()) {
    prohibits.push_back(
        {.purposes = TextsOf(entry, "purposes"), .processing = ProcessingOf(entry)});
  }
  return prohibits;
}

void FillDatasetDeclaration(const Json& body, control::Declaration* record) {
  const Json* const declaration = body.Find("declaration");
  if (declaration == nullptr) return;
  if (const Json* const grants = declaration->Find("grants")) {
    record->grants.emplace();
    for (const Json& entry : grants->items()) {
      record->grants->push_back({.purposes = TextsOf(entry, "purposes"),
                                 .processing = ProcessingOf(entry),
                                 .basis = BasisOf(entry.Find("basis")->AsText())});
    }
  }
  record->prohibits = ProhibitsOf(*declaration);
  record->consent_classes = TextsOf(*declaration, "consent_classes");
  record->categories = TextsOf(*declaration, "categories");
  record->labels = TextsOf(*declaration, "labels");
  if (declaration->Find("regions") != nullptr) {
    record->regions = TextsOf(*declaration, "regions");
  }
  record->retain_until_us = TimeOf(*declaration, "retain_until");
}

void FillNarrowing(const Json& body, control::Declaration* record) {
  if (body.Find("restrict") != nullptr) record->restrict_to = TextsOf(body, "restrict");
  record->prohibits = ProhibitsOf(body);
  record->retain_until_us = TimeOf(body, "retain_until");
}

std::string DigestBytes(const Json& body, std::string_view name) {
  const Json* const digest = body.Find(name);
  if (digest == nullptr || !digest->AsText().starts_with("sha256:")) return "";
  return base::FromHex(std::string_view(digest->AsText()).substr(7)).value_or("");
}

bool IsServed(const State& state, const Entity& entity) {
  const auto reads_at_serve_time = [&state](NodeId node) {
    for (const lineage::EdgeId id : state.Graph().OutEdges(node)) {
      if (state.Graph().EdgeAt(id).kind == EdgeKind::kServes) return true;
    }
    const Entity* const dataset = state.Find(state.Graph().NameOf(node));
    const Json* const serve_time = dataset == nullptr ? nullptr : dataset->body.Find("serve_time");
    return serve_time != nullptr && serve_time->AsBool();
  };
  if (reads_at_serve_time(entity.node)) return true;
  const NodeId series = state.Graph().SeriesOf(entity.node);
  return series != lineage::kNoNode && reads_at_serve_time(series);
}

const Entity* RunOf(const State& state, const Entity& version) {
  const Json* const run = version.body.Find("run");
  return run == nullptr ? nullptr : state.Find(run->AsText());
}

control::ModelFacts FactsOf(const State& state, const Entity& version) {
  const lineage::Graph& graph = state.Graph();
  control::ModelFacts facts;
  facts.model = version.body.Find("model")->AsText();
  facts.version = static_cast<int32_t>(version.body.Find("version")->AsInt());
  facts.weights_digest = DigestBytes(version.body, "weights_digest");
  facts.config_digest = DigestBytes(version.body, "config_digest");
  facts.closure = graph.C(version.node);
  facts.evaluated_closure = graph.E(version.node);
  facts.served_closure = graph.S(version.node);
  facts.serves = graph.Serves(version.node);
  const Json* const profiling = version.body.Find("profiling");
  facts.is_profiling = profiling != nullptr && profiling->AsBool();
  facts.synthetic_share = SyntheticShare(state, version);
  if (const Entity* const run = RunOf(state, version)) {
    facts.trained_at_us = TimeOf(run->body, "ended_at");
    facts.run = run->name;
  }
  facts.flags = FlagsOf(state, version);
  return facts;
}

// Series and versions that are read at serve time follow their series' edges and marks.
void AddVersionsOf(const State& state, NodeId series, std::set<std::string>* names) {
  for (const lineage::EdgeId id : state.Graph().InEdges(series)) {
    const lineage::Edge& edge = state.Graph().EdgeAt(id);
    if (edge.kind == EdgeKind::kVersionOf) names->insert(state.Graph().NameOf(edge.from));
  }
}

using Records = std::vector<std::pair<std::string, std::string>>;

void AddAliases(const Entity& model, Records* records) {
  const Json* const aliases = model.body.Find("aliases");
  if (aliases == nullptr) return;
  for (const auto& [alias, version] : aliases->members()) {
    control::RegistryRecord record;
    record.alias_version = static_cast<int32_t>(version.AsInt());
    records->emplace_back(control::AliasName(model.body.Find("name")->AsText(), alias),
                          control::EncodeRegistryRecord(record));
  }
}

// A dataset that is read at serve time, and its versions if it is a series.
void AddServed(const State& state, std::string_view name, std::set<std::string>* names) {
  const Entity* const dataset = state.Find(name);
  if (dataset == nullptr) return;
  names->insert(dataset->name);
  if (dataset->kind == FactKind::kDataset) AddVersionsOf(state, dataset->node, names);
}

// A stated share of synthetic data reaches every model behind which the dataset stands.
void AddModelsBehind(const State& state, const Entity& dataset, std::set<std::string>* names) {
  const lineage::Graph& graph = state.Graph();
  for (NodeId node = 0; node < graph.NodeCount(); ++node) {
    if (graph.KindOf(node) != NodeKind::kModelVersion) continue;
    const auto closure = graph.C(node);
    if (std::binary_search(closure.begin(), closure.end(), dataset.node)) {
      names->insert(graph.NameOf(node));
    }
  }
}

// Whose records say something else since `entity` was touched, apart from what the graph tells.
void AddNamesChangedBy(const State& state, const Entity& entity, std::set<std::string>* names) {
  const lineage::Graph& graph = state.Graph();
  switch (entity.kind) {
    case FactKind::kDataset:
      names->insert(entity.name);
      AddVersionsOf(state, entity.node, names);
      if (entity.body.Find("synthetic") != nullptr) AddModelsBehind(state, entity, names);
      break;
    case FactKind::kDatasetVersion:
    case FactKind::kModelVersion:
      names->insert(entity.name);
      for (const std::string& served : TextsOf(entity.body, "serves")) {
        AddServed(state, served, names);
      }
      break;
    case FactKind::kRun:
      for (const lineage::EdgeId id : graph.OutEdges(entity.node)) {
        const lineage::Edge& edge = graph.EdgeAt(id);
        if (edge.kind == EdgeKind::kTrained) names->insert(graph.NameOf(edge.to));
      }
      break;
    case FactKind::kEdge:
      if (entity.body.Find("edge")->AsText() == "SERVES") {
        AddServed(state, entity.body.Find("from")->AsText(), names);
      }
      break;
    case FactKind::kModel:
    case FactKind::kRequest:
      break;
  }
}

// The records of those of `names` that have one, beside those that are there; ascending by key.
void AddRecords(const State& state, const std::set<std::string>& names, Records* records) {
  for (const std::string& name : names) {
    const Entity* const entity = state.Find(name);
    if (entity == nullptr || entity->node == lineage::kNoNode) continue;
    if (state.Graph().KindOf(entity->node) > NodeKind::kModelVersion) continue;
    records->emplace_back(name, control::EncodeRegistryRecord(RecordOf(state, *entity)));
  }
  std::sort(records->begin(), records->end());
}

}  // namespace

std::optional<double> SyntheticShare(const State& state, const Entity& version) {
  std::optional<double> share;
  for (const NodeId record : state.Graph().C(version.node)) {
    const Entity* const dataset = state.Find(state.Graph().NameOf(record));
    const Json* const stated = dataset == nullptr ? nullptr : dataset->body.Find("synthetic");
    if (stated != nullptr) share = std::max(share.value_or(0.0), stated->AsDouble());
  }
  return share;
}

std::vector<control::ModelFlagNote> FlagsOf(const State& state, const Entity& version) {
  const lineage::Graph& graph = state.Graph();
  std::vector<std::string> unversioned;
  std::vector<std::string> undigested;
  if (version.body.Find("weights_digest") == nullptr) undigested.push_back(version.name);
  std::vector<NodeId> inputs;
  for (const lineage::EdgeId id : graph.InEdges(version.node)) {
    const lineage::Edge& edge = graph.EdgeAt(id);
    if (edge.kind == EdgeKind::kInput) inputs.push_back(edge.from);
    if (edge.kind != EdgeKind::kTrained) continue;
    for (const lineage::EdgeId read : graph.InEdges(edge.from)) {
      if (graph.EdgeAt(read).kind == EdgeKind::kRead) inputs.push_back(graph.EdgeAt(read).from);
    }
  }
  for (const NodeId input : inputs) {
    const Entity* const dataset = state.Find(graph.NameOf(input));
    if (graph.KindOf(input) == NodeKind::kDataset) {
      unversioned.push_back(graph.NameOf(input));
    } else if (dataset != nullptr && dataset->body.Find("digest") == nullptr) {
      undigested.push_back(graph.NameOf(input));
    }
  }
  std::vector<control::ModelFlagNote> notes;
  const auto note = [&notes](ModelFlag flag, std::vector<std::string> offenders) {
    std::sort(offenders.begin(), offenders.end());
    offenders.erase(std::unique(offenders.begin(), offenders.end()), offenders.end());
    if (offenders.size() > kOffendersMax) offenders.resize(kOffendersMax);
    notes.push_back({.flag = flag, .offenders = std::move(offenders)});
  };
  if (!unversioned.empty()) note(ModelFlag::kUnversionedInput, std::move(unversioned));
  if (!undigested.empty()) note(ModelFlag::kUndigested, std::move(undigested));
  if (const Entity* const run = RunOf(state, version)) {
    const Json* const stated = run->body.Find("state");
    const std::string word = stated == nullptr ? "RUNNING" : stated->AsText();
    if (word == "RUNNING") note(ModelFlag::kRunNotFinished, {run->name});
    if (word == "FAILED" || word == "ABORTED") note(ModelFlag::kRunFailed, {run->name});
  }
  if (graph.Has(version.node, lineage::kNoDataset)) note(ModelFlag::kNoInputs, {version.name});
  return notes;
}

control::RegistryRecord RecordOf(const State& state, const Entity& entity) {
  const lineage::Graph& graph = state.Graph();
  control::RegistryRecord record;
  control::Declaration declaration;
  declaration.record = entity.node;
  const uint8_t flags = graph.FlagsOf(entity.node);
  declaration.is_unsourced = (flags & lineage::kUnsourced) != 0;
  declaration.is_own_ancestor = (flags & lineage::kOwnAncestor) != 0;
  declaration.is_without_dataset = (flags & lineage::kNoDataset) != 0;
  declaration.is_closure_too_large = (flags & lineage::kClosureTooLarge) != 0;
  if (entity.kind == FactKind::kDataset) {
    declaration.kind = control::RecordKind::kDataset;
    FillDatasetDeclaration(entity.body, &declaration);
  } else if (entity.kind == FactKind::kDatasetVersion) {
    declaration.kind = control::RecordKind::kDatasetVersion;
    declaration.series = graph.SeriesOf(entity.node);
    FillNarrowing(entity.body, &declaration);
  } else {
    declaration.kind = control::RecordKind::kModelVersion;
    FillNarrowing(entity.body, &declaration);
    record.model = FactsOf(state, entity);
  }
  record.declaration = std::move(declaration);
  if (entity.kind != FactKind::kModelVersion && IsServed(state, entity)) {
    record.serve = control::ServeFacts{.closure = graph.C(entity.node)};
  }
  return record;
}

Records AllRecords(const State& state) {
  std::set<std::string> names;
  Records records;
  for (const auto& [name, entity] : state.Entities()) {
    names.insert(name);
    if (entity.kind == FactKind::kModel) AddAliases(entity, &records);
  }
  AddRecords(state, names, &records);
  return records;
}

Records ChangedRecords(const State& state) {
  std::set<std::string> names;
  Records records;
  for (const std::string& name : state.Touched()) {
    const Entity& entity = *state.Find(name);
    if (entity.kind == FactKind::kModel) AddAliases(entity, &records);
    AddNamesChangedBy(state, entity, &names);
  }
  const lineage::Changes changes = state.GraphChanges();
  for (const NodeId node : changes.closures) names.insert(state.Graph().NameOf(node));
  for (const NodeId node : changes.flags) names.insert(state.Graph().NameOf(node));
  AddRecords(state, names, &records);
  return records;
}

}  // namespace lineward::registry

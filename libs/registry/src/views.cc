#include "registry/src/views.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "lineward/control/names.h"
#include "registry/src/publish.h"

namespace lineward::registry {
namespace {

using document::Json;

constexpr std::array<std::string_view, 6> kFlagNames = {
    "", "UNVERSIONED_INPUT", "UNDIGESTED", "RUN_NOT_FINISHED", "RUN_FAILED", "NO_INPUTS"};

std::string TimeText(int64_t us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(us), absl::UTCTimeZone());
}

Json ChildrenOf(const State& state, const std::string& name) {
  Json children = Json::EmptyList();
  const std::string prefix = name + "/versions/";
  const auto& entities = state.Entities();
  for (auto at = entities.lower_bound(prefix);
       at != entities.end() && at->first.starts_with(prefix); ++at) {
    children.Append(at->first);
  }
  return children;
}

void AddModelVersion(const State& state, const Entity& entity, Json* view) {
  const lineage::Graph& graph = state.Graph();
  view->Set("state", "REGISTERED");
  Json flags = Json::EmptyList();
  for (const control::ModelFlagNote& note : FlagsOf(state, entity)) {
    Json flag;
    flag.Set("flag", kFlagNames[static_cast<size_t>(note.flag)]);
    Json offenders = Json::EmptyList();
    for (const std::string& offender : note.offenders) offenders.Append(offender);
    flag.Set("offenders", std::move(offenders));
    flags.Append(std::move(flag));
  }
  view->Set("flags", std::move(flags));
  Json behind = Json::EmptyList();
  for (const lineage::NodeId record : graph.C(entity.node)) {
    if (record != entity.node) behind.Append(graph.NameOf(record));
  }
  view->Set("closure", std::move(behind));
}

}  // namespace

std::string EtagOf(const Entity& entity) { return fmt::format("\"{}\"", entity.seq); }

Json ViewOf(const State& state, const Entity& entity) {
  Json view = Json::EmptyObject();
  view.Set("resource", entity.name);
  for (const auto& [name, value] : entity.body.members()) view.Set(name, value);
  switch (entity.kind) {
    case FactKind::kDataset: {
      const Json* const declaration = entity.body.Find("declaration");
      view.Set("undeclared", declaration == nullptr || declaration->Find("grants") == nullptr);
      view.Set("versions", ChildrenOf(state, entity.name));
      break;
    }
    case FactKind::kModel:
      view.Set("versions", ChildrenOf(state, entity.name));
      break;
    case FactKind::kModelVersion:
      AddModelVersion(state, entity, &view);
      break;
    case FactKind::kDatasetVersion:
    case FactKind::kRun:
    case FactKind::kEdge:
    case FactKind::kRequest:
      break;
  }
  view.Set("registry_seq", std::to_string(entity.seq));
  view.Set("etag", EtagOf(entity));
  view.Set("recorded_at", TimeText(entity.recorded_at_us));
  view.Set("actor", entity.actor);
  return view;
}

}  // namespace lineward::registry

#include "registry/src/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/control/names.h"
#include "lineward/registry/reasons.h"

namespace lineward::registry {
namespace {

using document::Json;

// Fields that may be stated later than the rest, once: first statements loosen nothing.
bool MayComeLater(FactKind kind, std::string_view field) {
  constexpr std::string_view kModelVersion[] = {
      "inputs", "evaluated", "serves", "parents", "run", "weights_digest", "config_digest"};
  constexpr std::string_view kRun[] = {"ended_at", "reads", "writes"};
  const auto is_in = [field](const auto& fields) {
    return std::find(std::begin(fields), std::end(fields), field) != std::end(fields);
  };
  switch (kind) {
    case FactKind::kDataset:
      return field == "declaration";
    case FactKind::kModelVersion:
      return is_in(kModelVersion);
    case FactKind::kRun:
      return is_in(kRun);
    case FactKind::kModel:
      return field == "aliases";
    case FactKind::kDatasetVersion:
    case FactKind::kEdge:
    case FactKind::kRequest:
      return false;
  }
  return false;
}

// A run goes on from RUNNING; aliases of a model are added, never moved here.
bool MayChange(FactKind kind, std::string_view field, const Json& before, const Json& now) {
  if (kind == FactKind::kRun && field == "state") return before == Json("RUNNING");
  if (kind == FactKind::kModel && field == "aliases") {
    return std::all_of(now.members().begin(), now.members().end(), [&before](const auto& alias) {
      const Json* const old = before.Find(alias.first);
      return old == nullptr || *old == alias.second;
    });
  }
  return false;
}

// True if `before` says all that `now` says.
bool Holds(std::string_view field, const Json& before, const Json& now) {
  if (field != "aliases") return before == now;
  return std::all_of(now.members().begin(), now.members().end(), [&before](const auto& alias) {
    const Json* const old = before.Find(alias.first);
    return old != nullptr && *old == alias.second;
  });
}

// References by label become references by version; `datasets/...` names stay.
void ResolveLabels(const State& draft, Json* body, std::string_view field) {
  const Json* const list = body->Find(field);
  if (list == nullptr || !list->is_list()) return;
  std::vector<std::string> names;
  for (const Json& item : list->items()) {
    std::string name = item.AsText();
    const size_t at = name.find("/versions/");
    if (at != std::string::npos && draft.Find(name) == nullptr) {
      const auto label = control::DecodeSegment(std::string_view(name).substr(at + 10));
      const std::string* const version =
          label.has_value() ? draft.FindLabel(name.substr(0, at), *label) : nullptr;
      if (version != nullptr) name = *version;
    }
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  Json resolved = Json::EmptyList();
  for (std::string& name : names) resolved.Append(std::move(name));
  body->Set(field, std::move(resolved));
}

// Fields that name other entities: stated in a second pass, so that items may come in any order.
constexpr std::string_view kReferences[] = {"made_by", "parents", "reads",     "writes",
                                            "run",     "inputs",  "evaluated", "serves"};

int PassOf(FactKind kind) {
  switch (kind) {
    case FactKind::kDataset:
      return 0;
    case FactKind::kDatasetVersion:
      return 1;
    case FactKind::kRun:
      return 2;
    case FactKind::kModel:
      return 3;
    case FactKind::kModelVersion:
      return 4;
    case FactKind::kEdge:
    case FactKind::kRequest:
      return 5;
  }
  return 5;
}

class Planner {
 public:
  Planner(State* draft, const PlanContext& context) : draft_(draft), context_(context) {}

  absl::StatusOr<Plan> Run(std::vector<Item> items) {
    plan_.items.resize(items.size());
    std::vector<size_t> order(items.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&items](size_t a, size_t b) {
      return PassOf(items[a].kind) < PassOf(items[b].kind);
    });
    for (const size_t i : order) LW_RETURN_IF_ERROR(StateEntity(&items[i], &plan_.items[i]));
    for (const size_t i : order) LW_RETURN_IF_ERROR(StateReferences(items[i], &plan_.items[i]));
    if (const auto dataset = draft_->FindLoosening()) {
      return base::FailedPrecondition(
          kLooseningUnsupported,
          "the first source of the undeclared dataset `{}`, which models use, would widen what "
          "they may serve; a change that loosens needs a second person: not supported yet",
          control::DisplayName(*dataset));
    }
    return std::move(plan_);
  }

 private:
  // First pass: the entity itself, without what it refers to.
  absl::Status StateEntity(Item* item, PlannedItem* planned) {
    if (item->kind == FactKind::kModelVersion) LW_RETURN_IF_ERROR(NumberVersion(item));
    for (const std::string_view field :
         {"parents", "reads", "writes", "inputs", "evaluated", "serves"}) {
      const bool is_model_parents = item->kind == FactKind::kModelVersion && field == "parents";
      if (!is_model_parents) ResolveLabels(*draft_, &item->body, field);
    }
    planned->name = item->subject;
    if (item->kind == FactKind::kEdge) return absl::OkStatus();
    const Entity* const known = draft_->Find(item->subject);
    if (known != nullptr) return CompareWithKnown(*item, *known);
    if (item->kind == FactKind::kDatasetVersion) LW_RETURN_IF_ERROR(CheckLabel(*item));
    if (item->kind == FactKind::kModelVersion) LW_RETURN_IF_ERROR(CheckModel(*item));
    planned->is_created = true;
    Json own = Json::EmptyObject();
    for (const auto& [name, value] : item->body.members()) {
      if (!IsReference(name)) own.Set(name, value);
    }
    return Append(*item, std::move(own));
  }

  // Second pass: what is new beside the entity, all references included.
  absl::Status StateReferences(Item& item, PlannedItem* planned) {
    if (item.kind == FactKind::kEdge) {
      planned->is_created = draft_->Find(item.subject) == nullptr;
      return planned->is_created ? Append(item, item.body) : absl::OkStatus();
    }
    for (const std::string_view field :
         {"parents", "reads", "writes", "inputs", "evaluated", "serves"}) {
      const bool is_model_parents = item.kind == FactKind::kModelVersion && field == "parents";
      if (!is_model_parents) ResolveLabels(*draft_, &item.body, field);
    }
    const Entity& known = *draft_->Find(item.subject);
    Json news = Json::EmptyObject();
    for (const auto& [name, value] : item.body.members()) {
      const Json* const before = known.body.Find(name);
      if (before == nullptr || !Holds(name, *before, value)) news.Set(name, value);
    }
    Warn(item, planned);
    return news.members().empty() ? absl::OkStatus() : Append(item, std::move(news));
  }

  absl::Status NumberVersion(Item* item) {
    if (!item->subject.ends_with("/versions/")) return absl::OkStatus();
    const std::string model = item->body.Find("model")->AsText();
    const int32_t last = draft_->LastVersion(model);
    for (int32_t number = last; number > 0; --number) {
      const Entity* const known = draft_->Find(control::ModelVersionName(model, number));
      if (known != nullptr && IsSameWeightsAndInputs(*known, item->body)) {
        item->body.Set("version", static_cast<int64_t>(number));
        item->subject = known->name;
        return absl::OkStatus();
      }
    }
    item->body.Set("version", static_cast<int64_t>(last + 1));
    item->subject = control::ModelVersionName(model, last + 1);
    return absl::OkStatus();
  }

  bool IsSameWeightsAndInputs(const Entity& known, const Json& body) const {
    const Json* const weights = body.Find("weights_digest");
    const Json* const known_weights = known.body.Find("weights_digest");
    if (weights == nullptr || known_weights == nullptr || *weights != *known_weights) return false;
    Json resolved = body;
    ResolveLabels(*draft_, &resolved, "inputs");
    const Json* const inputs = resolved.Find("inputs");
    const Json* const known_inputs = known.body.Find("inputs");
    const bool has = inputs != nullptr;
    return has == (known_inputs != nullptr) && (!has || *inputs == *known_inputs);
  }

  absl::Status CompareWithKnown(const Item& item, const Entity& known) {
    std::vector<std::string> different;
    for (const auto& [name, value] : item.body.members()) {
      const Json* const before = known.body.Find(name);
      if (before == nullptr) {
        if (!MayComeLater(item.kind, name)) different.push_back(name);
      } else if (*before != value && !MayChange(item.kind, name, *before, value)) {
        different.push_back(name);
      }
    }
    if (different.empty()) return absl::OkStatus();
    std::sort(different.begin(), different.end());
    return base::AlreadyExists(kContentConflict, "`{}` is registered with another {}",
                               control::DisplayName(item.subject), fmt::join(different, ", "));
  }

  absl::Status CheckLabel(const Item& item) {
    const Json* const label = item.body.Find("label");
    if (label == nullptr) return absl::OkStatus();
    const std::string* const other =
        draft_->FindLabel(item.body.Find("dataset")->AsText(), label->AsText());
    if (other == nullptr) return absl::OkStatus();
    return base::AlreadyExists(kContentConflict, "label `{}` names the version `{}` already",
                               label->AsText(), control::DisplayName(*other));
  }

  absl::Status CheckModel(const Item& item) {
    const std::string model = item.body.Find("model")->AsText();
    if (draft_->Find(control::ModelName(model)) != nullptr) return absl::OkStatus();
    return base::NotFound(kModelNotFound, "model `{}` is not registered", model);
  }

  void Warn(const Item& item, PlannedItem* planned) const {
    const Json* const declaration = item.body.Find("declaration");
    if (item.kind == FactKind::kDataset && planned->is_created && declaration == nullptr) {
      planned->warnings.push_back("UNDECLARED");
    }
    if (item.kind == FactKind::kModelVersion) {
      if (item.body.Find("weights_digest") == nullptr) planned->warnings.push_back("UNDIGESTED");
      if (item.body.Find("inputs") == nullptr && item.body.Find("run") == nullptr) {
        planned->warnings.push_back("NO_INPUTS");
      }
      if (const Json* const inputs = item.body.Find("inputs")) {
        const bool has_series = std::any_of(
            inputs->items().begin(), inputs->items().end(),
            [](const Json& name) { return name.AsText().find("/versions/") == std::string::npos; });
        if (has_series) planned->warnings.push_back("UNVERSIONED_INPUT");
      }
    }
  }

  static bool IsReference(std::string_view field) {
    return std::find(std::begin(kReferences), std::end(kReferences), field) !=
           std::end(kReferences);
  }

  absl::Status Append(const Item& item, Json body) {
    Fact fact{.kind = item.kind,
              .subject = item.subject,
              .valid_from_us = item.valid_from_us.value_or(context_.now_us),
              .valid_to_us = item.valid_to_us,
              .actor = context_.actor,
              .request_id = context_.request_id,
              .origin = context_.origin,
              .body = std::move(body)};
    LW_ASSIGN_OR_RETURN(auto planned, AppendFact(draft_, std::move(fact), context_.now_us));
    plan_.facts.push_back(std::move(planned));
    return absl::OkStatus();
  }

  State* draft_;
  const PlanContext& context_;
  Plan plan_;
};

}  // namespace

absl::StatusOr<PlannedFact> AppendFact(State* draft, Fact fact, int64_t now_us) {
  fact.seq = draft->Seq() + 1;
  fact.recorded_at_us = std::max(now_us, draft->RecordedAtUs() + 1);
  PlannedFact planned{.fact = std::move(fact), .bytes = ""};
  planned.bytes = EncodeFact(planned.fact);
  LW_RETURN_IF_ERROR(draft->Apply(planned.fact, planned.bytes));
  return planned;
}

absl::StatusOr<Plan> PlanItems(State* draft, std::vector<Item> items, const PlanContext& context) {
  return Planner(draft, context).Run(std::move(items));
}

}  // namespace lineward::registry

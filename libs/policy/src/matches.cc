#include "policy/src/matches.h"

#include <algorithm>

namespace lineward::policy {
namespace {

bool HasId(const std::vector<uint32_t>& ids, const Name& name) {
  return name.id != 0 && std::binary_search(ids.begin(), ids.end(), name.id);
}

bool HoldsPlace(const PlaceSet& places, const Facts& facts, Reading reading) {
  const bool is_lenient = reading == Reading::kLenient;
  const auto is_under = [&](PlaceId place) {
    return place == kUnknownPlace ? is_lenient : places.Has(place);
  };
  const bool subject = is_under(facts.subject_place);
  const bool processing = is_under(facts.processing_place);
  return is_lenient ? subject || processing : subject && processing;
}

bool HoldsModel(const std::vector<CompiledModel>& models, const ModelFacts& facts) {
  return std::any_of(models.begin(), models.end(), [&](const CompiledModel& model) {
    if (model.is_prefix) {
      return std::string_view(facts.name).substr(0, model.name.size()) == model.name;
    }
    return facts.name == model.name && (!model.has_version || facts.version == model.version);
  });
}

bool HoldsClass(uint8_t classes, const Facts& facts, Reading reading) {
  if (facts.subject_class == SubjectClass::kUnknown) return reading == Reading::kLenient;
  uint8_t values = facts.subject_class == SubjectClass::kAdult ? 1 : 2;
  if (!facts.has_subject) values |= 4;
  return (classes & values) != 0;
}

template <typename T>
bool Compare(FieldCondition::Operator op, T value, T bound) {
  switch (op) {
    case FieldCondition::Operator::kEq:
    case FieldCondition::Operator::kIn:
      return value == bound;
    case FieldCondition::Operator::kLt:
      return value < bound;
    case FieldCondition::Operator::kLte:
      return value <= bound;
    case FieldCondition::Operator::kGt:
      return value > bound;
    case FieldCondition::Operator::kGte:
      return value >= bound;
  }
  return false;
}

}  // namespace

bool HoldsCondition(const CompiledCondition& condition, const Facts& facts,
                    Reading reading) noexcept {
  if ((facts.fields_present >> condition.field & 1) == 0) return reading == Reading::kLenient;
  const FieldValue& value = facts.fields[condition.field];
  switch (condition.type) {
    case FieldType::kString:
      return std::find(condition.texts.begin(), condition.texts.end(), value.text) !=
             condition.texts.end();
    case FieldType::kDouble:
      return Compare(condition.op, value.real, condition.real);
    case FieldType::kBool:
    case FieldType::kInt:
    case FieldType::kTimestamp:
      return std::any_of(condition.wholes.begin(), condition.wholes.end(),
                         [&](int64_t bound) { return Compare(condition.op, value.whole, bound); });
  }
  return false;
}

bool HoldsData(const base::BitSet256& wanted, const base::BitSet256 LineageFacts::* of,
               const Facts& facts) noexcept {
  return (facts.model->lineage.*of).Intersects(wanted) ||
         (facts.sources != nullptr && (facts.sources->*of).Intersects(wanted));
}

bool Holds(const CompiledMatch& match, const Facts& facts, Reading reading) noexcept {
  if (match.has_purpose && !match.purposes.Has(static_cast<size_t>(facts.purpose.bit))) {
    return false;
  }
  const auto processing = static_cast<ProcessingSet>(
      Only(Processing::kServe) | (facts.model->is_profiling ? Only(Processing::kProfile) : 0));
  if (match.processing != 0 && (match.processing & processing) == 0) return false;
  if (match.has_surface && !HasId(match.surfaces, facts.surface)) return false;
  if (match.has_tenant && !HasId(match.tenants, facts.tenant)) return false;
  if (match.has_category && !HoldsData(match.categories, &LineageFacts::categories, facts)) {
    return false;
  }
  if (match.has_label && !HoldsData(match.labels, &LineageFacts::labels, facts)) return false;
  if (match.subject_classes != 0 && !HoldsClass(match.subject_classes, facts, reading)) {
    return false;
  }
  if (match.has_place && !HoldsPlace(match.places, facts, reading)) return false;
  if (!match.models.empty() && !HoldsModel(match.models, *facts.model)) return false;
  return std::all_of(match.conditions.begin(), match.conditions.end(),
                     [&](const CompiledCondition& condition) {
                       return HoldsCondition(condition, facts, reading);
                     });
}

bool Applies(const CompiledRule& rule, const Facts& facts) noexcept {
  const bool is_forbid = rule.source->effect == Effect::kForbid;
  if (!rule.source->effective.Has(facts.decision_time_us)) return false;
  const Reading match = is_forbid ? Reading::kLenient : Reading::kStrict;
  const Reading unless = is_forbid ? Reading::kStrict : Reading::kLenient;
  if (rule.has_match && !Holds(rule.match, facts, match)) return false;
  return !rule.has_unless || !Holds(rule.unless, facts, unless);
}

}  // namespace lineward::policy

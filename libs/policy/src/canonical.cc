#include "policy/src/canonical.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lineward/document/json.h"

namespace lineward::policy {
namespace {

using document::Json;

// A list in the order of its members' bytes, each once.
Json Sorted(std::vector<Json> members) {
  std::vector<std::pair<std::string, Json>> keyed;
  for (Json& member : members) {
    std::string bytes = document::Canonical(member);
    keyed.emplace_back(std::move(bytes), std::move(member));
  }
  std::sort(keyed.begin(), keyed.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Json list = Json::EmptyList();
  for (size_t i = 0; i < keyed.size(); ++i) {
    if (i == 0 || keyed[i].first != keyed[i - 1].first) list.Append(std::move(keyed[i].second));
  }
  return list;
}

Json Texts(const std::vector<std::string>& texts) {
  return Sorted(std::vector<Json>(texts.begin(), texts.end()));
}

Json Number(int64_t value) { return std::to_string(value); }

Json ProcessingOf(ProcessingSet set) {
  static constexpr std::array<std::string_view, kProcessings> kNames = {"TRAIN", "PROFILE", "SERVE",
                                                                        "EVALUATE"};
  std::vector<Json> names;
  for (size_t k = 0; k < kProcessings; ++k) {
    if (set >> k & 1) names.emplace_back(kNames[k]);
  }
  return Sorted(std::move(names));
}

Json WindowOf(const Window& window) {
  Json json = Json::EmptyObject();
  if (window.from_us != kNeverUs) json.Set("from", Number(window.from_us));
  if (window.until_us != kForeverUs) json.Set("until", Number(window.until_us));
  return json;
}

Json ObligationOf(const Obligation& obligation) {
  Json json = *document::ParseJson(ToJson(obligation));
  if (json.Find("seconds") != nullptr) json.Set("seconds", Number(obligation.seconds));
  if (!obligation.fields.empty()) json.Set("fields", Texts(obligation.fields));
  return json;
}

Json ObligationsOf(const std::vector<Obligation>& obligations) {
  std::vector<Json> list;
  for (const Obligation& obligation : obligations) list.push_back(ObligationOf(obligation));
  return Sorted(std::move(list));
}

Json TaxonomyOf(const TaxonomySource& source) {
  std::vector<Json> purposes;
  for (const PurposeTerm& term : source.purposes) {
    std::vector<Json> under;
    for (const PurposeParent& parent : term.under) {
      under.push_back(Json().Set("id", parent.id).Set("since", Number(parent.since)));
    }
    Json json;
    json.Set("id", term.id).Set("under", Sorted(std::move(under))).Set("was", Texts(term.was));
    if (term.retired.has_value()) json.Set("retired", Number(*term.retired));
    purposes.push_back(std::move(json));
  }
  std::vector<Json> aliases;
  for (const PurposeAlias& alias : source.aliases) {
    Json json;
    json.Set("alias", alias.alias).Set("purpose", alias.purpose);
    if (alias.has_processing) json.Set("processing", ProcessingOf(alias.processing));
    aliases.push_back(std::move(json));
  }
  Json json;
  json.Set("aliases", Sorted(std::move(aliases)));
  json.Set("purposes", Sorted(std::move(purposes)));
  json.Set("version", Number(source.version));
  return json;
}

Json Subtree(const std::vector<TreeNode>& nodes, std::string_view parent) {
  Json json = Json::EmptyObject();
  for (const TreeNode& node : nodes) {
    if (node.parent == parent) json.Set(node.key, Subtree(nodes, node.id));
  }
  return json;
}

std::string_view FieldTypeName(FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return "bool";
    case FieldType::kInt:
      return "int";
    case FieldType::kDouble:
      return "double";
    case FieldType::kString:
      return "string";
    case FieldType::kTimestamp:
      return "timestamp";
  }
  return "";
}

Json VocabularyOf(const Vocabulary& vocabulary) {
  Json fields = Json::EmptyObject();
  for (const EventField& field : vocabulary.event_fields) {
    fields.Set(field.name, Json()
                               .Set("type", FieldTypeName(field.type))
                               .Set("optional", field.is_optional)
                               .Set("personal", field.is_personal));
  }
  Json orders = Json::EmptyObject();
  for (const auto& [key, values] : vocabulary.label_orders) {
    Json list = Json::EmptyList();
    for (const std::string& value : values) list.Append(value);
    orders.Set(key, std::move(list));
  }
  return Json()
      .Set("data_categories", Subtree(vocabulary.categories, ""))
      .Set("event_fields", std::move(fields))
      .Set("inherit_undeclared", vocabulary.inherit_undeclared)
      .Set("label_orders", std::move(orders))
      .Set("labels", Texts(vocabulary.labels))
      .Set("places", Subtree(vocabulary.places, ""));
}

Json EdgeOf(const CompatibilityEdge& edge) {
  return Json()
      .Set("id", edge.id)
      .Set("from", edge.from)
      .Set("to", edge.to)
      .Set("assessment", edge.assessment)
      .Set("effective", WindowOf(edge.effective))
      .Set("obligations", ObligationsOf(edge.obligations));
}

Json ConditionsOf(const Vocabulary& vocabulary, const std::vector<FieldCondition>& conditions) {
  static constexpr std::array<std::string_view, 6> kNames = {"eq", "in", "lt", "lte", "gt", "gte"};
  Json fields = Json::EmptyObject();
  for (const FieldCondition& condition : conditions) {
    const auto field = std::find_if(vocabulary.event_fields.begin(), vocabulary.event_fields.end(),
                                    [&](const EventField& f) { return f.name == condition.field; });
    const bool is_bool = field->type == FieldType::kBool;
    const auto value = [&](const std::string& text) {
      return is_bool ? Json(text == "true") : Json(text);
    };
    Json operators =
        fields.Find(condition.field) == nullptr ? Json() : *fields.Find(condition.field);
    Json operand;
    if (condition.op == FieldCondition::Operator::kIn) {
      std::vector<Json> values;
      for (const std::string& text : condition.values) values.push_back(value(text));
      operand = Sorted(std::move(values));
    } else {
      operand = value(condition.values[0]);
    }
    operators.Set(kNames[static_cast<size_t>(condition.op)], std::move(operand));
    fields.Set(condition.field, std::move(operators));
  }
  return fields;
}

Json MatchOf(const Vocabulary& vocabulary, const MatchMap& match) {
  Json json = Json::EmptyObject();
  const std::pair<std::string_view, const std::vector<std::string>*> lists[] = {
      {"purpose_under", &match.purpose_under},
      {"data_category_under", &match.data_category_under},
      {"place_under", &match.place_under},
      {"label", &match.label},
      {"surface", &match.surface},
      {"tenant", &match.tenant},
      {"model", &match.model},
      {"subject_class", &match.subject_class}};
  for (const auto& [key, values] : lists) {
    if (!values->empty()) json.Set(key, Texts(*values));
  }
  if (match.processing != 0) json.Set("processing", ProcessingOf(match.processing));
  if (!match.fields.empty()) json.Set("field", ConditionsOf(vocabulary, match.fields));
  return json;
}

Json RuleOf(const Vocabulary& vocabulary, const Rule& rule) {
  static constexpr std::array<std::string_view, 4> kModes = {"off", "shadow", "canary", "enforce"};
  static constexpr std::array<std::string_view, 5> kGrounds = {"", "purpose", "legal", "terms",
                                                               "safety"};
  Json json;
  json.Set("id", rule.id).Set("effect", rule.effect == Effect::kPermit ? "permit" : "forbid");
  if (rule.match.has_value()) json.Set("match", MatchOf(vocabulary, *rule.match));
  if (rule.unless.has_value()) json.Set("unless", MatchOf(vocabulary, *rule.unless));
  if (rule.when.has_value()) json.Set("when", *rule.when);
  if (rule.effect == Effect::kForbid) {
    json.Set("severity", rule.is_block ? "block" : "quarantine");
    json.Set("hard", rule.is_hard).Set("overridable", rule.is_overridable);
  }
  if (rule.effective.from_us != kNeverUs || rule.effective.until_us != kForeverUs) {
    json.Set("effective", WindowOf(rule.effective));
  }
  json.Set("mode", kModes[static_cast<size_t>(rule.mode)]);
  json.Set("ground", kGrounds[static_cast<size_t>(rule.ground)]);
  json.Set("obligations", ObligationsOf(rule.obligations));
  json.Set("advice", ObligationsOf(rule.advice));
  if (rule.explanation.has_value()) json.Set("explanation", *rule.explanation);
  return json;
}

// Sorts `members` by the bytes of their JSON and returns the list.
template <typename T, typename F>
Json SortMembers(std::vector<T>* members, F&& json_of) {
  std::vector<std::pair<std::string, size_t>> keys;
  Json list = Json::EmptyList();
  std::vector<Json> jsons;
  for (size_t i = 0; i < members->size(); ++i) {
    jsons.push_back(json_of((*members)[i]));
    keys.emplace_back(document::Canonical(jsons.back()), i);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<T> sorted;
  for (const auto& [bytes, i] : keys) {
    sorted.push_back(std::move((*members)[i]));
    list.Append(std::move(jsons[i]));
  }
  *members = std::move(sorted);
  return list;
}

Json PolicyOf(const Vocabulary& vocabulary, Policy* policy) {
  Json json;
  json.Set("policy", policy->pid);
  if (policy->owner.has_value()) json.Set("owner", *policy->owner);
  json.Set("rules",
           SortMembers(&policy->rules, [&](const Rule& rule) { return RuleOf(vocabulary, rule); }));
  return json;
}

Json EntryOf(const PolicyEntry& entry) {
  static constexpr std::array<std::string_view, 4> kModes = {"off", "shadow", "canary", "enforce"};
  Json json;
  json.Set("policy", entry.pid).Set("mode", kModes[static_cast<size_t>(entry.mode)]);
  if (entry.share.has_value()) json.Set("share", Number(*entry.share));
  if (entry.salt.has_value()) json.Set("salt", *entry.salt);
  if (entry.replaces.has_value()) json.Set("replaces", *entry.replaces);
  return json;
}

Json BindingOf(const Binding& binding) {
  static constexpr std::array<std::string_view, 3> kModes = {"off", "shadow", "enforce"};
  static constexpr std::array<std::string_view, 3> kRequire = {"legitimate_interest", "consent",
                                                               "forbidden"};
  std::vector<Json> legal;
  for (const LegalEntry& entry : binding.legal) {
    legal.push_back(Json()
                        .Set("purpose", entry.purpose)
                        .Set("require", kRequire[static_cast<size_t>(entry.require)]));
  }
  std::vector<Json> discharges;
  for (ObligationType type : binding.discharges) discharges.emplace_back(ObligationTypeName(type));
  std::vector<Json> entries;
  for (const PolicyEntry& entry : binding.policies) entries.push_back(EntryOf(entry));
  Json json;
  json.Set("id", binding.id);
  json.Set("select", Json()
                         .Set("tenant", binding.tenant)
                         .Set("topic", binding.topic)
                         .Set("surface", binding.surface));
  json.Set("mode", kModes[static_cast<size_t>(binding.mode)]);
  if (binding.shadow_until_us.has_value()) {
    json.Set("shadow_until", Number(*binding.shadow_until_us));
  }
  json.Set("on_unknown", binding.on_unknown_blocks ? "block" : "quarantine");
  json.Set("on_unavailable", binding.on_unavailable_blocks ? "block" : "quarantine");
  json.Set("consent_max_age_ms", Number(binding.consent_max_age_ms));
  json.Set("event_max_future_s", Number(binding.event_max_future_s));
  json.Set("event_max_age_s", Number(binding.event_max_age_s));
  json.Set("purposes", Texts(binding.purposes));
  json.Set("legal", Sorted(std::move(legal)));
  json.Set("discharges", Sorted(std::move(discharges)));
  if (binding.main_parameters_version.has_value()) {
    json.Set("main_parameters_version", *binding.main_parameters_version);
  }
  json.Set("solely_automated", binding.is_solely_automated);
  json.Set("policies", Sorted(std::move(entries)));
  return json;
}

}  // namespace

std::string Canonicalise(Source* source) {
  const Vocabulary& vocabulary = source->vocabulary;
  Json set;
  set.Set("engine", "1");
  set.Set("taxonomy", TaxonomyOf(source->taxonomy_source));
  set.Set("vocabulary", VocabularyOf(vocabulary));
  set.Set("edges", SortMembers(&source->edges, EdgeOf));
  std::vector<Json> policies;
  set.Set("policies", SortMembers(&source->policies,
                                  [&](Policy& policy) { return PolicyOf(vocabulary, &policy); }));
  set.Set("bindings", SortMembers(&source->bindings, BindingOf));
  return document::Canonical(set);
}

}  // namespace lineward::policy

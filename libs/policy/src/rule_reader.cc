// The part of SetReader that reads policies: rules, match maps, obligations.

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "lineward/document/nearest.h"
#include "policy/src/cel/limits.h"
#include "policy/src/set_reader.h"
#include "policy/src/when.h"

namespace lineward::policy {
namespace {

using document::YamlNode;
using Key = std::string_view;
using Operator = FieldCondition::Operator;

constexpr int64_t kSecondsMax = INT32_MAX;

constexpr std::pair<Key, Operator> kOperators[] = {{"eq", Operator::kEq}, {"in", Operator::kIn},
                                                   {"lt", Operator::kLt}, {"lte", Operator::kLte},
                                                   {"gt", Operator::kGt}, {"gte", Operator::kGte}};

bool TakesOperator(FieldType type, Operator op) {
  if (op == Operator::kEq || op == Operator::kIn) return type != FieldType::kDouble;
  return type == FieldType::kInt || type == FieldType::kDouble || type == FieldType::kTimestamp;
}

void SortObligations(std::vector<Obligation>* obligations) {
  std::sort(obligations->begin(), obligations->end(),
            [](const Obligation& a, const Obligation& b) { return ToJson(a) < ToJson(b); });
  obligations->erase(std::unique(obligations->begin(), obligations->end()), obligations->end());
}

}  // namespace

std::optional<std::string> SetReader::FieldText(Reader* in, const YamlNode& node,
                                                const EventField& field) {
  if (!node.is_text()) {
    in->Error(101, node.place,
              fmt::format("field `{}`: a value must be text, found {}", field.name,
                          document::KindName(node.kind)));
    return std::nullopt;
  }
  switch (field.type) {
    case FieldType::kString:
      return node.text;
    case FieldType::kBool:
      if (node.text == "true" || node.text == "false") return node.text;
      break;
    case FieldType::kInt:
      if (base::ParseInt64(node.text).has_value()) return node.text;
      break;
    case FieldType::kDouble:
      if (const auto value = ParseDouble(node.text); value.has_value()) return FormatDouble(*value);
      break;
    case FieldType::kTimestamp: {
      const auto time = in->is_canonical() ? base::ParseInt64(node.text) : ParseTime(node.text);
      if (time.has_value()) return std::to_string(*time);
      break;
    }
  }
  in->Error(101, node.place,
            fmt::format("field `{}`: `{}` does not fit its type", field.name, node.text));
  return std::nullopt;
}

void SetReader::ReadConditions(Reader* in, const YamlNode& fields, MatchMap* match) {
  if (!fields.is_map()) {
    if (!fields.is_empty()) in->Error(101, fields.place, "`field` must be a map");
    return;
  }
  std::vector<std::string> names;
  for (const EventField& field : source_->vocabulary.event_fields) names.push_back(field.name);
  for (const document::YamlEntry& entry : fields.entries) {
    const auto& declared = source_->vocabulary.event_fields;
    const auto field = std::find_if(declared.begin(), declared.end(),
                                    [&](const EventField& f) { return f.name == entry.key; });
    if (field == declared.end()) {
      if (!has_vocabulary_) continue;
      in->Error(102, entry.place,
                fmt::format("unknown event field `{}`{}", entry.key,
                            document::NearestHint(entry.key, names)));
      continue;
    }
    static constexpr Key kKeys[] = {"eq", "in", "lt", "lte", "gt", "gte"};
    if (!in->Map(entry.value, "a condition", kKeys)) continue;
    if (entry.value.entries.empty()) {
      in->Error(101, entry.place, fmt::format("field `{}` has no condition", entry.key));
    }
    for (const auto& [name, op] : kOperators) {
      const YamlNode* value = entry.value.Find(name);
      if (value == nullptr || value->is_empty()) continue;
      if (!TakesOperator(field->type, op)) {
        in->Error(101, value->place,
                  fmt::format("field `{}`: its type takes no `{}`", entry.key, name));
        continue;
      }
      FieldCondition condition{entry.key, op, {}};
      if (op != Operator::kIn) {
        if (auto text = FieldText(in, *value, *field); text.has_value()) {
          condition.values.push_back(*std::move(text));
        }
      } else {
        for (const YamlNode& item : in->List(entry.value, name)) {
          if (auto text = FieldText(in, item, *field); text.has_value()) {
            condition.values.push_back(*std::move(text));
          }
        }
        if (condition.values.size() > kValuesPerListMax) {
          in->Error(110, value->place,
                    fmt::format("`in` has {} values, at most {} are taken", condition.values.size(),
                                kValuesPerListMax));
        }
        if (value->is_list() && value->items.empty()) in->Error(101, value->place, "`in` is empty");
        std::sort(condition.values.begin(), condition.values.end());
        condition.values.erase(std::unique(condition.values.begin(), condition.values.end()),
                               condition.values.end());
      }
      if (!condition.values.empty()) match->fields.push_back(std::move(condition));
    }
  }
  std::sort(match->fields.begin(), match->fields.end(),
            [](const FieldCondition& a, const FieldCondition& b) {
              return std::tie(a.field, a.op) < std::tie(b.field, b.op);
            });
}

std::optional<MatchMap> SetReader::ReadMatch(Reader* in, const YamlNode& rule,
                                             std::string_view key) {
  static constexpr Key kKeys[] = {
      "purpose_under", "processing", "data_category_under", "place_under", "label", "surface",
      "tenant",        "model",      "subject_class",       "field"};
  const YamlNode* node = rule.Find(key);
  if (node == nullptr || node->is_empty()) return std::nullopt;
  if (!in->Map(*node, fmt::format("`{}`", key), kKeys)) return std::nullopt;
  if (node->entries.empty()) {
    in->Error(101, node->place, fmt::format("`{}` is empty: leave it out to match always", key));
  }
  for (const document::YamlEntry& entry : node->entries) {
    if ((entry.value.is_list() && entry.value.items.empty()) ||
        (entry.value.is_map() && entry.value.entries.empty())) {
      in->Error(101, entry.value.place, fmt::format("`{}` is empty", entry.key));
    }
  }
  MatchMap match;
  match.purpose_under = Purposes(in, *node, "purpose_under");
  match.processing = ReadProcessing(in, *node, "processing");
  match.data_category_under = Known(in, *node, "data_category_under", "data category", categories_);
  match.place_under = Known(in, *node, "place_under", "place", places_);
  match.label = Known(in, *node, "label", "label", source_->vocabulary.labels);
  match.surface = in->Texts(*node, "surface");
  match.tenant = in->Texts(*node, "tenant");
  match.model = in->Texts(*node, "model");
  match.subject_class = in->Texts(*node, "subject_class");
  static constexpr Key kClasses[] = {"adult", "minor", "anonymous"};
  for (const std::string& name : match.subject_class) {
    if (std::find(std::begin(kClasses), std::end(kClasses), name) != std::end(kClasses)) continue;
    in->Error(101, node->Find("subject_class")->place,
              fmt::format("`subject_class`: `{}` is none of `adult`, `minor`, `anonymous`{}", name,
                          document::NearestHint(name, std::span<const Key>(kClasses))));
  }
  if (const YamlNode* fields = node->Find("field"); fields != nullptr) {
    ReadConditions(in, *fields, &match);
  }
  return match;
}

std::optional<Obligation> ReadObligation(Reader* in, const YamlNode& node) {
  if (!node.is_map()) {
    in->Error(101, node.place,
              fmt::format("an obligation must be a map, found {}", document::KindName(node.kind)));
    return std::nullopt;
  }
  const std::optional<std::string> name = in->Text(node, "type", true);
  if (!name.has_value()) return std::nullopt;
  const std::optional<ObligationType> type = ObligationTypeOf(*name);
  if (!type.has_value()) {
    std::vector<Key> known;
    for (size_t i = 0; i < kObligationTypes; ++i) {
      known.push_back(ObligationTypeName(static_cast<ObligationType>(i)));
    }
    in->Error(101, node.Find("type")->place,
              fmt::format("`{}` is no type of obligation{}", *name,
                          document::NearestHint(*name, std::span<const Key>(known))));
    return std::nullopt;
  }
  const size_t errors = in->findings()->error_count();
  Obligation obligation;
  obligation.type = *type;
  std::vector<Key> keys = {"type"};
  switch (*type) {
    case ObligationType::kLog:
      keys.push_back("level");
      obligation.is_full =
          in->Word<bool>(node, "level", {{"brief", false}, {"full", true}}, true).value_or(false);
      break;
    case ObligationType::kNotify:
      keys.push_back("channel");
      obligation.channel = in->Text(node, "channel", true).value_or("");
      break;
    case ObligationType::kRedact:
      keys.push_back("fields");
      obligation.fields = in->Texts(node, "fields", true);
      if (obligation.fields.empty()) in->Error(101, node.place, "`redact` names no field");
      break;
    case ObligationType::kLabel:
      keys.insert(keys.end(), {"key", "value"});
      obligation.key = in->Text(node, "key", true).value_or("");
      obligation.value = in->Text(node, "value", true).value_or("");
      break;
    case ObligationType::kDelay:
    case ObligationType::kTtl:
      keys.push_back("seconds");
      obligation.seconds = in->Int(node, "seconds", 0, kSecondsMax, true).value_or(0);
      break;
    case ObligationType::kDegradeNonPersonalised:
    case ObligationType::kNoTrain:
      break;
  }
  in->Map(node, fmt::format("obligation `{}`", *name), keys);
  if (in->findings()->error_count() > errors) return std::nullopt;
  return obligation;
}

std::vector<Obligation> ReadObligations(Reader* in, const YamlNode& map, std::string_view key) {
  std::vector<Obligation> obligations;
  for (const YamlNode& item : in->List(map, key)) {
    if (auto obligation = ReadObligation(in, item); obligation.has_value()) {
      obligations.push_back(*std::move(obligation));
    }
  }
  SortObligations(&obligations);
  if (obligations.size() > kObligationsPerRuleMax) {
    in->Error(110, map.Find(key)->place,
              fmt::format("{} obligations, at most {} are taken", obligations.size(),
                          kObligationsPerRuleMax));
  }
  return obligations;
}

// Two labels of one key with different values contradict each other unless their order says which
// is the stricter.
void SetReader::CheckLabels(Reader* in, document::Place place,
                            const std::vector<Obligation>& obligations) {
  if (!has_vocabulary_) return;
  const auto ranked = [&](const Obligation& label) {
    const auto order = source_->vocabulary.label_orders.find(label.key);
    return order != source_->vocabulary.label_orders.end() &&
           std::find(order->second.begin(), order->second.end(), label.value) !=
               order->second.end();
  };
  for (size_t i = 0; i < obligations.size(); ++i) {
    for (size_t j = i + 1; j < obligations.size(); ++j) {
      const Obligation& a = obligations[i];
      const Obligation& b = obligations[j];
      if (a.type != ObligationType::kLabel || b.type != ObligationType::kLabel || a.key != b.key) {
        continue;
      }
      if (ranked(a) && ranked(b)) continue;
      in->Error(114, place,
                fmt::format("label `{}` is both `{}` and `{}`", a.key, a.value, b.value));
    }
  }
}

void SetReader::CheckExplanation(Reader* in, const YamlNode& node, std::string_view text) {
  static constexpr Key kPlain[] = {"event.tenant", "event.topic", "event.surface", "event.purpose",
                                   "event.time"};
  for (size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const size_t end = text.find("}}", at);
    if (end == std::string_view::npos) {
      in->Error(101, node.place, "an explanation with `{{` but no `}}`");
      return;
    }
    const std::string_view name = text.substr(at + 2, end - at - 2);
    at = end;
    if (name == "event.item" || name.substr(0, 7) == "subject") {
      in->Error(115, node.place,
                fmt::format("an explanation names no subject and no item: `{}`", name));
      continue;
    }
    bool known = std::find(std::begin(kPlain), std::end(kPlain), name) != std::end(kPlain);
    for (const EventField& field : source_->vocabulary.event_fields) {
      known = known || name == "event." + field.name;
    }
    if (known || !has_vocabulary_) continue;
    in->Error(102, node.place, fmt::format("an explanation names the unknown `{}`", name));
  }
}

void SetReader::ReadForbidKeys(Reader* in, const YamlNode& node, Rule* rule) {
  if (rule->effect == Effect::kPermit) {
    for (Key key : {"severity", "hard", "overridable"}) {
      const YamlNode* value = node.Find(key);
      if (value != nullptr) {
        in->Error(101, value->place, fmt::format("`{}` stands on forbids only", key));
      }
    }
    return;
  }
  rule->is_block =
      in->Word<bool>(node, "severity", {{"block", true}, {"quarantine", false}}).value_or(true);
  rule->is_hard = in->Bool(node, "hard", false);
  rule->is_overridable = in->Bool(node, "overridable", false);
  if (rule->is_hard && rule->is_overridable) {
    in->Error(111, node.Find("overridable")->place, "a rule is `hard` or `overridable`, not both");
  }
}

void SetReader::ReadWhen(Reader* in, const YamlNode& node, Rule* rule) {
  rule->when_origin = in->At(node);
  const std::string& text = *rule->when;
  if (text.size() > cel::kPolicySourceBytesMax) {
    in->Error(107, node.place,
              fmt::format("`when` has {} bytes, at most {} are taken", text.size(),
                          cel::kPolicySourceBytesMax));
    return;
  }
  cel::Problems problems;
  if (has_vocabulary_) {
    if (!env_.has_value()) env_ = when::EnvOf(source_->vocabulary);
    rule->expression = when::Read(text, *env_, *source_, &problems);
  } else {
    when::ReadSyntax(text, &problems);
  }
  for (cel::Problem& problem : problems) {
    in->Error(problem.code, in->PlaceIn(node, cel::OffsetOf(text, problem.place)),
              std::move(problem.message));
  }
}

void SetReader::ReadRule(Reader* in, const YamlNode& node, Policy* policy) {
  static constexpr Key kKeys[] = {"id",       "effect",      "match",       "unless",     "when",
                                  "severity", "hard",        "overridable", "effective",  "mode",
                                  "ground",   "obligations", "advice",      "explanation"};
  if (!node.is_map()) {
    in->Map(node, "a rule", kKeys);
    return;
  }
  Rule rule;
  rule.origin = in->At(node);
  rule.id = in->Id(node, "id").value_or("");
  rule.full_id = policy->pid + "/" + rule.id;
  in->SetRule(rule.full_id);
  in->Map(node, "a rule", kKeys);
  rule.effect = in->Word<Effect>(node, "effect",
                                 {{"permit", Effect::kPermit}, {"forbid", Effect::kForbid}}, true)
                    .value_or(Effect::kForbid);
  rule.match = ReadMatch(in, node, "match");
  rule.unless = ReadMatch(in, node, "unless");
  rule.when = in->Text(node, "when");
  if (rule.when.has_value()) ReadWhen(in, *node.Find("when"), &rule);
  ReadForbidKeys(in, node, &rule);
  rule.effective = in->WindowOf(node, "effective");
  rule.mode = in->Word<RuleMode>(node, "mode",
                                 {{"off", RuleMode::kOff},
                                  {"shadow", RuleMode::kShadow},
                                  {"enforce", RuleMode::kEnforce}})
                  .value_or(RuleMode::kEnforce);
  rule.ground = in->Word<Ground>(node, "ground",
                                 {{"purpose", Ground::kPurpose},
                                  {"legal", Ground::kLegal},
                                  {"terms", Ground::kTerms},
                                  {"safety", Ground::kSafety}})
                    .value_or(Ground::kPurpose);
  rule.obligations = ReadObligations(in, node, "obligations");
  CheckLabels(in, node.place, rule.obligations);
  rule.advice = ReadObligations(in, node, "advice");
  rule.explanation = in->Text(node, "explanation");
  if (rule.explanation.has_value()) {
    CheckExplanation(in, *node.Find("explanation"), *rule.explanation);
  }
  in->SetRule("");
  for (const Rule& other : policy->rules) {
    if (other.id != rule.id || rule.id.empty()) continue;
    in->Error(103, node.place,
              fmt::format("rule `{}` stands twice, first in line {}", rule.full_id,
                          other.origin.place.line));
  }
  policy->rules.push_back(std::move(rule));
}

void SetReader::ReadPolicy(Reader* in, const YamlNode& node) {
  static constexpr Key kKeys[] = {"apiVersion", "kind", "policy", "owner", "rules"};
  if (!in->Map(node, "a Policy", kKeys)) return;
  Policy policy;
  policy.origin = in->At(node);
  policy.pid = in->Pid(node, "policy").value_or("");
  policy.owner = in->Text(node, "owner");
  for (const YamlNode& item : in->List(node, "rules", true)) ReadRule(in, item, &policy);
  const auto [first, is_new] = policy_ids_.try_emplace(policy.pid, policy.origin);
  if (!is_new) {
    in->Error(103, node.place,
              fmt::format("policy `{}` stands twice, first in {}", policy.pid,
                          source_->file(first->second)));
  }
  source_->policies.push_back(std::move(policy));
}

}  // namespace lineward::policy

#include "policy/src/set_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "lineward/document/nearest.h"
#include "policy/src/countries.h"

namespace lineward::policy {
namespace {

using document::YamlNode;
using Key = std::string_view;

constexpr std::pair<Key, Processing> kProcessingWords[] = {{"TRAIN", Processing::kTrain},
                                                           {"PROFILE", Processing::kProfile},
                                                           {"SERVE", Processing::kServe},
                                                           {"EVALUATE", Processing::kEvaluate}};

// `dpv:X`, `lw:X`, `x-<org>:X`.
bool IsPurposeId(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || !IsId(text.substr(colon + 1))) return false;
  const std::string_view prefix = text.substr(0, colon);
  return prefix == "dpv" || prefix == "lw" ||
         (prefix.size() > 2 && prefix.substr(0, 2) == "x-" && IsId(prefix));
}

}  // namespace

bool IsKnownRegion(const std::vector<std::string>& places, std::string_view id) {
  return std::find(places.begin(), places.end(), id) != places.end() ||
         CountryIndex(id).has_value();
}

ProcessingSet ReadProcessing(Reader* in, const YamlNode& map, std::string_view key) {
  ProcessingSet set = 0;
  for (const YamlNode& item : in->List(map, key)) {
    bool known = false;
    for (const auto& [name, processing] : kProcessingWords) {
      if (!item.is_text() || item.text != name) continue;
      set |= Only(processing);
      known = true;
    }
    if (!known) {
      in->Error(101, item.place,
                fmt::format("`{}`: `{}` is none of `TRAIN`, `PROFILE`, `SERVE`, `EVALUATE`", key,
                            item.text));
    }
  }
  const YamlNode* list = map.Find(key);
  if (list != nullptr && list->is_list() && list->items.empty()) {
    in->Error(101, list->place, fmt::format("`{}` is empty", key));
  }
  return set;
}

void SetReader::CheckBound(size_t count, std::string_view what, Reader* in, document::Place place) {
  if (count <= kNamesMax) return;
  in->Error(110, place, fmt::format("{} {}, at most {} are taken", count, what, kNamesMax));
}

void SetReader::ReadTaxonomy(Reader* in, const YamlNode& node) {
  static constexpr Key kKeys[] = {"apiVersion", "kind", "version", "purposes", "aliases"};
  static constexpr Key kTermKeys[] = {"id", "under", "was", "retired"};
  static constexpr Key kParentKeys[] = {"id", "since"};
  static constexpr Key kAliasKeys[] = {"alias", "purpose", "processing"};
  TaxonomySource& taxonomy = source_->taxonomy_source;
  taxonomy.origin = in->At(node);
  if (!in->Map(node, "a Taxonomy", kKeys)) return;
  taxonomy.version = in->Int(node, "version", 1, INT64_MAX, true).value_or(1);
  for (const YamlNode& item : in->List(node, "purposes", true)) {
    if (!in->Map(item, "a purpose", kTermKeys)) continue;
    PurposeTerm term;
    term.origin = in->At(item);
    const std::optional<std::string> id = in->Text(item, "id", true);
    if (!id.has_value()) continue;
    if (!IsPurposeId(*id)) {
      in->Error(101, item.Find("id")->place,
                fmt::format("`{}` is no purpose id: `dpv:X`, `lw:X` or `x-<org>:X`", *id));
      continue;
    }
    term.id = *id;
    for (const YamlNode& parent : in->List(item, "under")) {
      if (parent.is_text()) {
        term.under.push_back({parent.text, 1});
      } else if (in->Map(parent, "a parent", kParentKeys)) {
        const auto parent_id = in->Text(parent, "id", true);
        const auto since = in->Int(parent, "since", 1, taxonomy.version);
        if (parent_id.has_value()) term.under.push_back({*parent_id, since.value_or(1)});
      }
    }
    term.was = in->Texts(item, "was", false, false);
    term.retired = in->Int(item, "retired", 1, INT64_MAX);
    taxonomy.purposes.push_back(std::move(term));
  }
  for (const YamlNode& item : in->List(node, "aliases")) {
    if (!in->Map(item, "an alias", kAliasKeys)) continue;
    PurposeAlias alias;
    alias.origin = in->At(item);
    alias.alias = in->Text(item, "alias", true).value_or("");
    alias.purpose = in->Text(item, "purpose", true).value_or("");
    if (alias.alias.empty() || alias.purpose.empty()) continue;
    if (item.Find("processing") != nullptr) {
      alias.has_processing = true;
      alias.processing = ReadProcessing(in, item, "processing");
    }
    taxonomy.aliases.push_back(std::move(alias));
  }
  absl::StatusOr<Taxonomy> built = Taxonomy::Build(taxonomy, in->file(), in->findings());
  if (!built.ok()) return;
  for (PurposeTerm& term : taxonomy.purposes) {
    for (PurposeParent& parent : term.under) {
      parent.id = built->id(*built->Purpose(parent.id));
    }
    std::sort(term.under.begin(), term.under.end(), [](const auto& a, const auto& b) {
      return std::tie(a.id, a.since) < std::tie(b.id, b.since);
    });
    const auto same = [](const auto& a, const auto& b) {
      return a.id == b.id && a.since == b.since;
    };
    term.under.erase(std::unique(term.under.begin(), term.under.end(), same), term.under.end());
  }
  for (PurposeAlias& alias : taxonomy.aliases) {
    alias.purpose = built->id(built->Resolve(alias.purpose)->bit);
  }
  source_->taxonomy = std::make_shared<Taxonomy>(*std::move(built));
}

void SetReader::ReadSubtree(Reader* in, const YamlNode& tree, const TreeNode* parent, bool by_path,
                            std::vector<TreeNode>* nodes, base::StringSet* seen) {
  if (!tree.is_map()) {
    in->Error(101, tree.place,
              fmt::format("a tree must be a map, a leaf `{{}}`, found {}",
                          document::KindName(tree.kind)));
    return;
  }
  for (const document::YamlEntry& entry : tree.entries) {
    if (!IsId(entry.key)) {
      in->Error(101, entry.place, fmt::format("`{}` is no id", entry.key));
      continue;
    }
    TreeNode node{entry.key, entry.key, parent == nullptr ? "" : parent->id};
    if (by_path && parent != nullptr) node.id = parent->id + "." + entry.key;
    if (!seen->insert(node.id).second) {
      in->Error(103, entry.place, fmt::format("`{}` stands twice", node.id));
      continue;
    }
    nodes->push_back(node);
    ReadSubtree(in, entry.value, &node, by_path, nodes, seen);
  }
}

void SetReader::ReadTree(Reader* in, const YamlNode& map, std::string_view key, bool by_path,
                         std::vector<TreeNode>* nodes) {
  const YamlNode* tree = map.Find(key);
  if (tree == nullptr || tree->is_empty()) return;
  base::StringSet seen;
  ReadSubtree(in, *tree, nullptr, by_path, nodes, &seen);
  CheckBound(nodes->size(), key, in, tree->place);
}

void SetReader::ReadEventFields(Reader* in, const YamlNode& map) {
  static constexpr Key kKeys[] = {"type", "optional", "personal"};
  const YamlNode* fields = map.Find("event_fields");
  if (fields == nullptr || fields->is_empty()) return;
  if (!fields->is_map()) {
    in->Error(101, fields->place, "`event_fields` must be a map");
    return;
  }
  for (const document::YamlEntry& entry : fields->entries) {
    if (!IsId(entry.key)) in->Error(101, entry.place, fmt::format("`{}` is no id", entry.key));
    if (!in->Map(entry.value, "an event field", kKeys)) continue;
    EventField field;
    field.name = entry.key;
    field.type = in->Word<FieldType>(entry.value, "type",
                                     {{"bool", FieldType::kBool},
                                      {"int", FieldType::kInt},
                                      {"double", FieldType::kDouble},
                                      {"string", FieldType::kString},
                                      {"timestamp", FieldType::kTimestamp}},
                                     true)
                     .value_or(FieldType::kString);
    field.is_optional = in->Bool(entry.value, "optional", false);
    field.is_personal = in->Bool(entry.value, "personal", true);
    source_->vocabulary.event_fields.push_back(std::move(field));
  }
  auto& list = source_->vocabulary.event_fields;
  std::sort(list.begin(), list.end(),
            [](const EventField& a, const EventField& b) { return a.name < b.name; });
  if (list.size() > kEventFieldsMax) {
    in->Error(110, fields->place,
              fmt::format("{} event fields, at most {} are taken", list.size(), kEventFieldsMax));
  }
}

void SetReader::ReadVocabulary(Reader* in, const YamlNode& node) {
  static constexpr Key kKeys[] = {
      "apiVersion", "kind",         "data_categories", "places",
      "labels",     "event_fields", "label_orders",    "inherit_undeclared"};
  const size_t errors = in->findings()->error_count();
  Vocabulary& vocabulary = source_->vocabulary;
  vocabulary.origin = in->At(node);
  if (!in->Map(node, "a Vocabulary", kKeys)) return;
  ReadTree(in, node, "data_categories", true, &vocabulary.categories);
  ReadTree(in, node, "places", false, &vocabulary.places);
  vocabulary.labels = in->Texts(node, "labels", false, false);
  CheckBound(vocabulary.labels.size(), "labels", in, node.place);
  ReadEventFields(in, node);
  if (const YamlNode* orders = node.Find("label_orders"); orders != nullptr && orders->is_map()) {
    for (const document::YamlEntry& entry : orders->entries) {
      std::vector<std::string>& values = vocabulary.label_orders[entry.key];
      for (const YamlNode& item : in->List(*orders, entry.key)) {
        if (!item.is_text()) {
          in->Error(101, item.place, "a label order holds text");
        } else if (std::find(values.begin(), values.end(), item.text) != values.end()) {
          in->Error(103, item.place, fmt::format("`{}` stands twice", item.text));
        } else {
          values.push_back(item.text);
        }
      }
      if (values.size() > kValuesPerListMax) {
        in->Error(110, entry.place,
                  fmt::format("`{}` has {} values, at most {} are taken", entry.key, values.size(),
                              kValuesPerListMax));
      }
    }
  } else if (orders != nullptr && !orders->is_empty()) {
    in->Error(101, orders->place, "`label_orders` must be a map");
  }
  vocabulary.inherit_undeclared = in->Bool(node, "inherit_undeclared", true);
  for (const TreeNode& category : vocabulary.categories) categories_.push_back(category.id);
  for (const TreeNode& place : vocabulary.places) places_.push_back(place.id);
  has_vocabulary_ = in->findings()->error_count() == errors;
}

std::optional<std::string> SetReader::Purpose(Reader* in, const YamlNode& node) {
  if (!node.is_text() || source_->taxonomy == nullptr) return std::nullopt;
  const std::optional<uint8_t> bit = source_->taxonomy->Purpose(node.text);
  if (bit.has_value()) return std::string(source_->taxonomy->id(*bit));
  if (source_->taxonomy->Resolve(node.text).has_value()) {
    in->Error(102, node.place,
              fmt::format("alias `{}` names a processing: it stands only in grants", node.text));
  } else {
    in->Error(102, node.place,
              fmt::format("unknown purpose `{}`{}", node.text,
                          source_->taxonomy->NearestHint(node.text)));
  }
  return std::nullopt;
}

std::vector<std::string> SetReader::Purposes(Reader* in, const YamlNode& map, std::string_view key,
                                             bool required) {
  in->Texts(map, key, required);
  std::vector<std::string> ids;
  if (const YamlNode* list = map.Find(key); list != nullptr) {
    for (const YamlNode& item : list->items) {
      if (auto id = Purpose(in, item); id.has_value()) ids.push_back(*std::move(id));
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::vector<std::string> SetReader::Known(Reader* in, const YamlNode& map, std::string_view key,
                                          std::string_view what,
                                          const std::vector<std::string>& names) {
  const bool is_place = key == "place_under";
  std::vector<std::string> known = in->Texts(map, key);
  const YamlNode* list = map.Find(key);
  if (list == nullptr || !has_vocabulary_) return known;
  for (const YamlNode& item : list->items) {
    if (!item.is_text()) continue;
    const bool found = is_place ? IsKnownRegion(names, item.text)
                                : std::find(names.begin(), names.end(), item.text) != names.end();
    if (found) continue;
    in->Error(
        102, item.place,
        fmt::format("unknown {} `{}`{}", what, item.text, document::NearestHint(item.text, names)));
  }
  return known;
}

void SetReader::ReadEdge(Reader* in, const YamlNode& node) {
  static constexpr Key kKeys[] = {"id", "from", "to", "assessment", "effective", "obligations"};
  if (!in->Map(node, "a compatible use", kKeys)) return;
  CompatibilityEdge edge;
  edge.origin = in->At(node);
  edge.id = in->Id(node, "id").value_or("");
  for (auto [key, purpose] : {std::pair{"from", &edge.from}, std::pair{"to", &edge.to}}) {
    if (in->Text(node, key, true).has_value()) {
      *purpose = Purpose(in, *node.Find(key)).value_or("");
    }
  }
  edge.assessment = in->Text(node, "assessment").value_or("");
  if (edge.assessment.empty()) in->Error(112, node.place, "a compatible use needs an `assessment`");
  edge.effective = in->WindowOf(node, "effective");
  if (edge.effective.until_us == kForeverUs) {
    in->Error(112, node.place, "a compatible use needs an end: `effective: {until: ...}`");
  }
  edge.obligations = ReadObligations(in, node, "obligations");
  const auto [first, is_new] = edge_ids_.try_emplace(edge.id, edge.origin);
  if (!is_new) in->Error(103, node.place, fmt::format("compatible use `{}` stands twice", edge.id));
  source_->edges.push_back(std::move(edge));
}

void SetReader::ReadEntry(Reader* in, const YamlNode& node, Binding* binding) {
  static constexpr Key kKeys[] = {"policy", "mode", "share", "salt", "replaces"};
  if (!in->Map(node, "an entry of `policies`", kKeys)) return;
  PolicyEntry entry;
  entry.origin = in->At(node);
  entry.pid = in->Pid(node, "policy").value_or("");
  entry.mode = in->Word<RuleMode>(node, "mode",
                                  {{"off", RuleMode::kOff},
                                   {"shadow", RuleMode::kShadow},
                                   {"canary", RuleMode::kCanary},
                                   {"enforce", RuleMode::kEnforce}})
                   .value_or(RuleMode::kEnforce);
  if (entry.mode == RuleMode::kCanary) {
    entry.share = 0;
    if (const std::optional<std::string> text = in->Text(node, "share"); text.has_value()) {
      const std::optional<int64_t> share = base::ParseInt64(*text);
      if (!share.has_value() || *share < 0 || *share > 10000) {
        in->Error(113, node.Find("share")->place,
                  fmt::format("`share`: `{}` is outside 0-10,000", *text));
      }
      entry.share = share.value_or(0);
    }
    entry.salt = in->Text(node, "salt");
    if (!entry.salt.has_value()) in->Error(113, node.place, "a canary entry needs a `salt`");
    entry.replaces = in->Pid(node, "replaces", false);
  } else {
    for (std::string_view key : {"share", "salt", "replaces"}) {
      const YamlNode* value = node.Find(key);
      if (value == nullptr) continue;
      in->Error(113, value->place, fmt::format("`{}` stands on canary entries only", key));
    }
  }
  binding->policies.push_back(std::move(entry));
}

void SetReader::CheckEntries(Reader* in, Binding* binding) {
  size_t canaries = 0;
  std::vector<std::string> pids;
  for (const PolicyEntry& entry : binding->policies) {
    if (std::find(pids.begin(), pids.end(), entry.pid) != pids.end()) {
      in->Error(103, entry.origin.place, fmt::format("policy `{}` stands twice", entry.pid));
    }
    pids.push_back(entry.pid);
    canaries += entry.mode == RuleMode::kCanary ? 1 : 0;
  }
  for (const PolicyEntry& entry : binding->policies) {
    if (!entry.replaces.has_value()) continue;
    if (*entry.replaces != entry.pid &&
        std::find(pids.begin(), pids.end(), *entry.replaces) != pids.end()) {
      continue;
    }
    in->Error(113, entry.origin.place,
              fmt::format("`replaces`: `{}` is no other policy of this binding", *entry.replaces));
  }
  if (canaries > kCanaryEntriesMax) {
    in->Error(110, binding->origin.place,
              fmt::format("{} canary entries, at most {} are taken", canaries, kCanaryEntriesMax));
  }
}

void SetReader::ReadSelect(Reader* in, const YamlNode& node, Binding* binding) {
  static constexpr Key kKeys[] = {"tenant", "topic", "surface"};
  if (const YamlNode* select = node.Find("select");
      select != nullptr && !select->is_empty() && in->Map(*select, "`select`", kKeys)) {
    binding->tenant = in->Text(*select, "tenant").value_or("*");
    binding->topic = in->Text(*select, "topic").value_or("*");
    binding->surface = in->Text(*select, "surface").value_or("*");
  }
}

void SetReader::ReadLegal(Reader* in, const YamlNode& node, Binding* binding) {
  static constexpr Key kKeys[] = {"purpose", "require"};
  for (const YamlNode& item : in->List(node, "legal")) {
    if (!in->Map(item, "an entry of `legal`", kKeys)) continue;
    const bool has_purpose = in->Text(item, "purpose", true).has_value();
    const auto purpose = has_purpose ? Purpose(in, *item.Find("purpose")) : std::nullopt;
    const auto require = in->Word<LegalEntry::Require>(
        item, "require",
        {{"consent", LegalEntry::Require::kConsent},
         {"legitimate_interest", LegalEntry::Require::kLegitimateInterest},
         {"forbidden", LegalEntry::Require::kForbidden}},
        true);
    if (purpose.has_value() && require.has_value()) binding->legal.push_back({*purpose, *require});
  }
}

void SetReader::ReadDischarges(Reader* in, const YamlNode& node, Binding* binding) {
  const YamlNode* discharges = node.Find("discharges");
  for (const std::string& name : in->Texts(node, "discharges")) {
    if (const auto type = ObligationTypeOf(name); type.has_value()) {
      binding->discharges.push_back(*type);
    } else {
      in->Error(101, discharges->place, fmt::format("`{}` is no type of obligation", name));
    }
  }
}

void SetReader::ReadBinding(Reader* in, const YamlNode& node) {
  static constexpr Key kKeys[] = {"id",
                                  "select",
                                  "mode",
                                  "shadow_until",
                                  "on_unknown",
                                  "on_unavailable",
                                  "purposes",
                                  "legal",
                                  "consent_max_age_ms",
                                  "discharges",
                                  "policies",
                                  "event_max_future_s",
                                  "event_max_age_s",
                                  "solely_automated",
                                  "main_parameters_version"};
  if (!in->Map(node, "a binding", kKeys)) return;
  Binding binding;
  binding.origin = in->At(node);
  binding.id = in->Id(node, "id").value_or("");
  ReadSelect(in, node, &binding);
  binding.mode = in->Word<BindingMode>(node, "mode",
                                       {{"off", BindingMode::kOff},
                                        {"shadow", BindingMode::kShadow},
                                        {"enforce", BindingMode::kEnforce}})
                     .value_or(BindingMode::kEnforce);
  binding.shadow_until_us = in->Time(node, "shadow_until");
  if (binding.mode == BindingMode::kShadow && !binding.shadow_until_us.has_value()) {
    in->Error(113, node.place, "a binding in shadow needs `shadow_until`");
  }
  for (auto [key, blocks] : {std::pair{"on_unknown", &binding.on_unknown_blocks},
                             std::pair{"on_unavailable", &binding.on_unavailable_blocks}}) {
    *blocks = in->Word<bool>(node, key, {{"quarantine", false}, {"block", true}}).value_or(false);
  }
  binding.consent_max_age_ms = in->Int(node, "consent_max_age_ms", 0, INT64_MAX, true).value_or(0);
  // Seconds that fit microseconds, so that a bound cannot overflow.
  constexpr int64_t kSecondsMax = INT64_MAX / 4'000'000;
  binding.event_max_future_s = in->Int(node, "event_max_future_s", 0, kSecondsMax).value_or(300);
  binding.event_max_age_s = in->Int(node, "event_max_age_s", 0, kSecondsMax).value_or(0);
  binding.purposes = Purposes(in, node, "purposes", true);
  ReadLegal(in, node, &binding);
  ReadDischarges(in, node, &binding);
  binding.main_parameters_version = in->Text(node, "main_parameters_version");
  binding.is_solely_automated = in->Bool(node, "solely_automated", false);
  for (const YamlNode& item : in->List(node, "policies", true)) ReadEntry(in, item, &binding);
  CheckEntries(in, &binding);
  const auto [first, is_new] = binding_ids_.try_emplace(binding.id, binding.origin);
  if (!is_new) in->Error(103, node.place, fmt::format("binding `{}` stands twice", binding.id));
  source_->bindings.push_back(std::move(binding));
}

void SetReader::Finish(Findings* findings) {
  base::StringMap<size_t> rule_counts;
  std::vector<std::string> pids;
  size_t rules = 0;
  for (const Policy& policy : source_->policies) {
    rule_counts[policy.pid] = policy.rules.size();
    pids.push_back(policy.pid);
    rules += policy.rules.size();
  }
  if (rules > kRulesMax) {
    findings->Error(110, "", {}, fmt::format("{} rules, at most {} are taken", rules, kRulesMax));
  }
  if (source_->bindings.size() > kBindingsMax) {
    findings->Error(
        110, "", {},
        fmt::format("{} bindings, at most {} are taken", source_->bindings.size(), kBindingsMax));
  }
  base::StringMap<const Binding*> selectors;
  for (const Binding& binding : source_->bindings) {
    const std::string& file = source_->file(binding.origin);
    size_t count = 0;
    for (const PolicyEntry& entry : binding.policies) {
      const auto found = rule_counts.find(entry.pid);
      if (found != rule_counts.end()) {
        count += found->second;
      } else if (!entry.pid.empty()) {
        findings->Error(102, file, entry.origin.place,
                        fmt::format("binding `{}`: unknown policy `{}`{}", binding.id, entry.pid,
                                    document::NearestHint(entry.pid, pids)));
      }
    }
    if (count > kRulesPerBindingMax) {
      findings->Error(110, file, binding.origin.place,
                      fmt::format("binding `{}` has {} rules, at most {} are taken", binding.id,
                                  count, kRulesPerBindingMax));
    }
    std::string selector = binding.tenant;
    selector += '\0' + binding.topic + '\0' + binding.surface;
    const auto [first, is_new] = selectors.try_emplace(selector, &binding);
    if (is_new) continue;
    findings->Error(
        103, file, binding.origin.place,
        fmt::format("binding `{}` selects the same as `{}`", binding.id, first->second->id));
  }
}

}  // namespace lineward::policy

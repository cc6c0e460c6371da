#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lineward/base/status.h"
#include "lineward/crypto/sha256.h"
#include "lineward/policy/policy_set.h"
#include "lineward/policy/reasons.h"
#include "policy/src/compiled.h"
#include "policy/src/countries.h"
#include "policy/src/reader.h"
#include "policy/src/residuals.h"

namespace lineward::policy {
namespace {

using base::BitSet256;

// Ids of a tree in sorted order, and for each the set of itself and all below it.
void CompileTree(const std::vector<TreeNode>& nodes, std::vector<std::string>* ids,
                 std::vector<BitSet256>* down) {
  for (const TreeNode& node : nodes) ids->push_back(node.id);
  std::sort(ids->begin(), ids->end());
  down->resize(ids->size());
  const auto bit_of = [&](const std::string& id) {
    return static_cast<size_t>(std::lower_bound(ids->begin(), ids->end(), id) - ids->begin());
  };
  // Parents stand before children: from the end, a subtree is complete before its parent takes it.
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    const size_t bit = bit_of(node->id);
    (*down)[bit].Set(bit);
    if (!node->parent.empty()) (*down)[bit_of(node->parent)] |= (*down)[bit];
  }
}

uint32_t InternInto(base::StringMap<uint32_t>* names, const std::string& text) {
  return names->try_emplace(text, static_cast<uint32_t>(names->size() + 1)).first->second;
}

class Compiler {
 public:
  Compiler(PolicySet::Impl* set, Findings* findings)
      : set_(set), findings_(findings), residuals_(set) {}

  void Run() {
    Refuse();
    CompileNames();
    CompileObligations();
    CompileRules();
    CompileBindings();
    for (const CompatibilityEdge& edge : set_->source.edges) {
      set_->edges.push_back({*taxonomy().Purpose(edge.to), Pointers(edge.obligations)});
    }
  }

 private:
  const Taxonomy& taxonomy() const { return *set_->source.taxonomy; }

  // What the files may say but this engine cannot decide yet.
  void Refuse() {
    const Source& source = set_->source;
    for (const Binding& binding : source.bindings) {
      for (const PolicyEntry& entry : binding.policies) {
        if (entry.mode != RuleMode::kCanary) continue;
        findings_->Error(
            113, source.file(entry.origin), entry.origin.place,
            fmt::format("binding `{}`: canary entries are not supported yet", binding.id));
      }
    }
    if (source.edges.size() > kEdgesMax) {
      findings_->Error(
          110, "", {},
          fmt::format("{} compatible uses, at most {} are taken", source.edges.size(), kEdgesMax));
    }
  }

  void CompileNames() {
    const Vocabulary& vocabulary = set_->source.vocabulary;
    CompileTree(vocabulary.categories, &set_->category_ids, &set_->category_down);
    CompileTree(vocabulary.places, &set_->place_ids, &set_->place_down);
    for (size_t i = 0; i < set_->category_ids.size(); ++i) {
      set_->categories[set_->category_ids[i]] = static_cast<uint8_t>(i);
    }
    for (size_t i = 0; i < set_->place_ids.size(); ++i) {
      set_->places[set_->place_ids[i]] = static_cast<PlaceId>(i);
    }
    for (size_t i = 0; i < vocabulary.labels.size(); ++i) {
      set_->labels[vocabulary.labels[i]] = static_cast<uint8_t>(i);
    }
  }

  template <typename F>
  void ForEachObligation(F&& f) const {
    for (const Policy& policy : set_->source.policies) {
      for (const Rule& rule : policy.rules) {
        for (const Obligation& obligation : rule.obligations) f(obligation);
      }
    }
    for (const CompatibilityEdge& edge : set_->source.edges) {
      for (const Obligation& obligation : edge.obligations) f(obligation);
    }
  }

  void CompileObligations() {
    ForEachObligation([&](const Obligation& obligation) {
      for (const std::string& field : obligation.fields) set_->redact_fields.push_back(field);
    });
    auto& fields = set_->redact_fields;
    std::sort(fields.begin(), fields.end());
    fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
    if (fields.size() > BitSet256::kBits) {
      findings_->Error(110, "", {},
                       fmt::format("{} fields to redact, at most {} are taken", fields.size(),
                                   BitSet256::kBits));
      fields.resize(BitSet256::kBits);
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      set_->redact_bits[fields[i]] = static_cast<uint8_t>(i);
    }
    base::StringMap<const Obligation*> by_json;
    ForEachObligation([&](const Obligation& obligation) {
      by_json.try_emplace(ToJson(obligation), &obligation);
    });
    for (const auto& [json, obligation] : by_json) {
      set_->obligations.push_back(std::make_unique<InternedObligation>(
          set_->Make(*obligation).value_or(InternedObligation{})));
    }
    std::sort(set_->obligations.begin(), set_->obligations.end(),
              [](const auto& a, const auto& b) { return a->json < b->json; });
    Obligation no_train;
    no_train.type = ObligationType::kNoTrain;
    set_->no_train = *set_->Make(no_train);
  }

  std::vector<const InternedObligation*> Pointers(const std::vector<Obligation>& list) const {
    std::vector<const InternedObligation*> pointers;
    for (const Obligation& obligation : list) pointers.push_back(set_->Interned(obligation));
    return pointers;
  }

  CompiledCondition CompileCondition(const FieldCondition& source) const {
    CompiledCondition condition;
    const auto& fields = set_->source.vocabulary.event_fields;
    while (fields[condition.field].name != source.field) ++condition.field;
    condition.type = fields[condition.field].type;
    condition.op = source.op;
    for (const std::string& text : source.values) {
      switch (condition.type) {
        case FieldType::kString:
          condition.texts.push_back(text);
          break;
        case FieldType::kDouble:
          condition.real = *ParseDouble(text);
          break;
        case FieldType::kBool:
          condition.wholes.push_back(text == "true" ? 1 : 0);
          break;
        case FieldType::kInt:
        case FieldType::kTimestamp:
          condition.wholes.push_back(*base::ParseInt64(text));
          break;
      }
    }
    return condition;
  }

  CompiledMatch CompileMatch(const MatchMap& source) {
    CompiledMatch match;
    match.has_purpose = !source.purpose_under.empty();
    for (const std::string& id : source.purpose_under) {
      match.purposes |= taxonomy().Down(*taxonomy().Purpose(id));
    }
    match.processing = source.processing;
    match.has_category = !source.data_category_under.empty();
    for (const std::string& id : source.data_category_under) {
      match.categories |= set_->category_down[set_->categories.find(id)->second];
    }
    match.has_place = !source.place_under.empty();
    for (const std::string& id : source.place_under) {
      const auto place = set_->places.find(id);
      if (place != set_->places.end()) {
        match.places.tree |= set_->place_down[place->second];
      } else {
        match.places.countries.Set(*CountryIndex(id));
      }
    }
    match.has_label = !source.label.empty();
    for (const std::string& id : source.label) match.labels.Set(set_->labels.find(id)->second);
    match.has_surface = !source.surface.empty();
    for (const std::string& text : source.surface) {
      match.surfaces.push_back(InternInto(&set_->surfaces, text));
    }
    std::sort(match.surfaces.begin(), match.surfaces.end());
    match.has_tenant = !source.tenant.empty();
    for (const std::string& text : source.tenant) {
      match.tenants.push_back(InternInto(&set_->tenants, text));
    }
    std::sort(match.tenants.begin(), match.tenants.end());
    for (const std::string& text : source.model) {
      CompiledModel model;
      if (text.ends_with("*")) {
        model.is_prefix = true;
        model.name = text.substr(0, text.size() - 1);
      } else if (const size_t at = text.rfind('@'); at != std::string::npos) {
        model.has_version = true;
        model.name = text.substr(0, at);
        model.version = text.substr(at + 1);
      } else {
        model.name = text;
      }
      match.models.push_back(std::move(model));
    }
    for (const std::string& name : source.subject_class) {
      match.subject_classes |= name == "adult" ? 1 : name == "minor" ? 2 : 4;
    }
    for (const FieldCondition& condition : source.fields) {
      match.conditions.push_back(CompileCondition(condition));
    }
    return match;
  }

  void CompileRules() {
    std::vector<const Rule*> rules;
    for (const Policy& policy : set_->source.policies) {
      for (const Rule& rule : policy.rules) rules.push_back(&rule);
    }
    std::sort(rules.begin(), rules.end(),
              [](const Rule* a, const Rule* b) { return a->full_id < b->full_id; });
    for (const Rule* rule : rules) {
      CompiledRule compiled;
      compiled.source = rule;
      compiled.id = rule->full_id;
      compiled.has_match = rule->match.has_value();
      compiled.has_unless = rule->unless.has_value();
      if (rule->match.has_value()) compiled.match = CompileMatch(*rule->match);
      if (rule->unless.has_value()) compiled.unless = CompileMatch(*rule->unless);
      compiled.has_when = rule->expression != nullptr;
      if (compiled.has_when) compiled.when = residuals_.Compile(*rule);
      compiled.obligations = Pointers(rule->obligations);
      rules_of_[rule->full_id.substr(0, rule->full_id.find('/'))].push_back(
          static_cast<RuleIndex>(set_->rules.size()));
      set_->rules.push_back(std::move(compiled));
    }
  }

  void CompileRulesOf(const Binding& binding, CompiledBinding* compiled) {
    for (const PolicyEntry& entry : binding.policies) {
      for (RuleIndex index : rules_of_[entry.pid]) {
        const Rule& rule = *set_->rules[index].source;
        const RuleMode mode = std::min(entry.mode, rule.mode);
        if (mode == RuleMode::kOff) continue;
        compiled->has_shadow_rules |= mode == RuleMode::kShadow;
        (rule.effect == Effect::kForbid ? compiled->forbids : compiled->permits)
            .push_back({index, mode});
      }
    }
    for (std::vector<BoundRule>* list : {&compiled->forbids, &compiled->permits}) {
      std::sort(list->begin(), list->end(),
                [](const BoundRule& a, const BoundRule& b) { return a.rule < b.rule; });
    }
  }

  void CompileBindings() {
    const auto selected = [](base::StringMap<uint32_t>* names, const std::string& text) {
      return text == "*" ? 0 : InternInto(names, text);
    };
    for (const Binding& binding : set_->source.bindings) {
      CompiledBinding compiled;
      compiled.source = &binding;
      for (const std::string& id : binding.purposes) {
        compiled.purposes |= taxonomy().Down(*taxonomy().Purpose(id));
      }
      for (const LegalEntry& entry : binding.legal) {
        const BitSet256& covered = taxonomy().Down(*taxonomy().Purpose(entry.purpose));
        switch (entry.require) {
          case LegalEntry::Require::kForbidden:
            compiled.legal_forbidden |= covered;
            break;
          case LegalEntry::Require::kConsent:
            compiled.legal_consent |= covered;
            break;
          case LegalEntry::Require::kLegitimateInterest:
            compiled.legal_interest |= covered;
            break;
        }
      }
      for (ObligationType type : binding.discharges) {
        compiled.discharges |= 1u << static_cast<unsigned>(type);
      }
      CompileRulesOf(binding, &compiled);
      set_->selectors.push_back({selected(&set_->tenants, binding.tenant),
                                 selected(&set_->topics, binding.topic),
                                 selected(&set_->surfaces, binding.surface),
                                 static_cast<BindingIndex>(set_->bindings.size())});
      set_->bindings.push_back(std::move(compiled));
    }
    // Exact before any, compared by tenant, topic, surface; of those that fit one event, no two are
    // equal.
    const auto rank = [](const CompiledSelector& s) {
      return (s.tenant == 0 ? 4 : 0) + (s.topic == 0 ? 2 : 0) + (s.surface == 0 ? 1 : 0);
    };
    std::stable_sort(
        set_->selectors.begin(), set_->selectors.end(),
        [&](const CompiledSelector& a, const CompiledSelector& b) { return rank(a) < rank(b); });
  }

  PolicySet::Impl* const set_;
  Findings* const findings_;
  Residuals residuals_;
  base::StringMap<std::vector<RuleIndex>> rules_of_;  // by policy
};

Name Find(const base::StringMap<uint32_t>& names, std::string_view text) {
  if (text.empty()) return {text, 0};
  const auto found = names.find(text);
  return {text, found == names.end() ? 0 : found->second};
}

}  // namespace

const InternedObligation* PolicySet::Impl::Interned(const Obligation& obligation) const {
  const std::string json = ToJson(obligation);
  const auto found =
      std::lower_bound(obligations.begin(), obligations.end(), json,
                       [](const auto& a, const std::string& b) { return a->json < b; });
  return found != obligations.end() && (*found)->json == json ? found->get() : nullptr;
}

std::optional<InternedObligation> PolicySet::Impl::Make(const Obligation& obligation) const {
  InternedObligation interned;
  interned.obligation = obligation;
  interned.json = ToJson(obligation);
  for (const std::string& field : obligation.fields) {
    const auto bit = redact_bits.find(field);
    if (bit == redact_bits.end()) return std::nullopt;
    interned.fields.Set(bit->second);
  }
  if (obligation.type != ObligationType::kLabel) return interned;
  const auto& orders = source.vocabulary.label_orders;
  const auto order = orders.find(obligation.key);
  if (order == orders.end()) return interned;
  const auto rank = std::find(order->second.begin(), order->second.end(), obligation.value);
  if (rank == order->second.end()) return interned;
  interned.label_order = static_cast<int32_t>(std::distance(orders.begin(), order));
  interned.label_rank = static_cast<int32_t>(rank - order->second.begin());
  return interned;
}

absl::StatusOr<PolicySet> Compile(const Source& source, Findings* findings) {
  const size_t errors = findings->list.size();
  auto impl = std::make_unique<PolicySet::Impl>();
  impl->source = source;
  const std::string digest =
      base::FromHex(std::string_view(source.id).substr(3)).value_or(std::string(32, '\0'));
  std::copy_n(reinterpret_cast<const uint8_t*>(digest.data()), impl->digest.size(),
              impl->digest.begin());
  Compiler(impl.get(), findings).Run();
  for (size_t i = errors; i < findings->list.size(); ++i) {
    if (findings->list[i].level != Level::kError) continue;
    return base::FailedPrecondition(kPolicySetInvalid, "{}", ToText(findings->list[i]));
  }
  return PolicySet(std::move(impl));
}

PolicySet::PolicySet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PolicySet::~PolicySet() = default;
PolicySet::PolicySet(PolicySet&&) noexcept = default;
PolicySet& PolicySet::operator=(PolicySet&&) noexcept = default;

const std::string& PolicySet::id() const { return impl_->source.id; }
const std::array<uint8_t, 32>& PolicySet::digest() const { return impl_->digest; }
const std::string& PolicySet::canonical() const { return impl_->source.canonical; }
const Source& PolicySet::source() const { return impl_->source; }
const Taxonomy& PolicySet::taxonomy() const { return *impl_->source.taxonomy; }

Name PolicySet::Tenant(std::string_view text) const { return Find(impl_->tenants, text); }
Name PolicySet::Topic(std::string_view text) const { return Find(impl_->topics, text); }
Name PolicySet::Surface(std::string_view text) const { return Find(impl_->surfaces, text); }

PurposeName PolicySet::Purpose(std::string_view text) const {
  const std::optional<uint8_t> bit = taxonomy().Purpose(text);
  return {text, bit.has_value() ? static_cast<int16_t>(*bit) : int16_t{-1}};
}

std::optional<uint8_t> PolicySet::Category(std::string_view id) const {
  const auto found = impl_->categories.find(id);
  if (found == impl_->categories.end()) return std::nullopt;
  return found->second;
}

std::optional<uint8_t> PolicySet::Label(std::string_view id) const {
  const auto found = impl_->labels.find(id);
  if (found == impl_->labels.end()) return std::nullopt;
  return found->second;
}

PlaceId PolicySet::Place(std::string_view id) const {
  const auto found = impl_->places.find(id);
  if (found != impl_->places.end()) return found->second;
  const std::optional<size_t> country = CountryIndex(id);
  if (country.has_value()) return static_cast<PlaceId>(kFirstCountry + *country);
  if (id.size() < 4 || id[2] != '-') return kUnknownPlace;
  const std::string_view code = id.substr(0, 2);
  return CountryIndex(code).has_value() ? Place(code) : kUnknownPlace;
}

std::optional<PlaceSet> PolicySet::Region(std::string_view id) const {
  PlaceSet places;
  const auto found = impl_->places.find(id);
  if (found != impl_->places.end()) {
    places.tree = impl_->place_down[found->second];
    return places;
  }
  const std::optional<size_t> country = CountryIndex(id);
  if (!country.has_value()) return std::nullopt;
  places.countries.Set(*country);
  return places;
}

const std::vector<EventField>& PolicySet::event_fields() const {
  return impl_->source.vocabulary.event_fields;
}

std::optional<size_t> PolicySet::EventFieldIndex(std::string_view name) const {
  const auto& fields = event_fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<FieldValue> PolicySet::ParseField(size_t index, std::string_view text) const {
  FieldValue value;
  value.type = event_fields()[index].type;
  value.text = text;
  std::optional<int64_t> whole;
  switch (value.type) {
    case FieldType::kString:
      return value;
    case FieldType::kBool:
      if (text != "true" && text != "false") return std::nullopt;
      value.whole = text == "true" ? 1 : 0;
      return value;
    case FieldType::kDouble: {
      const std::optional<double> real = ParseDouble(text);
      if (!real.has_value()) return std::nullopt;
      value.real = *real;
      return value;
    }
    case FieldType::kInt:
      whole = base::ParseInt64(text);
      break;
    case FieldType::kTimestamp:
      whole = ParseTime(text);
      break;
  }
  if (!whole.has_value()) return std::nullopt;
  value.whole = *whole;
  return value;
}

std::string_view PolicySet::rule_id(RuleIndex rule) const {
  return rule < impl_->rules.size() ? std::string_view(impl_->rules[rule].id) : "";
}

std::string_view PolicySet::binding_id(BindingIndex binding) const {
  return binding < impl_->bindings.size() ? std::string_view(impl_->bindings[binding].source->id)
                                          : "";
}

std::string_view PolicySet::place_id(PlaceId place) const { return impl_->PlaceName(place); }

std::string_view PolicySet::Impl::PlaceName(PlaceId place) const {
  if (place < place_ids.size()) return place_ids[place];
  if (place < kFirstCountry || place >= kFirstCountry + kCountries) return "";
  return CountryCode(place - size_t{kFirstCountry});
}

std::string_view PolicySet::category_id(size_t bit) const {
  return bit < impl_->category_ids.size() ? std::string_view(impl_->category_ids[bit]) : "";
}
std::string_view PolicySet::label_id(size_t bit) const {
  const auto& labels = impl_->source.vocabulary.labels;
  return bit < labels.size() ? std::string_view(labels[bit]) : "";
}
std::string_view PolicySet::redact_field(size_t bit) const { return impl_->redact_fields[bit]; }

const Rule* PolicySet::rule(RuleIndex rule) const {
  return rule < impl_->rules.size() ? impl_->rules[rule].source : nullptr;
}

const Binding* PolicySet::binding(BindingIndex binding) const {
  return binding < impl_->bindings.size() ? impl_->bindings[binding].source : nullptr;
}

std::optional<RuleIndex> PolicySet::FindRule(std::string_view full_id) const {
  const auto found =
      std::lower_bound(impl_->rules.begin(), impl_->rules.end(), full_id,
                       [](const CompiledRule& a, std::string_view b) { return a.id < b; });
  if (found == impl_->rules.end() || found->id != full_id) return std::nullopt;
  return static_cast<RuleIndex>(found - impl_->rules.begin());
}

size_t PolicySet::rule_count() const { return impl_->rules.size(); }
size_t PolicySet::binding_count() const { return impl_->bindings.size(); }
const std::vector<CompatibilityEdge>& PolicySet::edges() const { return impl_->source.edges; }
size_t PolicySet::canary_group_count(BindingIndex) const { return 0; }

std::optional<InternedObligation> PolicySet::Intern(const Obligation& obligation) const {
  return impl_->Make(obligation);
}

std::vector<Obligation> PolicySet::ObligationsOf(const Verdict& verdict) const {
  std::vector<Obligation> list;
  for (size_t i = 0; i < verdict.obligation_count; ++i) {
    list.push_back(verdict.obligations[i]->obligation);
    if (list.back().type != ObligationType::kRedact) continue;
    list.back().fields.clear();
    verdict.redact_fields.ForEach(
        [&](size_t bit) { list.back().fields.push_back(impl_->redact_fields[bit]); });
  }
  return list;
}

std::string PolicySet::ObligationsJson(const Verdict& verdict) const {
  if (verdict.obligation_count == 0) return "[]";
  return ToJson(ObligationsOf(verdict));
}

}  // namespace lineward::policy

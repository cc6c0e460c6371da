#include "policy/src/case_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lineward/base/hash.h"
#include "lineward/document/nearest.h"
#include "lineward/policy/lineage_facts.h"
#include "policy/src/set_reader.h"

namespace lineward::policy {
namespace {

using document::YamlNode;
using Key = std::string_view;
using Names = std::set<std::string>;

constexpr Key kSetKeys[] = {"name",  "version",   "profiling",    "digest_ok",       "status",
                            "eff",   "eff_exact", "compatible",   "categories",      "labels",
                            "basis", "regions",   "retain_until", "synthetic_share", "trained_at"};
constexpr Key kGraphKeys[] = {
    "name",   "version",   "profiling", "digest_ok", "synthetic_share", "trained_at",
    "inputs", "evaluates", "parents",   "restrict",  "prohibits",       "reclassifications"};

// A model of the case: the one decided, or one behind it.
struct ModelNode {
  std::string id;
  const YamlNode* node = nullptr;
};

class CaseReader {
 public:
  CaseReader(Reader* in, const YamlNode& node, const PolicySet& set, CaseFacts* facts)
      : in_(in), node_(node), set_(set), source_(set.source()), facts_(facts) {}

  bool Read(const Binding* binding) {
    const size_t errors = in_->findings()->error_count();
    NamedFacts& named = facts_->named;
    named.is_malformed = in_->Bool(node_, "malformed", false);
    ReadEvent(binding);
    named.decision_time_us = in_->Time(node_, "decision_time");
    if (!named.decision_time_us.has_value()) named.decision_time_us = named.event_time_us;
    named.processing_place = in_->Text(node_, "processing_place").value_or("");
    if (const YamlNode* overrides = node_.Find("overrides"); overrides != nullptr) {
      in_->Error(101, overrides->place, "override grants are not supported yet");
    }
    ReadSubject();
    ReadConsent();
    ReadModel();
    ReadSources();
    ReadBreaker();
    FillFacts(set_, facts_);
    return in_->findings()->error_count() == errors;
  }

 private:
  // Decisions without a time are refused before anything reads it.
  int64_t now() const { return facts_->named.decision_time_us.value_or(0); }
  const YamlNode* Part(std::string_view key) const {
    const YamlNode* part = node_.Find(key);
    return part == nullptr || part->is_empty() ? nullptr : part;
  }

  void ReadEvent(const Binding* binding) {
    static constexpr Key kKeys[] = {"tenant",  "topic", "surface", "item",
                                    "purpose", "time",  "fields"};
    NamedFacts& named = facts_->named;
    if (binding != nullptr) {
      if (binding->tenant != "*") named.tenant = binding->tenant;
      if (binding->topic != "*") named.topic = binding->topic;
      if (binding->surface != "*") named.surface = binding->surface;
    }
    const YamlNode* event = Part("event");
    if (event == nullptr || !in_->Map(*event, "`event`", kKeys)) return;
    named.tenant = in_->Text(*event, "tenant").value_or(named.tenant);
    named.topic = in_->Text(*event, "topic").value_or(named.topic);
    named.surface = in_->Text(*event, "surface").value_or(named.surface);
    named.item = in_->Text(*event, "item").value_or("");
    named.purpose = in_->Text(*event, "purpose").value_or("");
    named.event_time_us = in_->Time(*event, "time");
    const YamlNode* fields = event->Find("fields");
    if (fields == nullptr || !fields->is_map()) return;
    for (const document::YamlEntry& entry : fields->entries) {
      if (!set_.EventFieldIndex(entry.key).has_value()) {
        in_->Error(102, entry.place, fmt::format("unknown event field `{}`", entry.key));
      } else if (entry.value.is_text()) {
        named.fields[entry.key] = entry.value.text;
      } else {
        in_->Error(101, entry.place, fmt::format("field `{}` must be text", entry.key));
      }
    }
  }

  void ReadSubject() {
    static constexpr Key kKeys[] = {"class", "anonymous", "place", "id", "pseudonym_hash"};
    NamedFacts& named = facts_->named;
    named.has_subject = true;
    const YamlNode* subject = Part("subject");
    if (subject == nullptr || !in_->Map(*subject, "`subject`", kKeys)) return;
    const auto name = in_->Word<std::string_view>(*subject, "class",
                                                  {{"adult", "adult"},
                                                   {"minor", "minor"},
                                                   {"anonymous", "anonymous"},
                                                   {"unknown", "unknown"}});
    if (name == "adult" || name == "minor") named.subject_class = std::string(*name);
    named.has_subject = name != "anonymous" && !in_->Bool(*subject, "anonymous", false);
    named.subject_place = in_->Text(*subject, "place").value_or("");
    if (const auto id = in_->Text(*subject, "id"); id.has_value()) {
      facts_->facts.pseudonym_hash = base::Xxh3(*id);
    }
    const auto hash = in_->Text(*subject, "pseudonym_hash");
    if (!hash.has_value()) return;
    const char* const end = hash->data() + hash->size();
    const auto [read, error] = std::from_chars(hash->data(), end, facts_->facts.pseudonym_hash, 16);
    if (error == std::errc{} && read == end) return;
    in_->Error(101, subject->Find("pseudonym_hash")->place,
               fmt::format("`{}` is no hexadecimal number of 64 bits", *hash));
  }

  // The canonical purposes of a list; LP102 for unknown ones.
  std::vector<std::string> Purposes(const YamlNode& map, std::string_view key) {
    std::vector<std::string> ids;
    in_->Texts(map, key);
    const YamlNode* list = map.Find(key);
    if (list == nullptr) return ids;
    for (const YamlNode& item : list->items) {
      if (!item.is_text()) continue;
      if (const auto id = naive::ResolvePurpose(source_, item.text); id.has_value()) {
        ids.push_back(*id);
      } else {
        UnknownPurpose(item);
      }
    }
    return ids;
  }
  void UnknownPurpose(const YamlNode& item) {
    in_->Error(
        102, item.place,
        fmt::format("unknown purpose `{}`{}", item.text, set_.taxonomy().NearestHint(item.text)));
  }
  Names Below(const std::vector<std::string>& roots) const {
    Names all;
    for (const std::string& root : roots) all.merge(naive::Below(source_, root));
    return all;
  }
  Names BelowAndAbove(const std::vector<std::string>& roots) const {
    Names all = Below(roots);
    for (const std::string& root : roots) all.merge(naive::Above(source_, root));
    return all;
  }
  base::BitSet256 Bits(const Names& names) const {
    base::BitSet256 bits;
    for (const std::string& name : names) bits.Set(*set_.taxonomy().Purpose(name));
    return bits;
  }

  // --- consent ---

  void ReadConsent() {
    static constexpr Key kKeys[] = {"granted", "withdrawn",       "objected",   "erased",
                                    "age_ms",  "reaches_back_to", "transitions"};
    NamedFacts& named = facts_->named;
    const YamlNode* node = Part("consent");
    if (node != nullptr && node->is_text() && node->text == "unknown") return;
    named.consent.emplace();
    if (node == nullptr || !in_->Map(*node, "`consent`", kKeys)) return;
    NamedConsent& consent = *named.consent;
    if (node->Find("transitions") != nullptr) {
      ReadTransitions(*node);
    } else {
      consent.granted = Below(Purposes(*node, "granted"));
      consent.withdrawn = BelowAndAbove(Purposes(*node, "withdrawn"));
      consent.objected = BelowAndAbove(Purposes(*node, "objected"));
      facts_->consent.granted = Bits(consent.granted);
      facts_->consent.withdrawn = Bits(consent.withdrawn);
      facts_->consent.objected = Bits(consent.objected);
    }
    consent.is_erased = in_->Bool(*node, "erased", false);
    consent.age_ms = in_->Int(*node, "age_ms", 0, INT64_MAX).value_or(0);
    const std::optional<int64_t> back = in_->Time(*node, "reaches_back_to");
    consent.is_before_record =
        back.has_value() && named.event_time_us.has_value() && *named.event_time_us < *back;
    facts_->consent.is_erased = consent.is_erased;
    facts_->consent.age_ms = consent.age_ms;
    facts_->consent.is_before_record = consent.is_before_record;
  }

  void ReadTransitions(const YamlNode& consent) {
    static constexpr Key kKeys[] = {"purpose", "state", "effective_at", "received_at",
                                    "taxonomy_version"};
    std::vector<ConsentTransition> transitions;
    std::vector<naive::NamedTransition> named;
    for (const YamlNode& item : in_->List(consent, "transitions")) {
      if (!in_->Map(item, "a transition", kKeys)) continue;
      const auto purpose = in_->Text(item, "purpose", true);
      const auto state = in_->Text(item, "state", true);
      const auto effective = in_->Time(item, "effective_at");
      if (!purpose.has_value() || !state.has_value()) continue;
      const auto id = naive::ResolvePurpose(source_, *purpose);
      const auto change = ConsentChangeOf(*state);
      if (!id.has_value()) UnknownPurpose(*item.Find("purpose"));
      if (!change.has_value()) {
        in_->Error(101, item.Find("state")->place, fmt::format("`{}` is no state", *state));
      }
      if (!effective.has_value()) in_->Error(101, item.place, "key `effective_at` is missing");
      if (!id.has_value() || !change.has_value() || !effective.has_value()) continue;
      const int64_t received = in_->Time(item, "received_at").value_or(*effective);
      const int64_t version = in_->Int(item, "taxonomy_version", 1, INT64_MAX).value_or(1);
      named.push_back({*id, *change, *effective, received, version});
      transitions.push_back(
          {*set_.taxonomy().Purpose(*id), *change, *effective, received, version});
    }
    SortTransitions(&transitions);
    const int64_t then = facts_->named.event_time_us.value_or(0);
    facts_->consent = FoldConsent(set_.taxonomy(), transitions, then, now());
    *facts_->named.consent = naive::FoldConsent(source_, named, then, now());
  }

  // --- lineage ---

  void ReadModel() {
    NamedFacts& named = facts_->named;
    const YamlNode* node = Part("model");
    if (node == nullptr || (node->is_text() && node->text == "unknown")) return;
    const bool is_graph = node->Find("inputs") != nullptr || node->Find("evaluates") != nullptr ||
                          node->Find("parents") != nullptr || node->Find("restrict") != nullptr ||
                          node->Find("prohibits") != nullptr ||
                          node->Find("reclassifications") != nullptr;
    if (!in_->Map(*node, "`model`",
                  is_graph ? std::span<const Key>(kGraphKeys) : std::span<const Key>(kSetKeys))) {
      return;
    }
    named.model.emplace();
    named.model->name = in_->Text(*node, "name").value_or("model");
    named.model->version = in_->Text(*node, "version").value_or("1");
    named.model->is_profiling = in_->Bool(*node, "profiling", false);
    named.is_digest_ok = in_->Bool(*node, "digest_ok", true);
    facts_->model.name = named.model->name;
    facts_->model.version = named.model->version;
    facts_->model.is_profiling = named.model->is_profiling;
    named.model->trained_at_us = in_->Time(*node, "trained_at");
    facts_->model.trained_at_us = named.model->trained_at_us.value_or(kAbsentTimeUs);
    if (const auto share = in_->Text(*node, "synthetic_share"); share.has_value()) {
      named.model->synthetic_share = ParseDouble(*share);
      if (!named.model->synthetic_share.has_value()) {
        in_->Error(101, node->Find("synthetic_share")->place,
                   fmt::format("`synthetic_share`: `{}` is no number", *share));
      }
    }
    facts_->model.has_synthetic_share = named.model->synthetic_share.has_value();
    facts_->model.synthetic_share = named.model->synthetic_share.value_or(0);
    if (!is_graph) {
      named.model->lineage = ReadSets(*node);
      facts_->model.lineage = InternLineage(set_, named.model->lineage);
      return;
    }
    std::vector<DatasetUse> train;
    std::vector<DatasetUse> evaluate;
    ReadClosure({named.model->name, node}, &train, &evaluate);
    facts_->model.lineage = CombineModel(set_, train, evaluate, now());
    named.model->lineage = naive::LineageOfModel(source_, train, evaluate, now());
  }

  // A model or source by its sets.
  NamedLineage ReadSets(const YamlNode& node) {
    NamedLineage lineage;
    lineage.status = LineageStatus::kKnown;
    const auto status = in_->Text(node, "status").value_or("known");
    if (status == "revoked") {
      lineage.status = LineageStatus::kRevoked;
    } else if (status == "incomplete") {
      lineage.is_incomplete = true;
    } else if (status != "known") {
      in_->Error(101, node.Find("status")->place,
                 fmt::format("`status`: `{}` is none of `known`, `incomplete`, `revoked`", status));
    }
    lineage.allowed = Below(Purposes(node, "eff"));
    for (const std::string& purpose : Purposes(node, "eff_exact")) lineage.allowed.insert(purpose);
    for (const std::string& purpose : Purposes(node, "compatible")) {
      lineage.allowed.insert(purpose);
      lineage.compatible.insert(purpose);
      for (const CompatibilityEdge& edge : source_.edges) {
        if (edge.to == purpose && edge.effective.Has(now())) lineage.edges.insert(edge.id);
      }
    }
    if (const YamlNode* basis = node.Find("basis"); basis != nullptr) {
      static constexpr Key kKeys[] = {"consent", "contract", "legitimate_interest",
                                      "legal_obligation"};
      if (in_->Map(*basis, "`basis`", kKeys)) {
        for (size_t i = 0; i < kBases; ++i) lineage.basis[i] = Below(Purposes(*basis, kKeys[i]));
      }
    }
    for (const std::string& id : in_->Texts(node, "categories")) {
      if (set_.Category(id).has_value()) lineage.categories.insert(id);
      if (!set_.Category(id).has_value()) lineage.is_incomplete = true;
    }
    for (const std::string& id : in_->Texts(node, "labels")) {
      if (set_.Label(id).has_value()) lineage.labels.insert(id);
      if (!set_.Label(id).has_value()) lineage.is_incomplete = true;
    }
    if (node.Find("regions") != nullptr) ReadRegions(node, &lineage);
    lineage.retain_until_us = in_->Time(node, "retain_until");
    return lineage;
  }

  void ReadRegions(const YamlNode& node, NamedLineage* lineage) {
    Names places;
    for (const std::string& region : in_->Texts(node, "regions")) {
      const auto of_region = naive::PlacesOf(source_, region);
      if (!of_region.has_value()) {
        lineage->is_incomplete = true;
        return;
      }
      places.insert(of_region->begin(), of_region->end());
    }
    lineage->regions.push_back(places);
  }

  const YamlNode* Entry(std::string_view map, const std::string& id) const {
    const YamlNode* all = Part(map);
    return all == nullptr ? nullptr : all->Find(id);
  }

  std::vector<std::string> Listed(const YamlNode* node, std::string_view key) {
    return node == nullptr ? std::vector<std::string>{} : in_->Texts(*node, key);
  }

  // Datasets behind `id` by `upstream`, `id` included.
  void Upstream(const std::string& id, Names* seen) {
    if (!seen->insert(id).second) return;
    for (const std::string& from : Listed(Entry("datasets", id), "upstream")) Upstream(from, seen);
  }

  // Something outside the circle that `id` stands in flows into it.
  bool IsSourced(const std::string& id) {
    Names behind;
    Upstream(id, &behind);
    Names circle = {id};
    for (const std::string& other : behind) {
      Names of_other;
      Upstream(other, &of_other);
      if (other != id && of_other.contains(id)) circle.insert(other);
    }
    for (const std::string& member : circle) {
      for (const std::string& from : Listed(Entry("datasets", member), "upstream")) {
        if (!circle.contains(from)) return true;
      }
    }
    return false;
  }

  std::vector<Prohibition> ReadProhibitions(const YamlNode& node) {
    static constexpr Key kKeys[] = {"purposes", "processing"};
    std::vector<Prohibition> prohibitions;
    for (const YamlNode& item : in_->List(node, "prohibits")) {
      if (!in_->Map(item, "a prohibition", kKeys)) continue;
      Prohibition prohibition;
      prohibition.purposes = in_->Texts(item, "purposes", true);
      if (item.Find("processing") != nullptr) {
        prohibition.processing = ReadProcessing(in_, item, "processing");
      }
      prohibitions.push_back(std::move(prohibition));
    }
    return prohibitions;
  }

  void ReadGrants(const YamlNode& node, Declaration* declaration) {
    static constexpr Key kKeys[] = {"purposes", "processing", "basis"};
    if (node.Find("grants") == nullptr) return;
    declaration->grants.emplace();
    for (const YamlNode& item : in_->List(node, "grants")) {
      if (!in_->Map(item, "a grant", kKeys)) continue;
      Grant grant;
      grant.purposes = in_->Texts(item, "purposes", true);
      if (item.Find("processing") != nullptr) {
        grant.processing = ReadProcessing(in_, item, "processing");
      }
      const auto basis = in_->Word<Basis>(item, "basis",
                                          {{"consent", Basis::kConsent},
                                           {"contract", Basis::kContract},
                                           {"legitimate_interest", Basis::kLegitimateInterest},
                                           {"legal_obligation", Basis::kLegalObligation}},
                                          true);
      grant.basis = basis.value_or(Basis::kConsent);
      WarnProhibited(item, grant, *declaration);
      declaration->grants->push_back(std::move(grant));
    }
  }

  void WarnProhibited(const YamlNode& item, const Grant& grant, const Declaration& declaration) {
    for (const std::string& granted : grant.purposes) {
      const auto under = set_.taxonomy().Resolve(granted);
      for (const Prohibition& prohibition : declaration.prohibits) {
        for (const std::string& name : prohibition.purposes) {
          const auto over = set_.taxonomy().Resolve(name);
          if (!under.has_value() || !over.has_value()) continue;
          if ((grant.processing & prohibition.processing) == 0) continue;
          if (!set_.taxonomy().Down(over->bit).Has(under->bit)) continue;
          in_->findings()->Warn(
              216, in_->file(), item.place,
              fmt::format("grant of `{}` stands at or below the prohibition of `{}`, which wins",
                          granted, name));
        }
      }
    }
  }

  // The records of one dataset: its series, and its version if it is restricted.
  void AddDataset(const std::string& id, const std::vector<Restoration>& restorations,
                  std::vector<DatasetUse>* uses) {
    static constexpr Key kKeys[] = {"grants",  "prohibits", "restrict",     "categories",
                                    "labels",  "regions",   "retain_until", "upstream",
                                    "drifted", "withdrawn"};
    Declaration& series = facts_->declarations.emplace_back();
    series.name = id;
    uses->push_back({&series, restorations});
    const YamlNode* node = Entry("datasets", id);
    if (node == nullptr || !in_->Map(*node, "a dataset", kKeys)) {
      series.is_unknown = true;
      return;
    }
    series.prohibits = ReadProhibitions(*node);
    ReadGrants(*node, &series);
    series.categories = in_->Texts(*node, "categories");
    series.labels = in_->Texts(*node, "labels");
    if (node->Find("regions") != nullptr) series.regions = in_->Texts(*node, "regions");
    series.retain_until_us = in_->Time(*node, "retain_until");
    series.is_unknown = in_->Bool(*node, "drifted", false);
    series.is_sourced = IsSourced(id);
    if (in_->Bool(*node, "withdrawn", false)) series.withdrawn.push_back({});
    if (node->Find("restrict") == nullptr) return;
    const bool is_undeclared = !series.grants.has_value();
    const bool is_sourced = series.is_sourced;
    Declaration& version = facts_->declarations.emplace_back();
    version.kind = Declaration::Kind::kDatasetVersion;
    version.name = id;
    version.restricted = in_->Texts(*node, "restrict");
    version.is_undeclared_version = is_undeclared;
    version.is_sourced = is_sourced;
    uses->push_back({&version, {}});
  }

  // The models behind `model`, itself included; true if it is its own ancestor.
  bool Ancestors(const ModelNode& model, const std::string& of, std::vector<ModelNode>* all,
                 Names* seen) {
    bool is_cycle = false;
    if (!seen->insert(model.id).second) return model.id == of;
    all->push_back(model);
    for (const std::string& parent : Listed(model.node, "parents")) {
      is_cycle |= Ancestors({parent, Entry("models", parent)}, of, all, seen);
    }
    return is_cycle;
  }

  Names DatasetsBehind(const ModelNode& model, std::string_view key) {
    std::vector<ModelNode> models;
    Names seen;
    Ancestors(model, model.id, &models, &seen);
    Names datasets;
    for (const ModelNode& behind : models) {
      for (const std::string& id : Listed(behind.node, key)) Upstream(id, &datasets);
    }
    return datasets;
  }

  std::vector<Restoration> RestorationsOf(const YamlNode& model, const std::string& dataset) {
    static constexpr Key kKeys[] = {"dataset", "model", "restore", "drop", "until"};
    const NamedModel& decided = *facts_->named.model;
    std::vector<Restoration> restorations;
    for (const YamlNode& item : in_->List(model, "reclassifications")) {
      if (!in_->Map(item, "a reclassification", kKeys)) continue;
      if (in_->Text(item, "dataset", true).value_or("") != dataset) continue;
      const std::string of = in_->Text(item, "model").value_or(decided.name);
      if (of != decided.name && of != decided.name + "@" + decided.version) continue;
      restorations.push_back({in_->Texts(item, "restore"), in_->Texts(item, "drop"),
                              in_->Time(item, "until").value_or(kForeverUs)});
    }
    return restorations;
  }

  void ReadClosure(const ModelNode& model, std::vector<DatasetUse>* train,
                   std::vector<DatasetUse>* evaluate) {
    static constexpr Key kKeys[] = {"inputs",    "evaluates",    "parents", "restrict",
                                    "prohibits", "retain_until", "revoked", "reclassifications"};
    std::vector<ModelNode> models;
    Names seen;
    Ancestors(model, model.id, &models, &seen);
    for (const ModelNode& behind : models) {
      Declaration& declaration = facts_->declarations.emplace_back();
      declaration.kind = Declaration::Kind::kModelVersion;
      declaration.name = behind.id;
      train->push_back({&declaration, {}});
      const bool is_decided = behind.node == model.node;
      if (behind.node == nullptr || (!is_decided && !in_->Map(*behind.node, "a model", kKeys))) {
        declaration.is_unknown = true;
        continue;
      }
      declaration.prohibits = ReadProhibitions(*behind.node);
      if (behind.node->Find("restrict") != nullptr) {
        declaration.restricted = in_->Texts(*behind.node, "restrict");
      }
      declaration.retain_until_us = in_->Time(*behind.node, "retain_until");
      declaration.is_revoked = in_->Bool(*behind.node, "revoked", false);
      std::vector<ModelNode> own;
      Names own_seen;
      declaration.is_unknown =
          Ancestors(behind, behind.id, &own, &own_seen) || DatasetsBehind(behind, "inputs").empty();
    }
    for (const std::string& id : DatasetsBehind(model, "inputs")) {
      AddDataset(id, RestorationsOf(*model.node, id), train);
    }
    for (const std::string& id : DatasetsBehind(model, "evaluates")) {
      AddDataset(id, RestorationsOf(*model.node, id), evaluate);
    }
  }

  void ReadSources() {
    const std::vector<YamlNode>& items = in_->List(node_, "sources");
    if (items.empty()) return;
    const bool is_profiling = facts_->model.is_profiling;
    std::vector<DatasetUse> uses;
    std::vector<const YamlNode*> by_sets;
    for (const YamlNode& item : items) {
      if (!item.is_text()) {
        if (in_->Map(item, "a source", kSetKeys)) by_sets.push_back(&item);
        continue;
      }
      Names datasets;
      Upstream(item.text, &datasets);
      for (const std::string& id : datasets) AddDataset(id, {}, &uses);
    }
    facts_->sources = CombineSources(set_, uses, is_profiling, false, now());
    facts_->named.sources = naive::LineageOfSources(source_, uses, is_profiling, false, now());
    for (const YamlNode* item : by_sets) {
      const NamedLineage lineage = ReadSets(*item);
      MergeLineage(InternLineage(set_, lineage), &facts_->sources);
      MergeLineage(lineage, &*facts_->named.sources);
    }
  }

  void ReadBreaker() {
    static constexpr Key kKeys[] = {"outcome", "obligations"};
    const YamlNode* node = Part("breaker");
    if (node == nullptr) return;
    NamedBreaker& named = facts_->named.breaker.emplace();
    if (node->is_text() && node->text == "unavailable") {
      named.is_unavailable = true;
    } else if (in_->Map(*node, "`breaker`", kKeys)) {
      if (const auto outcome = in_->Text(*node, "outcome"); outcome.has_value()) {
        named.outcome = OutcomeOf(*outcome).value_or(Outcome::kBlock);
        if (!OutcomeOf(*outcome).has_value()) {
          in_->Error(101, node->place, fmt::format("`{}` is no outcome", *outcome));
        }
      }
      named.obligations = ReadObligations(in_, *node, "obligations");
    }
    facts_->breaker.is_unavailable = named.is_unavailable;
    facts_->breaker.outcome = named.outcome;
    for (const Obligation& obligation : named.obligations) {
      if (auto interned = set_.Intern(obligation); interned.has_value()) {
        facts_->breaker.obligations.push_back(*std::move(interned));
      } else {
        in_->Error(102, node->place, "`redact` names a field that no file of the set names");
      }
    }
  }

  Reader* const in_;
  const YamlNode& node_;
  const PolicySet& set_;
  const Source& source_;
  CaseFacts* const facts_;
};

}  // namespace

bool ReadCase(Reader* in, const YamlNode& node, const PolicySet& set, const Binding* binding,
              CaseFacts* facts) {
  return CaseReader(in, node, set, facts).Read(binding);
}

}  // namespace lineward::policy

#include "policy/src/naive_names.h"

#include <algorithm>

#include "policy/src/countries.h"

namespace lineward::policy::naive {
namespace {

using Names = std::set<std::string>;

std::string Unprefixed(const std::string& text) {
  const std::string marks[] = {"http://w3id.org/dpv#", "https://w3id.org/dpv#"};
  for (const std::string& mark : marks) {
    if (text.starts_with(mark)) return "dpv:" + text.substr(mark.size());
  }
  return text;
}

const PurposeTerm* TermOf(const Source& source, const std::string& id) {
  for (const PurposeTerm& term : source.taxonomy_source.purposes) {
    if (term.id == id) return &term;
  }
  return nullptr;
}

Names AllPurposes(const Source& source) {
  Names all;
  for (const PurposeTerm& term : source.taxonomy_source.purposes) all.insert(term.id);
  return all;
}

Names Minus(const Names& from, const Names& what) {
  Names left;
  for (const std::string& name : from) {
    if (!what.contains(name)) left.insert(name);
  }
  return left;
}

Names Both(const Names& a, const Names& b) {
  Names both;
  for (const std::string& name : a) {
    if (b.contains(name)) both.insert(name);
  }
  return both;
}

void Join(Names* to, const Names& what) { to->insert(what.begin(), what.end()); }

// One record under one processing.
struct Own {
  Names allowed;
  Names compatible;
  Names edges;
  std::array<Names, kBases> basis;
  bool is_unknown = false;
  Names unknown;
  bool is_revoked = false;
};

Own OwnOf(const Source& source, const DatasetUse& use, Processing processing, int64_t now) {
  const Declaration& d = *use.declaration;
  Own own;
  own.is_revoked = d.is_revoked;
  own.is_unknown = d.is_unknown;
  const auto resolve = [&](const std::string& text) {
    const std::optional<std::string> id = ResolvePurpose(source, text);
    if (!id.has_value()) own.is_unknown = true;
    return id;
  };

  Names barred;
  bool is_gone = false;
  for (const Withdrawal& withdrawal : d.withdrawn) {
    if (now < withdrawal.from_us) continue;
    if (withdrawal.purposes.empty()) {
      (withdrawal.is_block ? is_gone : own.is_unknown) = true;
    }
    for (const std::string& text : withdrawal.purposes) {
      const auto id = resolve(text);
      if (!id.has_value()) continue;
      Names* to = withdrawal.is_block ? &barred : &own.unknown;
      Join(to, Below(source, *id));
      Join(to, Above(source, *id));
    }
  }
  own.is_revoked = own.is_revoked || is_gone;
  for (const Prohibition& prohibition : d.prohibits) {
    for (const std::string& text : prohibition.purposes) {
      const auto named = ResolveGranted(source, text);
      if (!named.has_value()) {
        own.is_unknown = true;
      } else if ((prohibition.processing & named->second & Only(processing)) != 0) {
        Join(&barred, Below(source, named->first));
        Join(&barred, Above(source, named->first));
      }
    }
  }
  Names restored;
  for (const Restoration& restoration : use.restorations) {
    if (restoration.until_us <= now) continue;
    for (const std::string& text : restoration.purposes) {
      if (const auto id = resolve(text); id.has_value()) restored.insert(*id);
    }
  }

  const bool is_series = d.kind == Declaration::Kind::kSeries;
  const bool undeclared =
      is_series ? !d.grants.has_value()
                : d.kind == Declaration::Kind::kDatasetVersion && d.is_undeclared_version;
  if (undeclared && !(d.is_sourced && source.vocabulary.inherit_undeclared)) {
    own.is_unknown = true;
  }

  if (!is_series) {
    own.allowed = AllPurposes(source);
    if (d.restricted.has_value()) {
      own.allowed.clear();
      for (const std::string& text : *d.restricted) {
        if (const auto id = resolve(text); id.has_value()) Join(&own.allowed, Below(source, *id));
      }
    }
  } else if (!d.grants.has_value()) {
    own.allowed = AllPurposes(source);
  } else {
    // Grants that name a purpose literally, and the bases on which they do.
    std::map<std::string, std::set<Basis>> named;
    std::set<Basis> all_bases;
    Names granted;
    for (const Grant& grant : *d.grants) {
      for (const std::string& text : grant.purposes) {
        const auto purpose = ResolveGranted(source, text);
        if (!purpose.has_value()) {
          own.is_unknown = true;
          continue;
        }
        if ((grant.processing & purpose->second & Only(processing)) == 0) continue;
        named[purpose->first].insert(grant.basis);
        all_bases.insert(grant.basis);
        Join(&granted, Below(source, purpose->first));
        Join(&own.basis[static_cast<size_t>(grant.basis)], Below(source, purpose->first));
      }
    }
    Names through;
    for (const CompatibilityEdge& edge : source.edges) {
      if (now < edge.effective.from_us || now >= edge.effective.until_us) continue;
      const auto found = named.find(edge.from);
      if (found == named.end() || found->second.contains(Basis::kConsent)) continue;
      through.insert(edge.to);
    }
    own.allowed = granted;
    Join(&own.allowed, through);
    Join(&own.allowed, restored);
    own.compatible = Minus(Minus(Minus(through, granted), restored), barred);
    for (const CompatibilityEdge& edge : source.edges) {
      if (now < edge.effective.from_us || now >= edge.effective.until_us) continue;
      const auto found = named.find(edge.from);
      if (found == named.end() || !own.compatible.contains(edge.to)) continue;
      if (is_gone) continue;
      own.edges.insert(edge.id);
      for (Basis basis : found->second) own.basis[static_cast<size_t>(basis)].insert(edge.to);
    }
    for (Basis basis : all_bases) {
      if (!is_gone) Join(&own.basis[static_cast<size_t>(basis)], Minus(restored, granted));
    }
  }
  own.allowed = Minus(own.allowed, barred);
  if (is_gone) {
    own.allowed.clear();
    own.compatible.clear();
  }
  return own;
}

void AddTo(NamedLineage* lineage, const Source& source, const DatasetUse& use,
           const std::vector<Processing>& processings, int64_t now) {
  const Declaration& d = *use.declaration;
  for (Processing processing : processings) {
    const Own own = OwnOf(source, use, processing, now);
    lineage->allowed = Both(lineage->allowed, own.allowed);
    Join(&lineage->compatible, own.compatible);
    Join(&lineage->edges, own.edges);
    for (size_t basis = 0; basis < kBases; ++basis) Join(&lineage->basis[basis], own.basis[basis]);
    lineage->is_incomplete = lineage->is_incomplete || own.is_unknown;
    Join(&lineage->incomplete, own.unknown);
    if (own.is_revoked) lineage->status = LineageStatus::kRevoked;
  }
  if (d.retain_until_us.has_value()) {
    lineage->retain_until_us =
        std::min(*d.retain_until_us, lineage->retain_until_us.value_or(*d.retain_until_us));
  }
  for (const std::string& id : d.categories) {
    bool known = false;
    for (const TreeNode& node : source.vocabulary.categories) known = known || node.id == id;
    if (known) lineage->categories.insert(id);
    if (!known) lineage->is_incomplete = true;
  }
  for (const std::string& id : d.labels) {
    bool dropped = false;
    for (const Restoration& restoration : use.restorations) {
      for (const std::string& label : restoration.dropped_labels) {
        dropped = dropped || (label == id && now < restoration.until_us);
      }
    }
    if (dropped) continue;
    const auto& labels = source.vocabulary.labels;
    if (std::find(labels.begin(), labels.end(), id) != labels.end()) {
      lineage->labels.insert(id);
    } else {
      lineage->is_incomplete = true;
    }
  }
  if (!d.regions.has_value()) return;
  Names places;
  for (const std::string& region : *d.regions) {
    const auto of_region = PlacesOf(source, region);
    if (!of_region.has_value()) {
      lineage->is_incomplete = true;
      return;
    }
    Join(&places, *of_region);
  }
  lineage->regions.push_back(places);
}

NamedLineage Unbounded(const Source& source) {
  NamedLineage lineage;
  lineage.status = LineageStatus::kKnown;
  lineage.allowed = AllPurposes(source);
  return lineage;
}

}  // namespace

std::optional<std::pair<std::string, ProcessingSet>> ResolveGranted(const Source& source,
                                                                    const std::string& text) {
  const TaxonomySource& taxonomy = source.taxonomy_source;
  for (const std::string& spelling : {text, Unprefixed(text)}) {
    for (const PurposeTerm& term : taxonomy.purposes) {
      bool is_it = term.id == spelling;
      for (const std::string& was : term.was) is_it = is_it || was == spelling;
      if (is_it) return std::pair(term.id, kAllProcessings);
    }
  }
  const PurposeAlias* best = nullptr;
  for (const PurposeAlias& alias : taxonomy.aliases) {
    if (alias.alias.ends_with(".*")) {
      const std::string stem = alias.alias.substr(0, alias.alias.size() - 1);
      if (text.size() <= stem.size() || !text.starts_with(stem) || text.back() == '*') continue;
      if (best == nullptr || best->alias.size() < alias.alias.size()) best = &alias;
    } else if (alias.alias == text) {
      return std::pair(alias.purpose, alias.processing);
    }
  }
  if (best == nullptr) return std::nullopt;
  return std::pair(best->purpose, best->processing);
}

std::optional<std::string> ResolvePurpose(const Source& source, const std::string& text) {
  const auto resolved = ResolveGranted(source, text);
  if (!resolved.has_value() || resolved->second != kAllProcessings) return std::nullopt;
  return resolved->first;
}

Names Above(const Source& source, const std::string& purpose) {
  Names above = {purpose};
  const PurposeTerm* term = TermOf(source, purpose);
  if (term == nullptr) return above;
  for (const PurposeParent& parent : term->under) Join(&above, Above(source, parent.id));
  return above;
}

bool IsUnder(const Source& source, const std::string& purpose, const std::string& root) {
  return Above(source, purpose).contains(root);
}

Names Below(const Source& source, const std::string& root) {
  Names below;
  for (const PurposeTerm& term : source.taxonomy_source.purposes) {
    if (IsUnder(source, term.id, root)) below.insert(term.id);
  }
  return below;
}

bool IsCategoryUnder(const Source& source, const std::string& category, const std::string& root) {
  if (category == root) return true;
  for (const TreeNode& node : source.vocabulary.categories) {
    if (node.id == category && !node.parent.empty()) {
      return IsCategoryUnder(source, node.parent, root);
    }
  }
  return false;
}

std::optional<std::string> KnownPlace(const Source& source, const std::string& text) {
  for (const TreeNode& node : source.vocabulary.places) {
    if (node.id == text) return text;
  }
  if (CountryIndex(text).has_value()) return text;
  if (text.size() >= 4 && text[2] == '-' && CountryIndex(text.substr(0, 2)).has_value()) {
    return KnownPlace(source, text.substr(0, 2));
  }
  return std::nullopt;
}

bool IsPlaceUnder(const Source& source, const std::string& place, const std::string& root) {
  if (place == root) return true;
  for (const TreeNode& node : source.vocabulary.places) {
    if (node.id == place && !node.parent.empty()) return IsPlaceUnder(source, node.parent, root);
  }
  return false;
}

std::optional<Names> PlacesOf(const Source& source, const std::string& region) {
  Names places;
  for (const TreeNode& node : source.vocabulary.places) {
    if (IsPlaceUnder(source, node.id, region)) places.insert(node.id);
  }
  if (!places.empty()) return places;
  if (CountryIndex(region).has_value()) return Names{region};
  return std::nullopt;
}

NamedLineage LineageOfModel(const Source& source, const std::vector<DatasetUse>& train,
                            const std::vector<DatasetUse>& evaluate, int64_t time_us) {
  NamedLineage lineage = Unbounded(source);
  bool has_dataset = false;
  for (const DatasetUse& use : train) {
    AddTo(&lineage, source, use, {Processing::kTrain}, time_us);
    has_dataset = has_dataset || use.declaration->kind != Declaration::Kind::kModelVersion;
  }
  for (const DatasetUse& use : evaluate) {
    AddTo(&lineage, source, use, {Processing::kEvaluate}, time_us);
  }
  if (!has_dataset) lineage.is_incomplete = true;
  return lineage;
}

NamedLineage LineageOfSources(const Source& source, const std::vector<DatasetUse>& uses,
                              bool is_profiling, bool is_unknown, int64_t time_us) {
  NamedLineage lineage = Unbounded(source);
  std::vector<Processing> processings = {Processing::kServe};
  if (is_profiling) processings.push_back(Processing::kProfile);
  for (const DatasetUse& use : uses) AddTo(&lineage, source, use, processings, time_us);
  if (is_unknown) lineage.is_incomplete = true;
  return lineage;
}

namespace {

bool IsBelowIn(const Source& source, const std::string& purpose, const std::string& root,
               int64_t version) {
  if (purpose == root) return true;
  for (const PurposeParent& parent : TermOf(source, purpose)->under) {
    if (parent.since <= version && IsBelowIn(source, parent.id, root, version)) return true;
  }
  return false;
}

// The change that counts for one purpose at one time on one track; null: none.
const NamedTransition* LastOf(const Source& source, const std::vector<NamedTransition>& transitions,
                              const std::string& purpose, bool is_objection, int64_t now) {
  // Later in the list = stricter at equal receipt.
  const std::vector<ConsentChange> order = {
      ConsentChange::kGranted,   ConsentChange::kNever,           ConsentChange::kExpired,
      ConsentChange::kWithdrawn, ConsentChange::kObjectionLifted, ConsentChange::kObjected};
  const auto strictness = [&](const NamedTransition& t) {
    return std::find(order.begin(), order.end(), t.change) - order.begin();
  };
  const NamedTransition* last = nullptr;
  for (const NamedTransition& t : transitions) {
    const bool objects =
        t.change == ConsentChange::kObjected || t.change == ConsentChange::kObjectionLifted;
    if (objects != is_objection) continue;
    const bool loosens =
        t.change == ConsentChange::kGranted || t.change == ConsentChange::kObjectionLifted;
    const int64_t from = loosens ? std::max(t.effective_at_us, t.received_at_us)
                                 : std::min(t.effective_at_us, t.received_at_us);
    if (now < from) continue;
    const bool reaches =
        loosens ? IsBelowIn(source, purpose, t.purpose, t.taxonomy_version)
                : IsUnder(source, purpose, t.purpose) || IsUnder(source, t.purpose, purpose);
    if (!reaches) continue;
    if (last == nullptr || t.received_at_us > last->received_at_us ||
        (t.received_at_us == last->received_at_us && strictness(t) > strictness(*last))) {
      last = &t;
    }
  }
  return last;
}

}  // namespace

NamedConsent FoldConsent(const Source& source, const std::vector<NamedTransition>& transitions,
                         int64_t event_time_us, int64_t decision_time_us) {
  NamedConsent consent;
  for (const PurposeTerm& term : source.taxonomy_source.purposes) {
    int granted = 0;
    for (int64_t now : {event_time_us, decision_time_us}) {
      const NamedTransition* given = LastOf(source, transitions, term.id, false, now);
      const NamedTransition* objection = LastOf(source, transitions, term.id, true, now);
      if (given != nullptr && given->change == ConsentChange::kGranted) ++granted;
      if (given != nullptr && given->change == ConsentChange::kWithdrawn) {
        consent.withdrawn.insert(term.id);
      }
      if (objection != nullptr && objection->change == ConsentChange::kObjected) {
        consent.objected.insert(term.id);
      }
    }
    if (granted == 2) consent.granted.insert(term.id);
  }
  return consent;
}

}  // namespace lineward::policy::naive

#include "policy/src/case_facts.h"

#include <algorithm>

namespace lineward::policy {
namespace {

base::BitSet256 BitsOf(const PolicySet& set, const std::set<std::string>& purposes) {
  base::BitSet256 bits;
  for (const std::string& purpose : purposes) bits.Set(*set.taxonomy().Purpose(purpose));
  return bits;
}

}  // namespace

void FillFacts(const PolicySet& set, CaseFacts* to) {
  const NamedFacts& named = to->named;
  Facts& facts = to->facts;
  facts.decision_time_us = named.decision_time_us.value_or(kAbsentTimeUs);
  facts.event_time_us = named.event_time_us.value_or(kAbsentTimeUs);
  facts.is_malformed = named.is_malformed;
  facts.tenant = set.Tenant(named.tenant);
  facts.topic = set.Topic(named.topic);
  facts.surface = set.Surface(named.surface);
  facts.item = named.item;
  facts.purpose = set.Purpose(named.purpose);
  for (const auto& [name, text] : named.fields) {
    const std::optional<size_t> index = set.EventFieldIndex(name);
    if (!index.has_value()) continue;
    const std::optional<FieldValue> value = set.ParseField(*index, text);
    if (!value.has_value()) continue;
    facts.fields[*index] = *value;
    facts.fields_present |= 1u << *index;
  }
  facts.has_subject = named.has_subject;
  if (named.subject_class == "adult") facts.subject_class = SubjectClass::kAdult;
  if (named.subject_class == "minor") facts.subject_class = SubjectClass::kMinor;
  facts.subject_place = set.Place(named.subject_place);
  facts.processing_place = set.Place(named.processing_place);
  facts.is_digest_ok = named.is_digest_ok;
  facts.model = named.model.has_value() ? &to->model : nullptr;
  facts.sources = named.sources.has_value() ? &to->sources : nullptr;
  facts.consent = named.consent.has_value() ? &to->consent : nullptr;
  facts.breaker = named.breaker.has_value() ? &to->breaker : nullptr;
}

void MergeLineage(const LineageFacts& more, LineageFacts* into) {
  if (more.status == LineageStatus::kRevoked) into->status = LineageStatus::kRevoked;
  into->incomplete |= more.incomplete;
  into->allowed &= more.allowed;
  into->compatible |= more.compatible;
  into->edges.insert(into->edges.end(), more.edges.begin(), more.edges.end());
  std::sort(into->edges.begin(), into->edges.end());
  into->edges.erase(std::unique(into->edges.begin(), into->edges.end()), into->edges.end());
  into->retain_until_us = std::min(into->retain_until_us, more.retain_until_us);
  into->categories |= more.categories;
  into->labels |= more.labels;
  for (size_t i = 0; i < kBases; ++i) into->basis[i] |= more.basis[i];
  into->regions.insert(into->regions.end(), more.regions.begin(), more.regions.end());
}

void MergeLineage(const NamedLineage& more, NamedLineage* into) {
  if (more.status == LineageStatus::kRevoked) into->status = LineageStatus::kRevoked;
  into->is_incomplete = into->is_incomplete || more.is_incomplete;
  into->incomplete.insert(more.incomplete.begin(), more.incomplete.end());
  std::erase_if(into->allowed, [&](const std::string& p) { return !more.allowed.contains(p); });
  into->compatible.insert(more.compatible.begin(), more.compatible.end());
  into->edges.insert(more.edges.begin(), more.edges.end());
  if (more.retain_until_us.has_value()) {
    into->retain_until_us =
        std::min(*more.retain_until_us, into->retain_until_us.value_or(*more.retain_until_us));
  }
  into->categories.insert(more.categories.begin(), more.categories.end());
  into->labels.insert(more.labels.begin(), more.labels.end());
  for (size_t i = 0; i < kBases; ++i) {
    into->basis[i].insert(more.basis[i].begin(), more.basis[i].end());
  }
  into->regions.insert(into->regions.end(), more.regions.begin(), more.regions.end());
}

LineageFacts InternLineage(const PolicySet& set, const NamedLineage& named) {
  LineageFacts facts;
  facts.status = named.status;
  facts.incomplete = named.is_incomplete ? base::BitSet256::First(set.taxonomy().size())
                                         : BitsOf(set, named.incomplete);
  facts.allowed = BitsOf(set, named.allowed);
  facts.compatible = BitsOf(set, named.compatible);
  for (size_t i = 0; i < set.edges().size(); ++i) {
    if (named.edges.contains(set.edges()[i].id)) facts.edges.push_back(static_cast<uint16_t>(i));
  }
  facts.retain_until_us = named.retain_until_us.value_or(INT64_MAX);
  for (const std::string& id : named.categories) facts.categories.Set(*set.Category(id));
  for (const std::string& id : named.labels) facts.labels.Set(*set.Label(id));
  for (size_t i = 0; i < kBases; ++i) facts.basis[i] = BitsOf(set, named.basis[i]);
  for (const std::set<std::string>& region : named.regions) {
    PlaceSet& places = facts.regions.emplace_back();
    for (const std::string& id : region) {
      const PlaceId place = set.Place(id);
      if (place < kFirstCountry) {
        places.tree.Set(place);
      } else {
        places.countries.Set(place - size_t{kFirstCountry});
      }
    }
  }
  return facts;
}

}  // namespace lineward::policy

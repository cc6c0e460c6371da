// Verdicts and facts by names: what tools show and what the oracle is compared with.

#include <algorithm>
#include <array>

#include "lineward/policy/naive.h"
#include "lineward/policy/policy_set.h"
#include "policy/src/countries.h"
#include "policy/src/reader.h"

namespace lineward::policy {
namespace {

using Names = std::set<std::string>;

Names PurposesOf(const PolicySet& set, const base::BitSet256& bits) {
  Names names;
  bits.ForEach([&](size_t bit) {
    if (bit < set.taxonomy().size()) names.emplace(set.taxonomy().id(bit));
  });
  return names;
}

NamedLineage NameLineage(const PolicySet& set, const LineageFacts& facts) {
  NamedLineage named;
  named.status = facts.status;
  const base::BitSet256 all = base::BitSet256::First(set.taxonomy().size());
  named.is_incomplete = facts.incomplete.Contains(all);
  named.incomplete = PurposesOf(set, facts.incomplete);
  named.allowed = PurposesOf(set, facts.allowed);
  named.compatible = PurposesOf(set, facts.compatible);
  for (uint16_t edge : facts.edges) named.edges.insert(set.edges()[edge].id);
  if (facts.retain_until_us != INT64_MAX) named.retain_until_us = facts.retain_until_us;
  facts.categories.ForEach([&](size_t bit) { named.categories.emplace(set.category_id(bit)); });
  facts.labels.ForEach([&](size_t bit) { named.labels.emplace(set.label_id(bit)); });
  for (size_t i = 0; i < kBases; ++i) named.basis[i] = PurposesOf(set, facts.basis[i]);
  for (const PlaceSet& region : facts.regions) {
    Names& places = named.regions.emplace_back();
    region.tree.ForEach(
        [&](size_t bit) { places.emplace(set.place_id(static_cast<PlaceId>(bit))); });
    region.countries.ForEach([&](size_t bit) { places.emplace(CountryCode(bit)); });
  }
  return named;
}

NamedModel NameModel(const PolicySet& set, const ModelFacts& facts) {
  NamedModel named{facts.name, facts.version, facts.is_profiling, NameLineage(set, facts.lineage)};
  if (facts.has_synthetic_share) named.synthetic_share = facts.synthetic_share;
  if (facts.trained_at_us != kAbsentTimeUs) named.trained_at_us = facts.trained_at_us;
  return named;
}

// As an event would write it; only of a string is the text kept with every fact.
std::string TextOf(const FieldValue& value) {
  switch (value.type) {
    case FieldType::kBool:
      return value.whole != 0 ? "true" : "false";
    case FieldType::kInt:
      return std::to_string(value.whole);
    case FieldType::kDouble:
      return FormatDouble(value.real);
    case FieldType::kString:
      return std::string(value.text);
    case FieldType::kTimestamp:
      return FormatTime(value.whole);
  }
  return "";
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  static constexpr std::array<std::string_view, 4> kNames = {"", "ALLOW", "QUARANTINE", "BLOCK"};
  return kNames[static_cast<size_t>(outcome)];
}

std::optional<Outcome> OutcomeOf(std::string_view name) {
  for (Outcome outcome : {Outcome::kAllow, Outcome::kQuarantine, Outcome::kBlock}) {
    if (OutcomeName(outcome) == name) return outcome;
  }
  return std::nullopt;
}

std::string_view ModeName(Mode mode) {
  static constexpr std::array<std::string_view, 5> kNames = {"", "ENFORCE", "SHADOW", "CANARY",
                                                             "OVERRIDE"};
  return kNames[static_cast<size_t>(mode)];
}

std::string_view GroundName(Ground ground) {
  static constexpr std::array<std::string_view, 5> kNames = {"", "PURPOSE", "LEGAL", "TERMS",
                                                             "SAFETY"};
  return kNames[static_cast<size_t>(ground)];
}

std::string_view StepResultName(TraceStep::Result result) {
  static constexpr std::array<std::string_view, 4> kNames = {"PASS", "REFUSED", "UNKNOWN",
                                                             "SKIPPED"};
  return kNames[static_cast<size_t>(result)];
}

NamedFacts NameFacts(const PolicySet& set, const Facts& facts) {
  NamedFacts named;
  if (facts.decision_time_us != kAbsentTimeUs) named.decision_time_us = facts.decision_time_us;
  if (facts.event_time_us != kAbsentTimeUs) named.event_time_us = facts.event_time_us;
  named.is_malformed = facts.is_malformed;
  named.tenant = facts.tenant.text;
  named.topic = facts.topic.text;
  named.surface = facts.surface.text;
  named.item = facts.item;
  named.purpose = facts.purpose.text;
  for (size_t i = 0; i < set.event_fields().size(); ++i) {
    if ((facts.fields_present >> i & 1) == 0) continue;
    named.fields.emplace(set.event_fields()[i].name, TextOf(facts.fields[i]));
  }
  named.has_subject = facts.has_subject;
  if (facts.subject_class == SubjectClass::kAdult) named.subject_class = "adult";
  if (facts.subject_class == SubjectClass::kMinor) named.subject_class = "minor";
  named.subject_place = set.place_id(facts.subject_place);
  named.processing_place = set.place_id(facts.processing_place);
  named.is_digest_ok = facts.is_digest_ok;
  if (facts.model != nullptr) named.model = NameModel(set, *facts.model);
  if (facts.sources != nullptr) named.sources = NameLineage(set, *facts.sources);
  if (facts.consent != nullptr) {
    named.consent = NamedConsent{
        PurposesOf(set, facts.consent->granted),  PurposesOf(set, facts.consent->withdrawn),
        PurposesOf(set, facts.consent->objected), facts.consent->is_erased,
        facts.consent->is_before_record,          facts.consent->age_ms};
  }
  if (facts.breaker != nullptr) {
    named.breaker = NamedBreaker{facts.breaker->is_unavailable, facts.breaker->outcome, {}};
    for (const InternedObligation& obligation : facts.breaker->obligations) {
      named.breaker->obligations.push_back(obligation.obligation);
    }
  }
  return named;
}

NamedVerdict NameVerdict(const PolicySet& set, const Verdict& verdict) {
  NamedVerdict named;
  named.outcome = verdict.outcome;
  named.primary = verdict.primary;
  named.mode = verdict.mode;
  named.is_released = verdict.is_released;
  named.ground = verdict.ground;
  named.binding = set.binding_id(verdict.binding);
  for (size_t i = 0; i < verdict.contribution_count; ++i) {
    const Contribution& contribution = verdict.contributions[i];
    named.contributions.push_back(
        {contribution.reason, contribution.outcome, std::string(set.rule_id(contribution.rule))});
  }
  named.contributions_more = verdict.contributions_more;
  for (size_t i = 0; i < verdict.rule_count; ++i) {
    named.rules.emplace_back(set.rule_id(verdict.rules[i]));
  }
  named.rules_more = verdict.rules_more;
  for (size_t i = 0; i < verdict.error_count; ++i) {
    named.errors.emplace_back(set.rule_id(verdict.errors[i]));
  }
  named.errors_more = verdict.errors_more;
  named.obligations = set.ObligationsJson(verdict);
  named.shadow_outcome = verdict.shadow_outcome;
  named.shadow_primary = verdict.shadow_primary;
  named.has_consent = verdict.has_consent;
  named.consent_bits = verdict.consent_bits;
  named.basis_bits = verdict.basis_bits;
  return named;
}

}  // namespace lineward::policy

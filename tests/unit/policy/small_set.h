#pragma once

// A set small enough to work out by hand: purposes A > B > D and A > C, two labels of an order, and
// facts that it allows. Tests change one thing and say what follows.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/policy/builders.h"

namespace lineward::policy {

inline constexpr std::string_view kSmallTaxonomy =
    "version: 2\n"
    "purposes: [{id: \"dpv:A\"}, {id: \"dpv:B\", under: [\"dpv:A\"]}, {id: \"dpv:C\", under: "
    "[\"dpv:A\"]}, {id: \"dpv:D\", under: [\"dpv:B\"], was: [\"dpv:Old\"]}]\n"
    "aliases: [{alias: \"tcf:1\", purpose: \"dpv:D\"}, {alias: \"tcf:2\", purpose: \"dpv:B\", "
    "processing: [TRAIN]}]\n";
inline constexpr std::string_view kSmallVocabulary =
    "data_categories: {a: {b: {}}, c: {}}\n"
    "places: {EU: {DE: {}, FR: {}}, US: {US-CA: {}}}\n"
    "labels: [l1, l2]\n"
    "event_fields: {b: {type: bool, optional: true}, d: {type: double, optional: true}, n: {type: "
    "int, optional: true}, s: {type: string, optional: true}, t: {type: timestamp, optional: "
    "true}}\n"
    "label_orders: {k: [low, high]}\n";
inline constexpr std::string_view kPermitAll = "- {id: ok, effect: permit}\n";
inline constexpr std::string_view kSmallBinding =
    "- {id: home, purposes: [\"dpv:A\"], consent_max_age_ms: 5000, policies: [{policy: p@1}]}\n";

// Rules are those of policy `p@1`.
inline std::vector<SourceFile> SmallFiles(std::string_view rules = kPermitAll,
                                          std::string_view bindings = kSmallBinding) {
  return {File("Taxonomy", kSmallTaxonomy), File("Vocabulary", kSmallVocabulary),
          File("Policy", "policy: p@1\nrules:\n" + std::string(rules)),
          File("Bindings", "bindings:\n" + std::string(bindings))};
}

// Every finding of parsing and compiling, one a line.
inline std::string FindingsIn(const std::vector<SourceFile>& files) {
  Findings findings;
  const absl::StatusOr<Source> source = Parse(files, &findings);
  if (source.ok()) Compile(*source, &findings).IgnoreError();
  return AllFindings(findings);
}

inline PolicySet MustCompile(const std::vector<SourceFile>& files) {
  Findings findings;
  absl::StatusOr<PolicySet> set = Compile(MustParse(files), &findings);
  EXPECT_TRUE(set.ok()) << AllFindings(findings);
  return *std::move(set);
}

// One promotion under a set: known model, allowed for everything, contract as its basis.
class SmallCase {
 public:
  static constexpr int64_t kNow = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z

  explicit SmallCase(std::vector<SourceFile> files = SmallFiles()) : set(MustCompile(files)) {
    facts.decision_time_us = facts.event_time_us = kNow;
    facts.surface = set.Surface("s1");
    facts.purpose = set.Purpose("dpv:D");
    facts.has_subject = true;
    facts.subject_class = SubjectClass::kAdult;
    facts.subject_place = facts.processing_place = set.Place("DE");
    model.name = "ranker";
    model.version = "2";
    model.lineage.status = LineageStatus::kKnown;
    model.lineage.allowed = base::BitSet256::First(set.taxonomy().size());
    facts.model = &model;
  }

  Verdict Decide() const {
    Scratch scratch;
    Verdict verdict;
    set.Evaluate(facts, &scratch, &verdict);
    return verdict;
  }
  base::BitSet256 Bits(const std::vector<std::string>& purposes) const {
    base::BitSet256 bits;
    for (const std::string& id : purposes) bits.Set(*set.taxonomy().Purpose(id));
    return bits;
  }
  void SetField(std::string_view name, std::string_view text) {
    const size_t index = *set.EventFieldIndex(name);
    facts.fields[index] = *set.ParseField(index, text);
    facts.fields_present |= 1u << index;
  }

  PolicySet set;
  Facts facts;
  ModelFacts model;
};

// `BLOCK RULE_FORBID p@1/x, ALLOW PERMITTED p@1/ok`: every contribution in its order.
inline std::string Contributions(const PolicySet& set, const Verdict& verdict) {
  constexpr std::string_view kOutcomes[] = {"", "ALLOW", "QUARANTINE", "BLOCK"};
  std::string text;
  for (size_t i = 0; i < verdict.contribution_count; ++i) {
    const Contribution& c = verdict.contributions[i];
    text += std::string(i == 0 ? "" : ", ") +
            std::string(kOutcomes[static_cast<size_t>(c.outcome)]) + " " +
            std::string(ReasonName(c.reason));
    if (c.rule != kNoRule) text += " " + std::string(set.rule_id(c.rule));
  }
  return text;
}

}  // namespace lineward::policy

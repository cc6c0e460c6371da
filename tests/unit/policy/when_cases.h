#pragma once

// What expressions say of facts, worked out by hand from policy design, section 9: read by the
// tests of the compiled path and of the oracle.

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {

// The facts of `SmallCase` with what its pointers refer to.
struct WhenFacts {
  explicit WhenFacts(SmallCase* on) : small(*on) {
    on->facts.tenant = on->set.Tenant("n1");
    on->facts.topic = on->set.Topic("t1");
    on->facts.item = "i1";
    on->model.lineage.labels.Set(*on->set.Label("l2"));
    on->facts.consent = &consent;
    consent.granted = on->set.taxonomy().Down(*on->set.taxonomy().Purpose("dpv:B"));
  }
  void Subject(std::string_view place) { small.facts.subject_place = small.set.Place(place); }
  void Processing(std::string_view place) { small.facts.processing_place = small.set.Place(place); }

  SmallCase& small;
  ConsentFacts consent;
  SourceFacts sources;
};

struct WhenCase {
  std::string_view text;
  std::string_view in_forbid;  // `yes`, `no`, `failed`
  std::string_view in_permit = in_forbid;
  std::function<void(WhenFacts*)> change = [](WhenFacts*) {};
};

inline std::vector<WhenCase> WhenCases() {
  const auto absent_consent = [](WhenFacts* f) { f->small.facts.consent = nullptr; };
  const auto stale = [](WhenFacts* f) { f->consent.age_ms = 5001; };
  const auto before = [](WhenFacts* f) { f->consent.is_before_record = true; };
  const auto erased = [](WhenFacts* f) { f->consent.is_erased = true; };
  const auto anonymous = [](WhenFacts* f) { f->small.facts.has_subject = false; };
  const auto no_class = [](WhenFacts* f) { f->small.facts.subject_class = SubjectClass::kUnknown; };
  const auto subject_away = [](WhenFacts* f) { f->Subject(""); };
  const auto both_away = [](WhenFacts* f) {
    f->Subject("");
    f->Processing("Atlantis");
  };
  const auto abroad = [](WhenFacts* f) { f->Subject("US-CA"); };
  const auto abroad_and_away = [](WhenFacts* f) {
    f->Subject("US-CA");
    f->Processing("");
  };
  const auto trained = [](WhenFacts* f) {
    f->small.model.trained_at_us = SmallCase::kNow - 1'500'000;
    f->small.model.has_synthetic_share = true;
    f->small.model.synthetic_share = 0.25;
  };
  const auto fields = [](WhenFacts* f) {
    f->small.SetField("n", "-3");
    f->small.SetField("d", "0.5");
    f->small.SetField("s", "dpv:D");
    f->small.SetField("t", "1969-12-31T23:59:59.5Z");
    f->small.SetField("b", "false");
  };
  const auto from_sources = [](WhenFacts* f) {
    f->sources.status = LineageStatus::kKnown;
    f->sources.allowed = base::BitSet256::First(f->small.set.taxonomy().size());
    f->sources.labels.Set(*f->small.set.Label("l1"));
    f->small.facts.sources = &f->sources;
  };
  return {
      {"event.tenant == 'n1' && event.topic == 't1' && event.surface == 's1'", "yes"},
      {"event.item == 'i1' && event.purpose == 'dpv:D'", "yes"},
      {"event.time == decision_time", "yes"},
      {"event.time == timestamp('2026-03-01T12:00:00Z')", "yes"},
      {"event.purpose == 'tcf:1'", "no"},
      {"event.purpose == 'dpv:D'", "yes", "yes",
       [](WhenFacts* f) { f->small.facts.purpose = f->small.set.Purpose("tcf:1"); }},
      {"event.tenant == ''", "yes", "yes", [](WhenFacts* f) { f->small.facts.tenant = {}; }},
      {"model.name == 'ranker' && model.version == '2' && !model.profiling", "yes"},
      {"model.labels == ['l2']", "yes"},
      {"model.labels == ['l2']", "yes", "yes", from_sources},
      {"lineage.any('l2')", "yes"},
      {"lineage.any('l1')", "no"},
      {"lineage.any('l1')", "yes", "yes", from_sources},
      {"['l1', 'l9'].exists(l, lineage.any(l))", "failed"},
      {"['l2', 'l9'].exists(l, lineage.any(l))", "yes"},
      {"model.synthetic_share > 0.1", "failed"},
      {"has(model.synthetic_share) && model.synthetic_share > 0.1", "no"},
      {"model.synthetic_share > 0.1", "yes", "yes", trained},
      {"model.synthetic_share > 0.25", "no", "no", trained},
      {"model.synthetic_share > 0.1", "failed", "failed",
       [](WhenFacts* f) {
         f->small.model.has_synthetic_share = true;
         f->small.model.synthetic_share = std::numeric_limits<double>::quiet_NaN();
       }},
      {"decision_time - model.trained_at == duration('1.5s')", "yes", "yes", trained},
      {"decision_time - model.trained_at > duration('1s')", "failed"},
      {"subject.class == 'adult'", "yes"},
      {"subject.class == 'adult'", "yes", "yes", anonymous},
      {"subject.class == 'adult'", "failed", "failed", no_class},
      {"has(subject.place) && subject.place == 'DE'", "yes"},
      {"has(subject.place) && subject.place == 'DE'", "no", "no", subject_away},
      {"has(subject.place) && subject.place == 'US'", "yes", "yes",
       [](WhenFacts* f) { f->Subject("US-NY"); }},
      {"processing_place == 'DE'", "yes"},
      {"processing_place == 'DE'", "failed", "failed", both_away},
      {"has(event.n) || has(event.d) || has(event.s) || has(event.t) || has(event.b)", "no"},
      {"has(event.n) && event.n == -3", "yes", "yes", fields},
      {"has(event.d) && event.d >= 0.5 && event.d <= 0.5", "yes", "yes", fields},
      {"has(event.t) && event.t == timestamp('1969-12-31T23:59:59.5Z')", "yes", "yes", fields},
      {"has(event.b) && !event.b", "yes", "yes", fields},
      {"has(event.s) && purpose.under(event.s, 'dpv:B')", "yes", "yes", fields},
      {"has(event.s) && in_region(event.s)", "failed", "failed", fields},
      {"purpose.under(event.purpose, 'dpv:B')", "yes"},
      {"purpose.under(event.purpose, 'dpv:C')", "no"},
      {"purpose.under(event.purpose, 'dpv:Old')", "yes"},
      {"purpose.under('https://w3id.org/dpv#D', 'dpv:A')", "yes"},
      {"purpose.under(event.surface, 'dpv:A')", "failed"},
      {"consent('dpv:D')", "yes"},
      {"consent('tcf:1')", "yes"},
      {"consent('dpv:C')", "no"},
      {"consent('dpv:D')", "no", "no", anonymous},
      {"consent('dpv:D')", "no", "no", erased},
      {"consent('dpv:D')", "failed", "failed", absent_consent},
      {"consent('dpv:D')", "failed", "failed", stale},
      {"consent('dpv:D')", "failed", "failed", before},
      {"in_region('DE')", "yes"},
      {"in_region('EU')", "yes"},
      {"in_region('JP')", "no"},
      {"in_region('EU')", "yes", "no", abroad},
      {"in_region('EU')", "yes", "failed", subject_away},
      {"in_region('US')", "failed", "no", subject_away},
      {"in_region('EU')", "failed", "failed", both_away},
      {"in_region('US')", "yes", "failed", abroad_and_away},
      {"in_region('EU')", "failed", "no", abroad_and_away},
      {"in_region('JP')", "yes", "yes",
       [](WhenFacts* f) {
         f->Subject("JP-13");
         f->Processing("JP");
       }},
  };
}

// A set with `text` as the condition of one rule, beside a permit if that rule forbids.
inline std::vector<SourceFile> WhenFiles(std::string_view text, bool forbids) {
  return SmallFiles("- id: it\n  effect: " + std::string(forbids ? "forbid" : "permit") +
                    "\n  when: >-\n    " + std::string(text) + "\n" +
                    std::string(forbids ? kPermitAll : ""));
}

// What a verdict says of the rule `it` of those files.
inline std::string Answer(const NamedVerdict& verdict, bool forbids) {
  const bool has_failed = verdict.errors == std::vector<std::string>{"p@1/it"};
  if (has_failed) return verdict.outcome == Outcome::kBlock ? "failed" : "failed and allowed";
  const bool is_allowed = verdict.outcome == Outcome::kAllow;
  return is_allowed == forbids ? "no" : "yes";
}

}  // namespace lineward::policy

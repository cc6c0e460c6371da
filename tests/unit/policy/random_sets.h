#pragma once

// Random policy sets and facts with edge values over-weighted, for comparing the compiled path with
// the oracle. One seed gives the same sets and facts on every compiler: what draws more than one
// random value stands in a braced list, whose order is fixed. Not thread-safe.

#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lineward/policy/consent.h"
#include "lineward/policy/lineage_facts.h"
#include "policy/src/case_facts.h"
#include "policy/src/naive_names.h"
#include "tests/unit/policy/builders.h"
#include "tests/unit/policy/random_expressions.h"

namespace lineward::policy {

class RandomSets {
 public:
  static constexpr int64_t kNow = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z
  static constexpr int64_t kSecond = 1'000'000;

  // With expressions, rules have `when` too, and models what only those read.
  enum class Expressions : uint8_t { kNone, kSome };

  explicit RandomSets(uint64_t seed, Expressions expressions = Expressions::kNone)
      : random_(seed), has_expressions_(expressions == Expressions::kSome) {}

  std::vector<SourceFile> Files() {
    std::string rules[2];
    int number = 0;
    for (std::string& list : rules) {
      const int count = Int(1, 8);
      if (Chance(50))
        list += "- {id: any, effect: permit, obligations: [" + ObligationText() + "]}\n";
      for (int i = 0; i < count; ++i) list += RuleText("r" + std::to_string(++number));
    }
    return {File("Taxonomy", kTaxonomy),
            File("Vocabulary", kVocabulary),
            File("Compatibility", Text({"edges:\n", EdgeText("e1"), EdgeText("e2")})),
            Renamed("P1.yaml", File("Policy", "policy: p@1\nrules:\n" + rules[0])),
            Renamed("P2.yaml", File("Policy", "policy: q@2\nrules:\n" + rules[1])),
            File("Bindings", Text({"bindings:\n", BindingText("b1", "surface: s1"),
                                   BindingText("b2", "topic: t1"),
                                   BindingText("b3", "tenant: n1, surface: s2")}))};
  }

  // Facts for one promotion under `set`, in both forms.
  std::unique_ptr<CaseFacts> Case(const PolicySet& set) {
    auto facts = std::make_unique<CaseFacts>();
    NamedFacts& named = facts->named;
    named.decision_time_us = kNow;
    named.event_time_us = Pick<int64_t>({kNow, kNow, kNow - kSecond, kNow + 10 * kSecond,
                                         kNow + 10 * kSecond + 1, kNow - 3600 * kSecond});
    if (Chance(2)) named.event_time_us.reset();
    named.tenant = Pick<std::string>({"", "n1", "n2"});
    named.topic = Pick<std::string>({"t1", "t1", "t1", "t2"});
    named.surface = Pick<std::string>({"s1", "s1", "s2", "s3"});
    named.purpose = Chance(4) ? Pick<std::string>({"", "dpv:Gone", "tcf:9"}) : Purpose();
    if (!Chance(4)) named.fields["b"] = Pick<std::string>({"true", "false"});
    if (Chance(50)) named.fields["n"] = Pick<std::string>({"0", "3", "4", "x", "-1"});
    if (Chance(50)) named.fields["d"] = Pick<std::string>({"0.5", "0.50", "1e3", "nan"});
    if (Chance(50)) named.fields["s"] = Pick<std::string>({"x", "y", ""});
    if (Chance(30)) named.fields["t"] = Pick<std::string>({"2026-03-01T12:00:00Z", "yesterday"});
    named.has_subject = !Chance(20);
    if (!Chance(20)) named.subject_class = Pick<std::string>({"adult", "minor"});
    named.subject_place = Place();
    named.processing_place = Place();
    named.is_digest_ok = !Chance(3);
    if (has_expressions_ && Chance(50)) named.item = Pick<std::string>({"i1", "i2"});
    if (!Chance(5)) AddModel(set, facts.get());
    if (has_expressions_) AddModelFacts(facts.get());
    if (Chance(30)) AddSources(set, facts.get());
    if (!Chance(5)) AddConsent(set, facts.get());
    if (Chance(10)) AddBreaker(set, facts.get());
    FillFacts(set, facts.get());
    return facts;
  }

  int Int(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool Chance(int percent) { return Int(1, 100) <= percent; }

 private:
  static constexpr std::string_view kTaxonomy =
      "version: 3\n"
      "purposes: [{id: \"dpv:A\"}, {id: \"dpv:B\", under: [\"dpv:A\"]}, {id: \"dpv:C\", under: "
      "[\"dpv:A\"]}, {id: \"dpv:D\", under: [\"dpv:B\", \"dpv:C\"]}, {id: \"dpv:E\", under: "
      "[{id: \"dpv:B\", since: 3}], was: [\"dpv:Old\"]}, {id: \"dpv:F\", under: [\"dpv:D\"]}, "
      "{id: \"dpv:G\", under: [\"dpv:C\"]}]\n"
      "aliases: [{alias: \"tcf:1\", purpose: \"dpv:D\"}, {alias: \"tcf:9\", purpose: \"dpv:C\", "
      "processing: [TRAIN]}]\n";
  static constexpr std::string_view kVocabulary =
      "data_categories: {a: {b: {}}, c: {}}\n"
      "places: {EU: {DE: {}, FR: {}}, US: {US-CA: {}}}\n"
      "labels: [l1, l2]\n"
      "event_fields: {b: {type: bool}, n: {type: int, optional: true}, d: {type: double, optional: "
      "true}, s: {type: string, optional: true}, t: {type: timestamp, optional: true}}\n"
      "label_orders: {k: [low, high]}\n";

  template <typename T>
  T Pick(std::vector<T> list) {
    return list[static_cast<size_t>(Int(0, static_cast<int>(list.size()) - 1))];
  }
  static SourceFile Renamed(std::string name, SourceFile file) {
    file.name = std::move(name);
    return file;
  }
  std::string Purpose() {
    return Pick<std::string>(
        {"dpv:A", "dpv:B", "dpv:C", "dpv:D", "dpv:E", "dpv:F", "dpv:G", "dpv:Old", "tcf:1"});
  }
  std::string Place() {
    return Pick<std::string>({"DE", "FR", "EU", "US-CA", "US", "US-NY", "JP", "", "Atlantis"});
  }
  std::string Quoted(const std::string& text) { return "\"" + text + "\""; }
  // The parts one after the other, evaluated in this order.
  static std::string Text(std::initializer_list<std::string> parts) {
    std::string text;
    for (const std::string& part : parts) text += part;
    return text;
  }
  std::string PurposeList() { return Text({"[", Quoted(Purpose()), ", ", Quoted(Purpose()), "]"}); }

  std::string MatchText() {
    std::vector<std::string> keys;
    if (Chance(50)) keys.push_back("purpose_under: " + PurposeList());
    if (Chance(10)) keys.push_back("processing: [" + Pick<std::string>({"SERVE", "PROFILE"}) + "]");
    if (Chance(20))
      keys.push_back("data_category_under: [" + Pick<std::string>({"a", "a.b", "c"}) + "]");
    if (Chance(20)) keys.push_back("label: [" + Pick<std::string>({"l1", "l2"}) + "]");
    if (Chance(20))
      keys.push_back("place_under: [" + Pick<std::string>({"EU", "DE", "US", "JP"}) + "]");
    if (Chance(10)) keys.push_back("surface: [s1, s3]");
    if (Chance(10)) keys.push_back("tenant: [n1]");
    if (Chance(10))
      keys.push_back("model: [" + Pick<std::string>({"m", "m@1", "\"m*\"", "other"}) + "]");
    if (Chance(20)) {
      keys.push_back("subject_class: [" + Pick<std::string>({"adult", "minor", "anonymous"}) + "]");
    }
    if (Chance(20)) {
      keys.push_back("field: " +
                     Pick<std::string>({"{b: {eq: true}}", "{n: {gte: 0, lt: 4}}", "{d: {gt: 0.5}}",
                                        "{s: {in: [x, z]}}", "{n: {in: [3, 4]}, s: {eq: y}}",
                                        "{t: {lte: 2026-03-01T12:00:00Z}}"}));
    }
    if (keys.empty()) keys.push_back("purpose_under: [\"dpv:A\"]");
    std::string text = "{";
    for (size_t i = 0; i < keys.size(); ++i) text += (i == 0 ? "" : ", ") + keys[i];
    return text + "}";
  }
  std::string ObligationText() {
    return Pick<std::string>(
        {"{type: ttl, seconds: 60}", "{type: ttl, seconds: 9}", "{type: delay, seconds: 60}",
         "{type: delay, seconds: 7}", "{type: log, level: full}", "{type: log, level: brief}",
         "{type: notify, channel: x}", "{type: notify, channel: \"x!\"}", "{type: no_train}",
         "{type: degrade_non_personalised}", "{type: redact, fields: [f, g]}",
         "{type: redact, fields: [e]}", "{type: label, key: k, value: low}",
         "{type: label, key: k, value: high}", "{type: label, key: k, value: odd}",
         "{type: label, key: j, value: low}"});
  }
  std::string ObligationsText() {
    std::string text = "[";
    const int count = Chance(40) ? Int(1, 4) : 0;
    for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + ObligationText();
    return text + "]";
  }
  std::string WindowText() {
    return Pick<std::string>({"{until: 2026-03-01T12:00:00Z}", "{from: 2026-03-01T12:00:00Z}",
                              "{from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z}"});
  }
  // Contradictory labels in one rule are an error of the file: at most one obligation a rule there.
  std::string RuleText(const std::string& id) {
    const bool forbids = Chance(40);
    std::string text = "- {id: " + id + ", effect: " + (forbids ? "forbid" : "permit");
    if (Chance(80)) text += ", match: " + MatchText();
    if (Chance(25)) text += ", unless: " + MatchText();
    if (forbids && Chance(40)) text += ", severity: quarantine";
    if (Chance(15)) text += ", mode: " + Pick<std::string>({"off", "shadow", "enforce"});
    if (Chance(15)) text += ", effective: " + WindowText();
    if (Chance(20)) text += ", ground: legal";
    if (has_expressions_ && Chance(40)) text += ", when: " + Quoted(expressions_.Bool(2));
    if (Chance(50)) text += ", obligations: [" + ObligationText() + "]";
    return text + "}\n";
  }
  std::string EdgeText(const std::string& id) {
    return Text({"- {id: ", id, ", from: ", Quoted(Purpose()), ", to: ", Quoted(Purpose()),
                 ", assessment: x, effective: {until: ",
                 Pick<std::string>({"2027-01-01T00:00:00Z", "2026-03-01T12:00:00Z"}),
                 "}, obligations: [", ObligationText(), "]}\n"});
  }
  std::string BindingText(const std::string& id, const std::string& select) {
    std::string text =
        Text({"- {id: ", id, ", select: {", select,
              "}, purposes: [\"dpv:", Pick<std::string>({"A", "A", "C"}),
              "\"], consent_max_age_ms: 5000, event_max_future_s: 10, event_max_age_s: ",
              Pick<std::string>({"0", "60"})});
    text += ", mode: " + Pick<std::string>({"enforce", "enforce", "enforce", "off",
                                            "shadow, shadow_until: 2026-03-02T00:00:00Z",
                                            "shadow, shadow_until: 2026-03-01T12:00:00Z"});
    if (Chance(30)) text += ", on_unknown: block";
    if (Chance(30)) text += ", on_unavailable: block";
    if (Chance(40)) {
      text +=
          Text({", legal: [{purpose: ", Quoted(Purpose()),
                ", require: ", Pick<std::string>({"consent", "legitimate_interest", "forbidden"}),
                "}, {purpose: \"dpv:F\", require: consent}]"});
    }
    text += ", discharges: [" +
            Pick<std::string>({"ttl, label, no_train, redact, delay, degrade_non_personalised",
                               "ttl, label, no_train, redact, delay, degrade_non_personalised",
                               "ttl, label"}) +
            "]";
    return text + ", policies: [{policy: p@1}, {policy: q@2, mode: " +
           Pick<std::string>({"enforce", "shadow", "off"}) + "}]}\n";
  }

  int64_t Moment() { return Pick<int64_t>({kNow, kNow - 1, kNow + 1, kNow + 3600 * kSecond}); }
  ProcessingSet Processings() {
    return Chance(70) ? kAllProcessings : static_cast<ProcessingSet>(Int(1, 15));
  }
  DatasetUse Use(CaseFacts* facts) {
    Declaration& d = facts->declarations.emplace_back();
    d.kind = Chance(80) ? Declaration::Kind::kSeries
                        : Pick<Declaration::Kind>({Declaration::Kind::kDatasetVersion,
                                                   Declaration::Kind::kModelVersion});
    if (d.kind == Declaration::Kind::kSeries && !Chance(10)) {
      d.grants.emplace();
      const int count = Int(0, 3);
      for (int i = 0; i <= count; ++i) {
        d.grants->push_back({{Chance(3)   ? "dpv:Gone"
                              : Chance(5) ? "tcf:9"
                                          : Purpose()},
                             Processings(),
                             static_cast<Basis>(Int(0, 3))});
      }
      if (Chance(50)) d.grants->push_back({{"dpv:A"}, Processings(), Basis::kContract});
    }
    if (d.kind != Declaration::Kind::kSeries && Chance(50)) d.restricted = {Purpose(), "dpv:B"};
    if (Chance(15)) d.prohibits.push_back({{Purpose()}, Processings()});
    if (Chance(10)) {
      d.withdrawn.push_back(
          {Chance(30) ? std::vector<std::string>{} : std::vector<std::string>{Purpose()},
           Chance(50), Moment()});
    }
    if (Chance(40)) d.categories = {Pick<std::string>({"a", "a.b", "c"})};
    if (Chance(30)) d.labels = {Pick<std::string>({"l1", "l2"})};
    if (Chance(3)) d.labels.push_back("gone");
    if (Chance(15)) d.regions = {Pick<std::string>({"EU", "DE", "US", "JP", "US-NY"})};
    if (Chance(2)) d.regions.emplace();
    if (Chance(10)) d.retain_until_us = Moment();
    d.is_sourced = Chance(80);
    d.is_undeclared_version = Chance(5);
    d.is_revoked = Chance(1);
    d.is_unknown = Chance(2);
    DatasetUse use{&d, {}};
    if (Chance(10)) use.restorations.push_back({{Purpose()}, {"l1"}, Moment()});
    return use;
  }
  std::vector<DatasetUse> Uses(CaseFacts* facts, int low, int high) {
    std::vector<DatasetUse> uses;
    const int count = Int(low, high);
    for (int i = 0; i < count; ++i) uses.push_back(Use(facts));
    return uses;
  }
  void AddModel(const PolicySet& set, CaseFacts* facts) {
    const std::vector<DatasetUse> train = Uses(facts, Chance(5) ? 0 : 1, 3);
    const std::vector<DatasetUse> evaluate = Uses(facts, 0, Chance(20) ? 1 : 0);
    facts->model.name = Pick<std::string>({"m", "mm", "x"});
    facts->model.version = "1";
    facts->model.is_profiling = Chance(30);
    facts->model.lineage = CombineModel(set, train, evaluate, kNow);
    facts->named.model =
        NamedModel{facts->model.name, facts->model.version, facts->model.is_profiling,
                   naive::LineageOfModel(set.source(), train, evaluate, kNow)};
  }
  void AddSources(const PolicySet& set, CaseFacts* facts) {
    const std::vector<DatasetUse> uses = Uses(facts, 1, 2);
    const bool is_profiling = facts->model.is_profiling;
    const bool is_unknown = Chance(5);
    facts->sources = CombineSources(set, uses, is_profiling, is_unknown, kNow);
    facts->named.sources =
        naive::LineageOfSources(set.source(), uses, is_profiling, is_unknown, kNow);
  }
  void AddConsent(const PolicySet& set, CaseFacts* facts) {
    std::vector<ConsentTransition> transitions;
    std::vector<naive::NamedTransition> named;
    const int count = Int(0, 3);
    for (int i = 0; i < count; ++i) {
      const std::string purpose = *naive::ResolvePurpose(set.source(), Purpose());
      const auto change =
          Chance(50) ? ConsentChange::kGranted : static_cast<ConsentChange>(Int(0, 5));
      const int64_t effective = kNow + Int(-3, 1) * kSecond;
      const int64_t received = kNow + Int(-3, 1) * kSecond;
      const int64_t version = Int(1, 3);
      named.push_back({purpose, change, effective, received, version});
      transitions.push_back(
          {*set.taxonomy().Purpose(purpose), change, effective, received, version});
    }
    if (Chance(60)) {
      named.push_back({"dpv:A", ConsentChange::kGranted, 0, 0, 3});
      transitions.push_back({*set.taxonomy().Purpose("dpv:A"), ConsentChange::kGranted, 0, 0, 3});
    }
    SortTransitions(&transitions);
    const int64_t then = facts->named.event_time_us.value_or(0);
    facts->consent = FoldConsent(set.taxonomy(), transitions, then, kNow);
    facts->named.consent = naive::FoldConsent(set.source(), named, then, kNow);
    facts->consent.age_ms = Pick<int64_t>({0, 40, 5000, 5001});
    facts->consent.is_erased = Chance(4);
    facts->consent.is_before_record = Chance(4);
    facts->named.consent->age_ms = facts->consent.age_ms;
    facts->named.consent->is_erased = facts->consent.is_erased;
    facts->named.consent->is_before_record = facts->consent.is_before_record;
  }
  void AddBreaker(const PolicySet& set, CaseFacts* facts) {
    NamedBreaker breaker;
    breaker.is_unavailable = Chance(20);
    breaker.outcome = Pick<Outcome>({Outcome::kAllow, Outcome::kQuarantine, Outcome::kBlock});
    Obligation degrade;
    degrade.type = ObligationType::kDegradeNonPersonalised;
    if (Chance(50)) breaker.obligations.push_back(degrade);
    facts->breaker.is_unavailable = breaker.is_unavailable;
    facts->breaker.outcome = breaker.outcome;
    for (const Obligation& o : breaker.obligations) {
      facts->breaker.obligations.push_back(*set.Intern(o));
    }
    facts->named.breaker = std::move(breaker);
  }

  // Not by chance in lineage: absent, and at the edges of what expressions ask.
  void AddModelFacts(CaseFacts* facts) {
    if (!facts->named.model.has_value()) return;
    if (Chance(70)) {
      facts->model.has_synthetic_share = true;
      facts->model.synthetic_share = Pick<double>({0, 0.3, 0.30000000000000004, 1});
      facts->named.model->synthetic_share = facts->model.synthetic_share;
    }
    if (Chance(70)) {
      facts->model.trained_at_us = Pick<int64_t>({kNow, kNow - 60 * kSecond, kNow + 1, -1, 1});
      facts->named.model->trained_at_us = facts->model.trained_at_us;
    }
  }

  std::mt19937_64 random_;
  const bool has_expressions_;
  RandomExpressions expressions_{&random_};
};

}  // namespace lineward::policy

// Written from the policy design, sections 2 to 7, alone: names, loops, recursion; nothing of the
// compiled path. Kept plain on purpose.

#include "lineward/policy/naive.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "lineward/base/strings.h"
#include "policy/src/naive_names.h"
#include "policy/src/naive_when.h"
#include "policy/src/reader.h"

namespace lineward::policy {
namespace {

using Names = std::set<std::string>;

std::string Quoted(const std::string& name) { return fmt::format("`{}`", name); }

// A finding as it comes; sorted and cut only at the end.
struct Finding {
  Outcome outcome = Outcome::kAllow;
  Reason reason = Reason::kPermitted;
  std::string rule;

  friend bool operator==(const Finding&, const Finding&) = default;
};

class Oracle {
 public:
  Oracle(const Source& source, const NamedFacts& facts, Trace* trace)
      : source_(source), facts_(facts), trace_(trace) {}

  NamedVerdict Decide() {
    if (facts_.is_malformed) {
      Find(Reason::kMalformed, Outcome::kQuarantine);
      Step(2, "facts", "the event could not be decoded");
      return Answer(findings_, {}, {});
    }
    if (!ChooseBinding()) return Answer(findings_, {}, {});
    CheckFacts();
    if (!findings_.empty()) return Finish(Answer(findings_, {}, {}));
    const bool goes_on = CheckLineage();
    if (!goes_on) return Finish(Answer(findings_, {}, {}));
    CheckPurpose();
    CheckConsent();
    CheckPlace();
    CheckBreaker();
    NamedVerdict verdict = ApplyRules(false);
    const NamedVerdict shadow = ApplyRules(true);
    verdict.shadow_outcome = shadow.outcome;
    verdict.shadow_primary = shadow.primary;
    return Finish(std::move(verdict));
  }

 private:
  void Find(Reason reason, Outcome outcome, const std::string& rule = "") {
    const Finding finding{outcome, reason, rule};
    if (std::find(findings_.begin(), findings_.end(), finding) == findings_.end()) {
      findings_.push_back(finding);
    }
  }
  void FindUnknown(Reason reason, Outcome outcome) {
    Find(reason, outcome);
    met_unknown_ = true;
  }
  Outcome OnUnknown() const {
    return binding_->on_unknown_blocks ? Outcome::kBlock : Outcome::kQuarantine;
  }

  // Writes the step down with what was found since the last one.
  void Step(int number, const char* name, std::string detail) {
    if (trace_ == nullptr) return;
    TraceStep step;
    step.number = number;
    step.name = name;
    step.detail = std::move(detail);
    for (size_t i = told_; i < findings_.size(); ++i) {
      const Finding& finding = findings_[i];
      step.findings.push_back({finding.reason, finding.outcome, finding.rule});
      const auto code = static_cast<int>(finding.reason);
      const bool is_unknown = code == 100 || code / 100 == 2 || code == 300 || code == 301 ||
                              code == 302 || code == 510 || code == 511 || code == 610 ||
                              code == 710;
      if (finding.outcome == Outcome::kAllow) continue;
      if (!is_unknown || step.result == TraceStep::Result::kRefused) {
        step.result = TraceStep::Result::kRefused;
      } else {
        step.result = TraceStep::Result::kUnknown;
      }
    }
    told_ = findings_.size();
    trace_->steps.push_back(std::move(step));
  }

  bool ChooseBinding() {
    const auto fits = [](const std::string& selector, const std::string& value) {
      return selector == "*" || (!value.empty() && selector == value);
    };
    const Binding* best = nullptr;
    const auto weight = [](const Binding& b) {
      return std::tuple(b.tenant != "*", b.topic != "*", b.surface != "*");
    };
    for (const Binding& binding : source_.bindings) {
      if (!fits(binding.tenant, facts_.tenant) || !fits(binding.topic, facts_.topic) ||
          !fits(binding.surface, facts_.surface)) {
        continue;
      }
      if (best == nullptr || weight(binding) > weight(*best)) best = &binding;
    }
    if (best == nullptr || best->mode == BindingMode::kOff) {
      Find(Reason::kNoBinding, Outcome::kQuarantine);
      Step(1, "binding",
           best == nullptr ? fmt::format("no binding selects surface `{}` of topic `{}`",
                                         facts_.surface, facts_.topic)
                           : fmt::format("binding `{}` is off", best->id));
      return false;
    }
    binding_ = best;
    Step(1, "binding",
         fmt::format("surface `{}` of topic `{}` is bound by `{}`", facts_.surface, facts_.topic,
                     best->id));
    return true;
  }

  void CheckFacts() {
    std::string missing;
    const auto miss = [&](const std::string& what) {
      missing += (missing.empty() ? "" : ", ") + what;
      Find(Reason::kFactMissing, Outcome::kQuarantine);
    };
    if (facts_.purpose.empty()) miss("purpose");
    if (!facts_.event_time_us.has_value()) miss("event_time");
    if (!facts_.decision_time_us.has_value()) miss("decision_time");
    for (const EventField& field : source_.vocabulary.event_fields) {
      if (!field.is_optional && !naive::FieldOf(field, facts_).has_value()) miss(field.name);
    }
    std::string detail = missing.empty() ? "all facts are there" : "missing: " + missing;
    if (facts_.event_time_us.has_value() && facts_.decision_time_us.has_value()) {
      const double ahead = static_cast<double>(*facts_.event_time_us) / 1e6 -
                           static_cast<double>(*facts_.decision_time_us) / 1e6;
      // Whole numbers of µs are compared exactly; the text needs no more than a double.
      const __int128 difference =
          static_cast<__int128>(*facts_.event_time_us) - *facts_.decision_time_us;
      const __int128 future = static_cast<__int128>(binding_->event_max_future_s) * 1'000'000;
      const __int128 age = static_cast<__int128>(binding_->event_max_age_s) * 1'000'000;
      if (difference > future || (age > 0 && -difference > age)) {
        Find(Reason::kFactOutOfRange, Outcome::kQuarantine);
        detail += fmt::format("; event_time is {:.3f} s from decision_time", ahead);
      }
    }
    if (!facts_.purpose.empty()) {
      purpose_ = naive::ResolvePurpose(source_, facts_.purpose);
      if (!purpose_.has_value()) {
        Find(Reason::kPurposeUnknown, Outcome::kQuarantine);
        detail += "; purpose " + Quoted(facts_.purpose) + " is unknown";
      }
    }
    Step(2, "facts", detail);
  }

  bool CheckLineage() {
    std::string detail;
    bool stops = false;
    if (!facts_.model.has_value() || facts_.model->lineage.status == LineageStatus::kUnknown) {
      FindUnknown(Reason::kModelUnknown, OnUnknown());
      detail = "the model is not registered";
      stops = true;
    } else {
      lineages_.push_back(&facts_.model->lineage);
      detail =
          fmt::format("model `{}@{}` is registered", facts_.model->name, facts_.model->version);
    }
    if (facts_.sources.has_value()) lineages_.push_back(&*facts_.sources);
    if (!facts_.is_digest_ok) {
      FindUnknown(Reason::kDigestMismatch, OnUnknown());
      detail += "; its weights are not the registered ones";
      stops = true;
    }
    for (const NamedLineage* lineage : lineages_) {
      if (lineage->status != LineageStatus::kRevoked) continue;
      Find(Reason::kModelRevoked, Outcome::kBlock);
      detail += "; it, or what it is made from, is revoked";
      stops = true;
    }
    for (const NamedLineage* lineage : lineages_) {
      if (lineage->status != LineageStatus::kUnknown && !lineage->is_incomplete &&
          !lineage->incomplete.contains(*purpose_)) {
        continue;
      }
      FindUnknown(Reason::kLineageIncomplete, OnUnknown());
      detail += "; not all of its data is known";
    }
    Step(3, "lineage", detail);
    return !stops;
  }

  void CheckPurpose() {
    bool for_surface = false;
    for (const std::string& purpose : binding_->purposes) {
      for_surface = for_surface || naive::IsUnder(source_, *purpose_, purpose);
    }
    std::string detail = fmt::format("declared {}", Quoted(*purpose_));
    if (!for_surface) {
      Find(Reason::kPurposeNotForSurface, Outcome::kBlock);
      detail += fmt::format("; binding `{}` may not declare it", binding_->id);
    }
    bool allowed = true;
    bool expired = false;
    for (const NamedLineage* lineage : lineages_) {
      allowed = allowed && lineage->allowed.contains(*purpose_);
      expired = expired || (lineage->retain_until_us.has_value() &&
                            *lineage->retain_until_us <= *facts_.decision_time_us);
    }
    if (!allowed) {
      Find(Reason::kPurposeNotAllowed, Outcome::kBlock);
      detail += "; the data behind the model does not allow it";
    } else if (expired) {
      Find(Reason::kRetentionExpired, Outcome::kBlock);
      detail += "; the data behind the model has passed its retention";
    } else {
      detail += "; the data behind the model allows it";
    }
    Step(4, "purpose", detail);
  }

  void CheckConsent() {
    reached_consent_ = true;
    std::set<Basis> bases;
    for (const NamedLineage* lineage : lineages_) {
      for (size_t i = 0; i < kBases; ++i) {
        if (lineage->basis[i].contains(*purpose_)) bases.insert(static_cast<Basis>(i));
      }
    }
    std::optional<LegalEntry::Require> legal;
    for (const LegalEntry& entry : binding_->legal) {
      if (!naive::IsUnder(source_, *purpose_, entry.purpose)) continue;
      if (!legal.has_value() || entry.require > *legal) legal = entry.require;
    }
    if (legal == LegalEntry::Require::kConsent) bases = {Basis::kConsent};
    for (Basis basis : bases) basis_bits_ |= static_cast<uint8_t>(1 << static_cast<int>(basis));
    TellConsent();
    if (legal == LegalEntry::Require::kForbidden ||
        (legal == LegalEntry::Require::kLegitimateInterest &&
         !bases.contains(Basis::kLegitimateInterest))) {
      Find(Reason::kLegalForbidden, Outcome::kBlock);
      Step(5, "consent", fmt::format("binding `{}` rules the purpose out", binding_->id));
      return;
    }
    const bool consent = bases.contains(Basis::kConsent);
    const bool interest = bases.contains(Basis::kLegitimateInterest);
    if (!consent && !interest) {
      Step(5, "consent", "neither consent nor legitimate interest is relied on");
      return;
    }
    std::string detail = consent ? "consent is needed" : "an objection would count";
    if (!facts_.has_subject) {
      if (consent) Find(Reason::kConsentMissing, Outcome::kBlock);
      Step(5, "consent", detail + "; nobody is named");
      return;
    }
    if (!facts_.consent.has_value()) {
      FindUnknown(Reason::kConsentUnknown, Outcome::kQuarantine);
      Step(5, "consent", detail + "; no snapshot of consent is there");
      return;
    }
    const NamedConsent& given = *facts_.consent;
    const bool stale = given.age_ms > binding_->consent_max_age_ms;
    if (stale) FindUnknown(Reason::kConsentStale, Outcome::kQuarantine);
    if (given.is_erased) Find(Reason::kSubjectErased, Outcome::kBlock);
    const bool before = !stale && !given.is_erased && given.is_before_record;
    if (before) FindUnknown(Reason::kConsentUnknown, Outcome::kQuarantine);
    if (stale || given.is_erased || before) {
      Step(5, "consent", detail + "; what is known of it cannot be used");
      return;
    }
    if (consent && !given.granted.contains(*purpose_)) {
      const bool withdrawn = given.withdrawn.contains(*purpose_);
      Find(withdrawn ? Reason::kConsentWithdrawn : Reason::kConsentMissing, Outcome::kBlock);
      detail += withdrawn ? "; it was withdrawn" : "; it was never given, or has expired";
    }
    if (interest && given.objected.contains(*purpose_)) {
      Find(Reason::kConsentObjected, Outcome::kBlock);
      detail += "; the person objected";
    }
    Step(5, "consent", detail);
  }

  void TellConsent() {
    if (!facts_.has_subject) {
      consent_bits_ = 8;
      return;
    }
    if (!facts_.consent.has_value()) {
      consent_bits_ = 64;
      return;
    }
    const NamedConsent& given = *facts_.consent;
    const bool stale = given.age_ms > binding_->consent_max_age_ms;
    if (given.granted.contains(*purpose_)) consent_bits_ |= 1;
    if (given.withdrawn.contains(*purpose_)) consent_bits_ |= 2;
    if (given.objected.contains(*purpose_)) consent_bits_ |= 4;
    if (given.is_erased) consent_bits_ |= 16;
    if (stale) consent_bits_ |= 32;
    if (!stale && !given.is_erased && given.is_before_record) consent_bits_ |= 64;
  }

  void CheckPlace() {
    const std::optional<std::string> place = naive::KnownPlace(source_, facts_.processing_place);
    std::string detail = place.has_value() ? "processed in " + Quoted(*place)
                                           : std::string("the processing place is unknown");
    bool has_regions = false;
    for (const NamedLineage* lineage : lineages_) {
      for (const Names& region : lineage->regions) {
        has_regions = true;
        if (region.empty() || (place.has_value() && !region.contains(*place))) {
          Find(Reason::kTransferForbidden, Outcome::kBlock);
          detail += "; some data may not be processed there";
        }
      }
    }
    if (has_regions && !place.has_value()) {
      FindUnknown(Reason::kPlaceUnknown, Outcome::kQuarantine);
    }
    Step(6, "place", detail);
  }

  void CheckBreaker() {
    if (!facts_.breaker.has_value()) {
      Step(7, "breaker", "no breaker is open");
      return;
    }
    if (facts_.breaker->is_unavailable) {
      FindUnknown(Reason::kEngineUnavailable,
                  binding_->on_unavailable_blocks ? Outcome::kBlock : Outcome::kQuarantine);
      Step(7, "breaker", "the state of the breakers is not available");
      return;
    }
    if (facts_.breaker->outcome != Outcome::kAllow) {
      Find(Reason::kBreakerOpen, facts_.breaker->outcome);
    }
    Step(7, "breaker", fmt::format("the breaker says {}", OutcomeName(facts_.breaker->outcome)));
  }

  // --- keys ---

  enum class Truth { kNo, kYes, kUnknown };

  Truth FieldHolds(const FieldCondition& condition) const {
    const EventField* field = nullptr;
    for (const EventField& f : source_.vocabulary.event_fields) {
      if (f.name == condition.field) field = &f;
    }
    const std::optional<std::string> value = naive::FieldOf(*field, facts_);
    if (!value.has_value()) return Truth::kUnknown;
    const auto compare = [&](const std::string& bound) -> int {
      switch (field->type) {
        case FieldType::kString:
        case FieldType::kBool:
          return value->compare(bound);
        case FieldType::kDouble: {
          const double a = *ParseDouble(*value);
          const double b = *ParseDouble(bound);
          return a < b ? -1 : a > b ? 1 : 0;
        }
        case FieldType::kInt:
        case FieldType::kTimestamp: {
          const int64_t a = *base::ParseInt64(*value);
          const int64_t b = *base::ParseInt64(bound);
          return a < b ? -1 : a > b ? 1 : 0;
        }
      }
      return 0;
    };
    bool holds = false;
    for (const std::string& bound : condition.values) {
      const int order = compare(bound);
      switch (condition.op) {
        case FieldCondition::Operator::kEq:
        case FieldCondition::Operator::kIn:
          holds = holds || order == 0;
          break;
        case FieldCondition::Operator::kLt:
          holds = order < 0;
          break;
        case FieldCondition::Operator::kLte:
          holds = order <= 0;
          break;
        case FieldCondition::Operator::kGt:
          holds = order > 0;
          break;
        case FieldCondition::Operator::kGte:
          holds = order >= 0;
          break;
      }
    }
    return holds ? Truth::kYes : Truth::kNo;
  }

  Truth PlaceIsUnder(const std::string& given, const std::vector<std::string>& roots) const {
    const std::optional<std::string> place = naive::KnownPlace(source_, given);
    if (!place.has_value()) return Truth::kUnknown;
    for (const std::string& root : roots) {
      if (naive::IsPlaceUnder(source_, *place, root)) return Truth::kYes;
    }
    return Truth::kNo;
  }

  // The keys that fail. `helps`: unknown counts as matching and one place is enough.
  std::vector<std::string> Failing(const MatchMap& match, bool helps) const {
    std::vector<std::string> failing;
    const auto need = [&](const char* key, Truth truth) {
      if (truth == Truth::kYes || (truth == Truth::kUnknown && helps)) return;
      failing.emplace_back(key);
    };
    const auto known = [](bool holds) { return holds ? Truth::kYes : Truth::kNo; };
    if (!match.purpose_under.empty()) {
      bool holds = false;
      for (const std::string& purpose : match.purpose_under) {
        holds = holds || naive::IsUnder(source_, *purpose_, purpose);
      }
      need("purpose_under", known(holds));
    }
    if (match.processing != 0) {
      bool holds = (match.processing & Only(Processing::kServe)) != 0;
      if (facts_.model->is_profiling) {
        holds = holds || (match.processing & Only(Processing::kProfile)) != 0;
      }
      need("processing", known(holds));
    }
    if (!match.data_category_under.empty()) {
      bool holds = false;
      for (const NamedLineage* lineage : lineages_) {
        for (const std::string& category : lineage->categories) {
          for (const std::string& root : match.data_category_under) {
            holds = holds || naive::IsCategoryUnder(source_, category, root);
          }
        }
      }
      need("data_category_under", known(holds));
    }
    if (!match.label.empty()) {
      bool holds = false;
      for (const NamedLineage* lineage : lineages_) {
        for (const std::string& label : match.label) {
          holds = holds || lineage->labels.contains(label);
        }
      }
      need("label", known(holds));
    }
    const auto is_one_of = [](const std::string& value, const std::vector<std::string>& list) {
      return !value.empty() && std::find(list.begin(), list.end(), value) != list.end();
    };
    if (!match.surface.empty()) need("surface", known(is_one_of(facts_.surface, match.surface)));
    if (!match.tenant.empty()) need("tenant", known(is_one_of(facts_.tenant, match.tenant)));
    if (!match.model.empty()) need("model", known(ModelMatches(match.model)));
    if (!match.subject_class.empty()) {
      if (!facts_.subject_class.has_value()) {
        need("subject_class", Truth::kUnknown);
      } else {
        bool holds = is_one_of(*facts_.subject_class, match.subject_class);
        if (!facts_.has_subject) holds = holds || is_one_of("anonymous", match.subject_class);
        need("subject_class", known(holds));
      }
    }
    if (!match.place_under.empty()) {
      const Truth subject = PlaceIsUnder(facts_.subject_place, match.place_under);
      const Truth processing = PlaceIsUnder(facts_.processing_place, match.place_under);
      const auto counts = [&](Truth truth) {
        return truth == Truth::kYes || (truth == Truth::kUnknown && helps);
      };
      need("place_under", known(helps ? counts(subject) || counts(processing)
                                      : counts(subject) && counts(processing)));
    }
    for (const FieldCondition& condition : match.fields) need("field", FieldHolds(condition));
    return failing;
  }

  bool ModelMatches(const std::vector<std::string>& patterns) const {
    const std::string& name = facts_.model->name;
    for (const std::string& pattern : patterns) {
      if (pattern.back() == '*') {
        if (name.starts_with(pattern.substr(0, pattern.size() - 1))) return true;
      } else if (pattern == name || pattern == name + "@" + facts_.model->version) {
        return true;
      }
    }
    return false;
  }

  // What a rule did: what keeps it from applying (nothing: it applies), and why its `when` failed.
  struct RuleResult {
    std::vector<std::string> failing;
    std::string error;
  };

  // A `when` that fails lets a forbid apply, and keeps a permit from it; told only where all else
  // holds.
  RuleResult Judge(const Rule& rule) {
    RuleResult result{WhyNot(rule), ""};
    if (rule.expression == nullptr || (trace_ == nullptr && !result.failing.empty())) return result;
    if (!when_.has_value()) when_.emplace(source_, facts_, *binding_, *purpose_);
    const naive::WhenAnswer answer = when_->Judge(rule);
    const bool applies =
        answer.holds || (!answer.failure.empty() && rule.effect == Effect::kForbid);
    if (result.failing.empty()) result.error = answer.failure;
    if (!applies) result.failing.emplace_back("when");
    return result;
  }

  // The keys and the window that keep the rule from applying.
  std::vector<std::string> WhyNot(const Rule& rule) const {
    const bool forbids = rule.effect == Effect::kForbid;
    std::vector<std::string> failing;
    if (rule.match.has_value()) failing = Failing(*rule.match, forbids);
    if (rule.unless.has_value() && Failing(*rule.unless, !forbids).empty()) {
      failing.emplace_back("unless");
    }
    const int64_t now = *facts_.decision_time_us;
    if (now < rule.effective.from_us || now >= rule.effective.until_us) {
      failing.emplace_back("effective");
    }
    return failing;
  }

  // --- rules and obligations ---

  NamedVerdict ApplyRules(bool with_shadow) {
    std::vector<Finding> findings = findings_;
    Names rules;
    Names permits;
    Names errors;
    std::vector<Obligation> duties;
    std::vector<Obligation> permit_duties;
    std::string detail = "rules are not judged on unknown facts";
    if (!met_unknown_) {
      for (const PolicyEntry& entry : binding_->policies) {
        for (const Policy& policy : source_.policies) {
          if (policy.pid != entry.pid) continue;
          for (const Rule& rule : policy.rules) {
            const RuleMode mode = std::min(entry.mode, rule.mode);
            const bool counts = with_shadow ? mode != RuleMode::kOff : mode == RuleMode::kEnforce;
            const RuleResult result = Judge(rule);
            if (!with_shadow) TellRule(rule, mode, result);
            if (counts && !result.error.empty()) errors.insert(rule.full_id);
            if (!counts || !result.failing.empty()) continue;
            if (rule.effect == Effect::kForbid) {
              rules.insert(rule.full_id);
              findings.push_back({rule.is_block ? Outcome::kBlock : Outcome::kQuarantine,
                                  result.error.empty() ? Reason::kRuleForbid : Reason::kRuleError,
                                  rule.full_id});
              duties.insert(duties.end(), rule.obligations.begin(), rule.obligations.end());
            } else {
              permits.insert(rule.full_id);
              findings.push_back({Outcome::kAllow, Reason::kPermitted, rule.full_id});
              permit_duties.insert(permit_duties.end(), rule.obligations.begin(),
                                   rule.obligations.end());
            }
          }
        }
      }
      if (permits.empty()) findings.push_back({Outcome::kBlock, Reason::kDefaultDeny, ""});
      detail = fmt::format("{} forbids and {} permits apply", rules.size(), permits.size());
    }
    if (!with_shadow) {
      TellStep(8, "rules", detail, findings, met_unknown_);
    }
    Outcome outcome = Outcome::kAllow;
    for (const Finding& finding : findings) outcome = std::max(outcome, finding.outcome);
    if (outcome == Outcome::kAllow) {
      rules = permits;
      duties = permit_duties;
    }
    for (const NamedLineage* lineage : lineages_) {
      if (!lineage->compatible.contains(*purpose_)) continue;
      for (const CompatibilityEdge& edge : source_.edges) {
        if (edge.to != *purpose_ || !lineage->edges.contains(edge.id)) continue;
        duties.insert(duties.end(), edge.obligations.begin(), edge.obligations.end());
      }
    }
    if (facts_.breaker.has_value() && !facts_.breaker->is_unavailable) {
      duties.insert(duties.end(), facts_.breaker->obligations.begin(),
                    facts_.breaker->obligations.end());
    }
    bool conflict = false;
    std::vector<Obligation> merged = Merge(duties, &conflict);
    const size_t before = findings.size();
    if (outcome == Outcome::kAllow) {
      if (conflict || merged.size() > 16) {
        findings.push_back({Outcome::kQuarantine, Reason::kObligationConflict, ""});
      }
      for (size_t i = 0; i < merged.size() && i < 16; ++i) {
        const ObligationType type = merged[i].type;
        if (type == ObligationType::kLog || type == ObligationType::kNotify) continue;
        const auto& can = binding_->discharges;
        if (std::find(can.begin(), can.end(), type) != can.end()) continue;
        findings.push_back({Outcome::kBlock, Reason::kObligationUnsupported, ""});
        break;
      }
      if (findings.size() > before) {
        merged.clear();
        rules.clear();
      }
      if (!with_shadow) {
        TellStep(9, "obligations", fmt::format("{} obligations", merged.size()), findings, false,
                 before);
      }
    } else if (!with_shadow) {
      TellStep(9, "obligations", "judged for ALLOW only", findings, true, before);
    }
    if (merged.size() > 16) merged.resize(16);
    return Answer(findings, rules, merged, errors);
  }

  void TellStep(int number, const char* name, std::string detail,
                const std::vector<Finding>& findings, bool is_skipped, size_t from = 0) {
    if (trace_ == nullptr) return;
    TraceStep step;
    step.number = number;
    step.name = name;
    step.detail = std::move(detail);
    if (is_skipped) step.result = TraceStep::Result::kSkipped;
    for (size_t i = std::max(from, findings_.size()); i < findings.size(); ++i) {
      step.findings.push_back({findings[i].reason, findings[i].outcome, findings[i].rule});
      if (findings[i].outcome != Outcome::kAllow) step.result = TraceStep::Result::kRefused;
    }
    trace_->steps.push_back(std::move(step));
  }

  void TellRule(const Rule& rule, RuleMode mode, const RuleResult& result) {
    if (trace_ == nullptr) return;
    TraceRule told;
    told.id = rule.full_id;
    told.failed = result.failing;
    told.error = result.error;
    told.is_shadow_only = mode == RuleMode::kShadow;
    if (mode == RuleMode::kOff) told.failed.emplace_back("mode");
    told.matched = told.failed.empty();
    trace_->rules.push_back(std::move(told));
  }

  // Two of one type become one where the design says so; the list is sorted by its bytes.
  std::vector<Obligation> Merge(const std::vector<Obligation>& duties, bool* conflict) const {
    std::optional<Obligation> log, redact, delay, ttl;
    bool degrade = false;
    std::vector<Obligation> others;
    std::map<std::string, Names> labels;
    for (const Obligation& duty : duties) {
      switch (duty.type) {
        case ObligationType::kLog:
          if (!log.has_value() || duty.is_full) log = duty;
          break;
        case ObligationType::kRedact: {
          Names fields(duty.fields.begin(), duty.fields.end());
          if (redact.has_value()) fields.insert(redact->fields.begin(), redact->fields.end());
          redact = duty;
          redact->fields.assign(fields.begin(), fields.end());
          break;
        }
        case ObligationType::kDelay:
          if (!delay.has_value() || duty.seconds > delay->seconds) delay = duty;
          break;
        case ObligationType::kTtl:
          if (!ttl.has_value() || duty.seconds < ttl->seconds) ttl = duty;
          break;
        case ObligationType::kLabel:
          labels[duty.key].insert(duty.value);
          break;
        case ObligationType::kDegradeNonPersonalised:
          degrade = true;
          others.push_back(duty);
          break;
        case ObligationType::kNotify:
        case ObligationType::kNoTrain:
          others.push_back(duty);
          break;
      }
    }
    for (const auto& one : {log, redact, delay, ttl}) {
      if (one.has_value()) others.push_back(*one);
    }
    if (degrade) {
      Obligation no_train;
      no_train.type = ObligationType::kNoTrain;
      others.push_back(no_train);
    }
    for (const auto& [key, values] : labels) {
      for (const std::string& value : MergeLabel(key, values, conflict)) {
        Obligation label;
        label.type = ObligationType::kLabel;
        label.key = key;
        label.value = value;
        others.push_back(label);
      }
    }
    std::map<std::string, Obligation> sorted;
    for (const Obligation& one : others) sorted.emplace(ToJson(one), one);
    std::vector<Obligation> merged;
    for (const auto& [json, one] : sorted) merged.push_back(one);
    return merged;
  }

  Names MergeLabel(const std::string& key, const Names& values, bool* conflict) const {
    if (values.size() < 2) return values;
    const auto order = source_.vocabulary.label_orders.find(key);
    std::string strictest;
    if (order != source_.vocabulary.label_orders.end()) {
      for (const std::string& value : order->second) {
        if (values.contains(value)) strictest = value;
      }
      bool all_known = true;
      for (const std::string& value : values) {
        all_known = all_known && std::find(order->second.begin(), order->second.end(), value) !=
                                     order->second.end();
      }
      if (all_known) return {strictest};
    }
    *conflict = true;
    return values;
  }

  NamedVerdict Answer(std::vector<Finding> findings, const Names& rules,
                      const std::vector<Obligation>& obligations, const Names& errors = {}) const {
    std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
      return std::tuple(-static_cast<int>(a.outcome), static_cast<int>(a.reason), a.rule) <
             std::tuple(-static_cast<int>(b.outcome), static_cast<int>(b.reason), b.rule);
    });
    NamedVerdict verdict;
    verdict.outcome = findings.front().outcome;
    verdict.primary = findings.front().reason;
    for (const Policy& policy : source_.policies) {
      for (const Rule& rule : policy.rules) {
        if (rule.full_id == findings.front().rule) verdict.ground = rule.ground;
      }
    }
    if (binding_ != nullptr) verdict.binding = binding_->id;
    for (const Finding& finding : findings) {
      if (verdict.contributions.size() == 16) {
        ++verdict.contributions_more;
      } else {
        verdict.contributions.push_back({finding.reason, finding.outcome, finding.rule});
      }
    }
    for (const std::string& rule : rules) {
      if (verdict.rules.size() == 32) {
        ++verdict.rules_more;
      } else {
        verdict.rules.push_back(rule);
      }
    }
    for (const std::string& rule : errors) {
      if (verdict.errors.size() == 8) {
        ++verdict.errors_more;
      } else {
        verdict.errors.push_back(rule);
      }
    }
    verdict.obligations = ToJson(obligations);
    verdict.shadow_outcome = verdict.outcome;
    verdict.shadow_primary = verdict.primary;
    verdict.has_consent = reached_consent_;
    verdict.consent_bits = consent_bits_;
    verdict.basis_bits = basis_bits_;
    return verdict;
  }

  NamedVerdict Finish(NamedVerdict verdict) const {
    if (binding_->mode == BindingMode::kShadow && facts_.decision_time_us.has_value() &&
        *facts_.decision_time_us < *binding_->shadow_until_us) {
      verdict.mode = Mode::kShadow;
      verdict.is_released = true;
    }
    if (trace_ != nullptr) {
      trace_->steps.push_back(
          {11,
           "mode",
           verdict.is_released ? TraceStep::Result::kUnknown : TraceStep::Result::kPass,
           verdict.is_released ? fmt::format("binding `{}` is in shadow: the promotion goes out "
                                             "all the same",
                                             binding_->id)
                               : fmt::format("binding `{}` enforces", binding_->id),
           {}});
    }
    return verdict;
  }

  const Source& source_;
  const NamedFacts& facts_;
  Trace* const trace_;
  const Binding* binding_ = nullptr;
  std::optional<std::string> purpose_;
  std::vector<const NamedLineage*> lineages_;
  std::optional<naive::WhenReader> when_;
  std::vector<Finding> findings_;
  size_t told_ = 0;
  bool met_unknown_ = false;
  bool reached_consent_ = false;
  uint8_t consent_bits_ = 0;
  uint8_t basis_bits_ = 0;
};

}  // namespace

NamedVerdict EvaluateNaive(const Source& source, const NamedFacts& facts, Trace* trace) {
  return Oracle(source, facts, trace).Decide();
}

}  // namespace lineward::policy

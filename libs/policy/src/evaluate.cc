#include <algorithm>

#include "lineward/policy/policy_set.h"
#include "policy/src/combine.h"
#include "policy/src/compiled.h"
#include "policy/src/matches.h"
#include "policy/src/when_judge.h"

namespace lineward::policy {
namespace {

using base::BitSet256;

constexpr int64_t kMicrosPerSecond = 1'000'000;

// One evaluation: the steps of policy design, section 4, in order. Each adds what it found to the
// verdict; `is_unknown_` keeps rules from being judged on facts that are not known.
class Evaluation {
 public:
  Evaluation(const PolicySet::Impl& set, const Facts& facts, Scratch::Impl* scratch,
             Verdict* verdict) noexcept
      : set_(set),
        facts_(facts),
        scratch_(scratch),
        verdict_(verdict),
        judge_(set, facts, scratch) {}

  void Run() noexcept {
    if (facts_.is_malformed) {
      Contribute(verdict_, Reason::kMalformed, Outcome::kQuarantine);
      Settle(verdict_);
      SameShadow();
      return;
    }
    const bool goes_on = BindingStep() && FactsStep() && LineageStep();
    if (!goes_on) {
      Settle(verdict_);
      SameShadow();
      FinishMode();
      return;
    }
    PurposeStep();
    ConsentStep();
    PlaceStep();
    BreakerStep();
    const bool has_shadow = !is_unknown_ && binding_->has_shadow_rules;
    if (has_shadow) scratch_->shadow = *verdict_;
    RulesStep(RuleMode::kEnforce, verdict_);
    SameShadow();
    if (has_shadow) {
      RulesStep(RuleMode::kShadow, &scratch_->shadow);
      verdict_->shadow_outcome = scratch_->shadow.outcome;
      verdict_->shadow_primary = scratch_->shadow.primary;
    }
    FinishMode();
  }

 private:
  Outcome OnUnknown() const {
    return binding_->source->on_unknown_blocks ? Outcome::kBlock : Outcome::kQuarantine;
  }
  void Refuse(Reason reason, Outcome outcome = Outcome::kBlock) {
    Contribute(verdict_, reason, outcome);
  }
  void Unknown(Reason reason, Outcome outcome = Outcome::kQuarantine) {
    Contribute(verdict_, reason, outcome);
    is_unknown_ = true;
  }
  size_t purpose() const { return static_cast<size_t>(facts_.purpose.bit); }
  // Calls `f` for the model's lineage and that of the sources, if any.
  template <typename F>
  void ForEachLineage(F&& f) const {
    f(facts_.model->lineage);
    if (facts_.sources != nullptr) f(*facts_.sources);
  }

  // 1. The most specific binding; the selectors stand in that order.
  bool BindingStep() {
    for (const CompiledSelector& selector : set_.selectors) {
      const auto fits = [](uint32_t id, const Name& name) { return id == 0 || id == name.id; };
      if (!fits(selector.tenant, facts_.tenant) || !fits(selector.topic, facts_.topic) ||
          !fits(selector.surface, facts_.surface)) {
        continue;
      }
      if (set_.bindings[selector.binding].source->mode == BindingMode::kOff) break;
      binding_ = &set_.bindings[selector.binding];
      verdict_->binding = selector.binding;
      return true;
    }
    Refuse(Reason::kNoBinding, Outcome::kQuarantine);
    return false;
  }

  // 2. Facts complete and in range.
  bool FactsStep() {
    const bool has_times =
        facts_.decision_time_us != kAbsentTimeUs && facts_.event_time_us != kAbsentTimeUs;
    const auto& fields = set_.source.vocabulary.event_fields;
    bool is_complete = has_times && !facts_.purpose.text.empty();
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!fields[i].is_optional && (facts_.fields_present >> i & 1) == 0) is_complete = false;
    }
    if (!is_complete) Refuse(Reason::kFactMissing, Outcome::kQuarantine);
    if (has_times && !IsInRange()) Refuse(Reason::kFactOutOfRange, Outcome::kQuarantine);
    if (!facts_.purpose.text.empty() && !facts_.purpose.is_known()) {
      Refuse(Reason::kPurposeUnknown, Outcome::kQuarantine);
    }
    return verdict_->contribution_count == 0;
  }

  // Differences of times are taken in 128 bits: any two int64 are safe.
  bool IsInRange() const {
    const Binding& binding = *binding_->source;
    const __int128 ahead = static_cast<__int128>(facts_.event_time_us) - facts_.decision_time_us;
    if (ahead > static_cast<__int128>(binding.event_max_future_s) * kMicrosPerSecond) return false;
    return binding.event_max_age_s == 0 ||
           -ahead <= static_cast<__int128>(binding.event_max_age_s) * kMicrosPerSecond;
  }

  // 3. What stands behind the model; told whole before the decision stops.
  bool LineageStep() {
    const bool is_known =
        facts_.model != nullptr && facts_.model->lineage.status != LineageStatus::kUnknown;
    bool is_revoked = false;
    bool is_incomplete = false;
    const auto look = [&](const LineageFacts& lineage) {
      is_revoked |= lineage.status == LineageStatus::kRevoked;
      is_incomplete |=
          lineage.status == LineageStatus::kUnknown || lineage.incomplete.Has(purpose());
    };
    if (is_known) look(facts_.model->lineage);
    if (facts_.sources != nullptr) look(*facts_.sources);
    if (!is_known) Unknown(Reason::kModelUnknown, OnUnknown());
    if (!facts_.is_digest_ok) Unknown(Reason::kDigestMismatch, OnUnknown());
    if (is_revoked) Refuse(Reason::kModelRevoked);
    const bool goes_on = verdict_->contribution_count == 0;
    if (is_incomplete) Unknown(Reason::kLineageIncomplete, OnUnknown());
    return goes_on;
  }

  // 4. The declared purpose against the surface, the data and their retention.
  void PurposeStep() {
    if (!binding_->purposes.Has(purpose())) Refuse(Reason::kPurposeNotForSurface);
    bool is_allowed = true;
    bool is_expired = false;
    ForEachLineage([&](const LineageFacts& lineage) {
      is_allowed &= lineage.allowed.Has(purpose());
      is_expired |= lineage.retain_until_us <= facts_.decision_time_us;
    });
    if (!is_allowed) {
      Refuse(Reason::kPurposeNotAllowed);
    } else if (is_expired) {
      Refuse(Reason::kRetentionExpired);
    }
  }

  // 5. What the person must have agreed to, and has.
  void ConsentStep() {
    verdict_->has_consent = true;
    bool needs[kBases] = {};
    ForEachLineage([&](const LineageFacts& lineage) {
      for (size_t basis = 0; basis < kBases; ++basis) {
        needs[basis] |= lineage.basis[basis].Has(purpose());
      }
    });
    SetConsentBits();
    const auto consent_at = static_cast<size_t>(Basis::kConsent);
    const auto interest_at = static_cast<size_t>(Basis::kLegitimateInterest);
    const bool is_forbidden = binding_->legal_forbidden.Has(purpose());
    if (!is_forbidden && binding_->legal_consent.Has(purpose())) {
      for (bool& need : needs) need = false;
      needs[consent_at] = true;
    }
    for (size_t basis = 0; basis < kBases; ++basis) {
      if (needs[basis]) verdict_->basis_bits |= static_cast<uint8_t>(1u << basis);
    }
    const bool wants_interest = !is_forbidden && !binding_->legal_consent.Has(purpose()) &&
                                binding_->legal_interest.Has(purpose());
    if (is_forbidden || (wants_interest && !needs[interest_at])) {
      Refuse(Reason::kLegalForbidden);
      return;
    }
    JudgeConsent(needs[consent_at], needs[interest_at]);
  }

  void SetConsentBits() {
    uint8_t& bits = verdict_->consent_bits;
    if (!facts_.has_subject) {
      bits = kConsentAnonymousBit;
      return;
    }
    if (facts_.consent == nullptr) {
      bits = kConsentUnknownBit;
      return;
    }
    const ConsentFacts& consent = *facts_.consent;
    const bool is_stale = consent.age_ms > binding_->source->consent_max_age_ms;
    if (consent.granted.Has(purpose())) bits |= kConsentGrantedBit;
    if (consent.withdrawn.Has(purpose())) bits |= kConsentWithdrawnBit;
    if (consent.objected.Has(purpose())) bits |= kConsentObjectedBit;
    if (consent.is_erased) bits |= kConsentErasedBit;
    if (is_stale) bits |= kConsentStaleBit;
    if (!is_stale && !consent.is_erased && consent.is_before_record) bits |= kConsentUnknownBit;
  }

  void JudgeConsent(bool needs_consent, bool needs_interest) {
    if (!needs_consent && !needs_interest) return;
    if (!facts_.has_subject) {
      if (needs_consent) Refuse(Reason::kConsentMissing);
      return;
    }
    if (facts_.consent == nullptr) {
      Unknown(Reason::kConsentUnknown);
      return;
    }
    const uint8_t bits = verdict_->consent_bits;
    if (bits & kConsentStaleBit) Unknown(Reason::kConsentStale);
    if (bits & kConsentErasedBit) Refuse(Reason::kSubjectErased);
    if (bits & kConsentUnknownBit) Unknown(Reason::kConsentUnknown);
    if (bits & (kConsentStaleBit | kConsentErasedBit | kConsentUnknownBit)) return;
    if (needs_consent && !(bits & kConsentGrantedBit)) {
      Refuse(bits & kConsentWithdrawnBit ? Reason::kConsentWithdrawn : Reason::kConsentMissing);
    }
    if (needs_interest && (bits & kConsentObjectedBit)) Refuse(Reason::kConsentObjected);
  }

  // 6. Where the data may be processed.
  void PlaceStep() {
    bool has_regions = false;
    bool is_outside = false;
    ForEachLineage([&](const LineageFacts& lineage) {
      has_regions |= !lineage.regions.empty();
      for (const PlaceSet& region : lineage.regions) {
        // An empty list allows no place, known or not.
        const bool is_nowhere = region == PlaceSet{};
        is_outside |= is_nowhere || (facts_.processing_place != kUnknownPlace &&
                                     !region.Has(facts_.processing_place));
      }
    });
    if (is_outside) Refuse(Reason::kTransferForbidden);
    if (has_regions && facts_.processing_place == kUnknownPlace) Unknown(Reason::kPlaceUnknown);
  }

  // 7. What the breakers say.
  void BreakerStep() {
    if (facts_.breaker == nullptr) return;
    if (facts_.breaker->is_unavailable) {
      Unknown(Reason::kEngineUnavailable,
              binding_->source->on_unavailable_blocks ? Outcome::kBlock : Outcome::kQuarantine);
    } else if (facts_.breaker->outcome != Outcome::kAllow) {
      Refuse(Reason::kBreakerOpen, facts_.breaker->outcome);
    }
  }

  // 8 and 9, for the rules of at least `mode`.
  void RulesStep(RuleMode mode, Verdict* verdict) noexcept {
    std::vector<const InternedObligation*>& gathered = scratch_->gathered;
    gathered.clear();
    if (!is_unknown_) {
      for (const BoundRule& bound : binding_->forbids) {
        const CompiledRule& rule = set_.rules[bound.rule];
        if (bound.mode < mode || !Applies(rule, facts_)) continue;
        const Truth truth = judge_.Of(rule, *binding_->source);
        if (truth == Truth::kNo) continue;
        if (truth == Truth::kFailed) AddError(verdict, bound.rule, Effect::kForbid);
        Contribute(verdict, truth == Truth::kFailed ? Reason::kRuleError : Reason::kRuleForbid,
                   rule.source->is_block ? Outcome::kBlock : Outcome::kQuarantine, bound.rule);
        AddRule(verdict, bound.rule);
        Gather(rule.obligations);
      }
      JudgePermits(mode, verdict);
    }
    GatherOthers();
    if (OutcomeSoFar(*verdict) != Outcome::kAllow) {
      MergeObligations(&gathered, &set_.no_train, verdict);
      Settle(verdict);
      return;
    }
    const Merged merged = MergeObligations(&gathered, &set_.no_train, verdict);
    if (merged.has_conflict || merged.has_overflow) {
      Contribute(verdict, Reason::kObligationConflict, Outcome::kQuarantine);
    }
    for (size_t i = 0; i < verdict->obligation_count; ++i) {
      const ObligationType type = verdict->obligations[i]->obligation.type;
      if (type == ObligationType::kLog || type == ObligationType::kNotify) continue;
      if (binding_->discharges >> static_cast<unsigned>(type) & 1) continue;
      Contribute(verdict, Reason::kObligationUnsupported, Outcome::kBlock);
    }
    if (OutcomeSoFar(*verdict) != Outcome::kAllow) {
      verdict->obligation_count = 0;
      verdict->obligations = {};
      verdict->redact_fields = {};
      verdict->rule_count = 0;
      verdict->rules = {};
      verdict->rules_more = 0;
    }
    Settle(verdict);
  }

  // Permits contribute whatever the outcome; they determine an ALLOW only.
  void JudgePermits(RuleMode mode, Verdict* verdict) noexcept {
    const bool is_refused = OutcomeSoFar(*verdict) != Outcome::kAllow;
    bool is_permitted = false;
    for (const BoundRule& bound : binding_->permits) {
      const CompiledRule& rule = set_.rules[bound.rule];
      if (bound.mode < mode || !Applies(rule, facts_)) continue;
      const Truth truth = judge_.Of(rule, *binding_->source);
      if (truth == Truth::kFailed) AddError(verdict, bound.rule, Effect::kPermit);
      if (truth != Truth::kYes) continue;
      is_permitted = true;
      Contribute(verdict, Reason::kPermitted, Outcome::kAllow, bound.rule);
      if (is_refused) continue;
      AddRule(verdict, bound.rule);
      Gather(rule.obligations);
    }
    if (!is_permitted) Contribute(verdict, Reason::kDefaultDeny, Outcome::kBlock);
  }

  void Gather(const std::vector<const InternedObligation*>& obligations) noexcept {
    for (const InternedObligation* obligation : obligations) {
      scratch_->gathered.push_back(obligation);
    }
  }

  // Obligations of compatible use and of the breaker.
  void GatherOthers() noexcept {
    ForEachLineage([&](const LineageFacts& lineage) {
      if (!lineage.compatible.Has(purpose())) return;
      for (uint16_t edge : lineage.edges) {
        if (set_.edges[edge].to == purpose()) Gather(set_.edges[edge].obligations);
      }
    });
    if (facts_.breaker == nullptr || facts_.breaker->is_unavailable) return;
    for (const InternedObligation& obligation : facts_.breaker->obligations) {
      scratch_->gathered.push_back(&obligation);
    }
  }

  // Outcome, primary reason and ground from the contributions.
  void Settle(Verdict* verdict) const noexcept {
    const Contribution& first = verdict->contributions[0];
    verdict->outcome = first.outcome;
    verdict->primary = first.reason;
    verdict->original_outcome = first.outcome;
    verdict->ground =
        first.rule == kNoRule ? Ground::kPurpose : set_.rules[first.rule].source->ground;
  }

  void SameShadow() noexcept {
    verdict_->shadow_outcome = verdict_->outcome;
    verdict_->shadow_primary = verdict_->primary;
  }

  // 11. A binding in shadow keeps its outcome and is released all the same, until its end.
  void FinishMode() noexcept {
    if (binding_ == nullptr || binding_->source->mode != BindingMode::kShadow) return;
    if (facts_.decision_time_us == kAbsentTimeUs ||
        facts_.decision_time_us >= *binding_->source->shadow_until_us) {
      return;
    }
    verdict_->mode = Mode::kShadow;
    verdict_->is_released = true;
  }

  const PolicySet::Impl& set_;
  const Facts& facts_;
  Scratch::Impl* const scratch_;
  Verdict* const verdict_;
  WhenJudge judge_;
  const CompiledBinding* binding_ = nullptr;
  bool is_unknown_ = false;
};

}  // namespace

Scratch::Scratch() : impl_(std::make_unique<Impl>()) {
  impl_->gathered.reserve(kGatheredMax);
  impl_->results.resize(kRulesMax);
}
Scratch::~Scratch() = default;
Scratch::Scratch(Scratch&&) noexcept = default;
Scratch& Scratch::operator=(Scratch&&) noexcept = default;

void PolicySet::Evaluate(const Facts& facts, Scratch* scratch, Verdict* verdict) const noexcept {
  *verdict = Verdict{};
  Evaluation(*impl_, facts, scratch->impl_.get(), verdict).Run();
}

}  // namespace lineward::policy

#include "policy/src/combine.h"

#include <algorithm>
#include <tuple>

namespace lineward::policy {
namespace {

// `kNoRule` sorts first, as the empty text does.
uint32_t RuleRank(RuleIndex rule) { return rule == kNoRule ? 0 : uint32_t{rule} + 1; }

bool Before(const Contribution& a, const Contribution& b) {
  return std::tuple(-static_cast<int>(a.outcome), a.reason, RuleRank(a.rule)) <
         std::tuple(-static_cast<int>(b.outcome), b.reason, RuleRank(b.rule));
}

using Gathered = const InternedObligation*;

// Of the labels of one key, [first, last): the strictest if all are in its order.
struct LabelGroup {
  Gathered strictest = nullptr;
  bool has_conflict = false;
};

LabelGroup JudgeLabels(const Gathered* first, const Gathered* last) {
  LabelGroup group{*first, false};
  bool all_ranked = true;
  bool differ = false;
  for (const Gathered* label = first; label != last; ++label) {
    all_ranked = all_ranked && (*label)->label_rank >= 0;
    differ = differ || (*label)->obligation.value != (*first)->obligation.value;
    if ((*label)->label_rank > group.strictest->label_rank) group.strictest = *label;
  }
  group.has_conflict = differ && !all_ranked;
  return group;
}

}  // namespace

void Contribute(Verdict* verdict, Reason reason, Outcome outcome, RuleIndex rule) noexcept {
  const Contribution contribution{reason, outcome, rule};
  auto* const begin = verdict->contributions.data();
  auto* const end = begin + verdict->contribution_count;
  auto* const at = std::lower_bound(begin, end, contribution, Before);
  if (at != end && *at == contribution) return;
  const bool is_full = verdict->contribution_count == kContributionsMax;
  if (is_full) ++verdict->contributions_more;
  if (is_full && at == end) return;
  if (!is_full) ++verdict->contribution_count;
  std::move_backward(at, is_full ? end - 1 : end, begin + verdict->contribution_count);
  *at = contribution;
}

Outcome OutcomeSoFar(const Verdict& verdict) noexcept {
  return verdict.contribution_count == 0 ? Outcome::kAllow : verdict.contributions[0].outcome;
}

void AddRule(Verdict* verdict, RuleIndex rule) noexcept {
  if (verdict->rule_count == kDeterminingRulesMax) {
    ++verdict->rules_more;
  } else {
    verdict->rules[verdict->rule_count++] = rule;
  }
}

void AddError(Verdict* verdict, RuleIndex rule, Effect effect) noexcept {
  auto* const begin = verdict->errors.data();
  auto* const end = begin + verdict->error_count;
  auto* const at = std::lower_bound(begin, end, rule);
  if (at != end && *at == rule) return;
  ++verdict->errors_by_effect[static_cast<size_t>(effect)];
  const bool is_full = verdict->error_count == kRuleErrorsMax;
  if (is_full) ++verdict->errors_more;
  if (is_full && at == end) return;
  if (!is_full) ++verdict->error_count;
  std::move_backward(at, is_full ? end - 1 : end, begin + verdict->error_count);
  *at = rule;
}

Merged MergeObligations(std::vector<const InternedObligation*>* gathered,
                        const InternedObligation* no_train, Verdict* verdict) noexcept {
  const auto is_degrade = [](Gathered g) {
    return g->obligation.type == ObligationType::kDegradeNonPersonalised;
  };
  if (std::any_of(gathered->begin(), gathered->end(), is_degrade)) gathered->push_back(no_train);
  std::sort(gathered->begin(), gathered->end(),
            [](Gathered a, Gathered b) { return a != b && a->json < b->json; });
  Gathered log = nullptr, delay = nullptr, ttl = nullptr, redact = nullptr;
  for (Gathered g : *gathered) {
    switch (g->obligation.type) {
      case ObligationType::kLog:
        if (log == nullptr || g->obligation.is_full) log = g;
        break;
      case ObligationType::kDelay:
        if (delay == nullptr || g->obligation.seconds > delay->obligation.seconds) delay = g;
        break;
      case ObligationType::kTtl:
        if (ttl == nullptr || g->obligation.seconds < ttl->obligation.seconds) ttl = g;
        break;
      case ObligationType::kRedact:
        if (redact == nullptr) redact = g;
        verdict->redact_fields |= g->fields;
        break;
      case ObligationType::kNotify:
      case ObligationType::kDegradeNonPersonalised:
      case ObligationType::kNoTrain:
      case ObligationType::kLabel:
        break;
    }
  }
  Merged merged;
  const auto keep = [&](Gathered g) {
    const uint16_t count = verdict->obligation_count;
    if (count > 0 && verdict->obligations[count - 1]->json == g->json) return;
    if (count == kObligationsMax) {
      merged.has_overflow = true;
    } else {
      verdict->obligations[verdict->obligation_count++] = g;
    }
  };
  const Gathered* const end = gathered->data() + gathered->size();
  for (const Gathered* at = gathered->data(); at != end; ++at) {
    switch ((*at)->obligation.type) {
      case ObligationType::kLog:
        if (*at == log) keep(*at);
        break;
      case ObligationType::kDelay:
        if (*at == delay) keep(*at);
        break;
      case ObligationType::kTtl:
        if (*at == ttl) keep(*at);
        break;
      case ObligationType::kRedact:
        if (*at == redact) keep(*at);
        break;
      case ObligationType::kNotify:
      case ObligationType::kDegradeNonPersonalised:
      case ObligationType::kNoTrain:
        keep(*at);
        break;
      case ObligationType::kLabel: {
        const Gathered* last = at;
        while (last != end && (*last)->obligation.type == ObligationType::kLabel &&
               (*last)->obligation.key == (*at)->obligation.key) {
          ++last;
        }
        const LabelGroup group = JudgeLabels(at, last);
        merged.has_conflict |= group.has_conflict;
        for (; at != last; ++at) {
          if (group.has_conflict || *at == group.strictest) keep(*at);
        }
        --at;
        break;
      }
    }
  }
  return merged;
}

}  // namespace lineward::policy

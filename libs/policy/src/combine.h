#pragma once

// How findings become a verdict: outcome, primary reason, the fixed order of contributions, merged
// obligations. Pure, no allocation.

#include <cstdint>
#include <vector>

#include "lineward/policy/verdict.h"
#include "policy/src/compiled.h"

namespace lineward::policy {

// Puts a contribution at its place: by outcome descending, code, rule (none first). One that is
// there already is not added again.
void Contribute(Verdict* verdict, Reason reason, Outcome outcome,
                RuleIndex rule = kNoRule) noexcept;

// The most severe outcome so far; ALLOW if nothing contributed.
Outcome OutcomeSoFar(const Verdict& verdict) noexcept;

void AddRule(Verdict* verdict, RuleIndex rule) noexcept;

// Adds a rule whose `when` failed, once, at its place; of too many the last are only counted.
void AddError(Verdict* verdict, RuleIndex rule, Effect effect) noexcept;

struct Merged {
  bool has_conflict = false;  // labels that differ without an order
  bool has_overflow = false;  // more than 16
};

// Merges what was gathered into the verdict's sorted list; `gathered` is sorted in place. A
// degraded promotion gets `no_train`, which must have room in `gathered`.
Merged MergeObligations(std::vector<const InternedObligation*>* gathered,
                        const InternedObligation* no_train, Verdict* verdict) noexcept;

}  // namespace lineward::policy

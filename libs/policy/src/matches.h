#pragma once

// Whether a rule's keys hold for facts. Pure, no allocation.

#include "lineward/policy/facts.h"
#include "policy/src/compiled.h"

namespace lineward::policy {

// How unknown keys count and how two places are read: leniently in a forbid's `match` and a
// permit's `unless` (unknown matches, one place is enough), strictly in the other two.
enum class Reading : uint8_t { kStrict, kLenient };

// Whether a field that is there has what the condition asks; of an absent one what `reading` says.
bool HoldsCondition(const CompiledCondition& condition, const Facts& facts,
                    Reading reading) noexcept;

// Whether some of `wanted` stands in the data of model or sources: `of` is categories or labels.
bool HoldsData(const base::BitSet256& wanted, const base::BitSet256 LineageFacts::* of,
               const Facts& facts) noexcept;

// All present keys hold.
bool Holds(const CompiledMatch& match, const Facts& facts, Reading reading) noexcept;

// The rule applies: `match` holds (or is absent) and `unless` does not.
bool Applies(const CompiledRule& rule, const Facts& facts) noexcept;

}  // namespace lineward::policy

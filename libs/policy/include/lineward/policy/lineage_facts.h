#pragma once

// From the records of a lineage closure to the facts of one policy set: the intersection of what
// each record allows, the union of what each brings along. `lineage` says which records are behind
// a model; `control` calls this when facts, set or time boundary change. Pure, any thread.

#include <cstdint>
#include <span>

#include "lineward/policy/facts.h"
#include "lineward/policy/policy_set.h"

namespace lineward::policy {

// `train` = C(m) with m's own record, `evaluate` = E(m); `is_revoked` and the model's state come in
// the declarations. No dataset in `train` makes it incomplete for every purpose. Name, version and
// the other members of `ModelFacts` are the caller's. Result status: kKnown or kRevoked.
LineageFacts CombineModel(const PolicySet& set, std::span<const DatasetUse> train,
                          std::span<const DatasetUse> evaluate, int64_t time_us);

// The closures of all serve-time sources together, under SERVE, and PROFILE for a profiling model.
// `is_unknown`: some source has no facts.
SourceFacts CombineSources(const PolicySet& set, std::span<const DatasetUse> uses,
                           bool is_profiling, bool is_unknown, int64_t time_us);

}  // namespace lineward::policy

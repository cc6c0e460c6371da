#pragma once

// The facts of one test case twice: in bits for the compiled path, by names for the oracle. Owns
// what `facts` points to, so it stays where it was made. Not thread-safe.

#include <deque>
#include <string>
#include <vector>

#include "lineward/policy/naive.h"
#include "lineward/policy/policy_set.h"
#include "policy/src/naive_names.h"

namespace lineward::policy {

struct CaseFacts {
  CaseFacts() = default;
  CaseFacts(const CaseFacts&) = delete;
  CaseFacts& operator=(const CaseFacts&) = delete;

  NamedFacts named;
  Facts facts;
  ModelFacts model;
  SourceFacts sources;
  ConsentFacts consent;
  BreakerFacts breaker;
  std::deque<Declaration> declarations;
};

// Fills the members of `facts` that follow from `named`: all but model, sources, consent and
// breaker facts, which the caller has put into both forms; null where `named` has none.
void FillFacts(const PolicySet& set, CaseFacts* facts);

// Both together, as serve-time sources are: intersection of what is allowed, union of the rest.
void MergeLineage(const LineageFacts& more, LineageFacts* into);
void MergeLineage(const NamedLineage& more, NamedLineage* into);

// A model's lineage by sets of purposes, from the names of an oracle's: every purpose and name in
// it must be of the set.
LineageFacts InternLineage(const PolicySet& set, const NamedLineage& named);

}  // namespace lineward::policy

#pragma once

// A proposed policy set: parsed, compiled, tested, cut into records. Pure.

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lineward/control/policy_records.h"
#include "lineward/document/json.h"
#include "lineward/policy/policy_set.h"
#include "lineward/registry/items.h"

namespace lineward::registry {

struct ProposedSet {
  std::shared_ptr<const policy::PolicySet> set;
  std::vector<std::string> warnings;
  size_t tests_passed = 0;
  std::string base_id;  // as the caller gave it; empty: not given
};

// From the body of `policySets:propose`. INVALID_ARGUMENT: INVALID_FIELD, or POLICY_SET_INVALID
// with every finding and failed test as a violation.
absl::StatusOr<ProposedSet> ReadProposal(const document::Json& body);

// Records of `lineward.policies` that put the set in force, the head last.
std::vector<std::pair<std::string, std::string>> RecordsOf(const ProposedSet& proposed,
                                                           control::PolicyHead head);

// Purposes by the taxonomy of `set`.
PurposeLookup LookupOf(std::shared_ptr<const policy::PolicySet> set);

}  // namespace lineward::registry

#pragma once

// From checked items to facts: references are resolved, versions numbered, what exists is compared,
// and everything is tried on the draft state. Owned by the writer's thread.

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "lineward/registry/fact.h"
#include "lineward/registry/items.h"
#include "lineward/registry/state.h"

namespace lineward::registry {

struct PlannedItem {
  std::string name;  // resource name
  bool is_created = false;
  std::vector<std::string> warnings;
};

struct PlannedFact {
  Fact fact;
  std::string bytes;
};

struct Plan {
  std::vector<PlannedItem> items;  // in the order of the request
  std::vector<PlannedFact> facts;  // already applied to the draft
};

struct PlanContext {
  std::string actor;
  std::string request_id = {};
  Origin origin = Origin::kNative;
  int64_t now_us = 0;
};

// The fact that follows the draft's newest, stamped and encoded, and applied to it.
absl::StatusOr<PlannedFact> AppendFact(State* draft, Fact fact, int64_t now_us);

// Stages `items` on `draft`, all or nothing: after an error the caller rolls back. NOT_FOUND with
// the reason of the missing kind; ALREADY_EXISTS (CONTENT_CONFLICT) naming the fields;
// FAILED_PRECONDITION (LINEAGE_CYCLE, LOOSENING_UNSUPPORTED); RESOURCE_EXHAUSTED.
absl::StatusOr<Plan> PlanItems(State* draft, std::vector<Item> items, const PlanContext& context);

}  // namespace lineward::registry

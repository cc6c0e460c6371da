#pragma once

// Entities as JSON for answers. Pure; the caller holds the state still.

#include "lineward/document/json.h"
#include "lineward/registry/state.h"

namespace lineward::registry {

// The fields as stated, with `name` (resource), `registry_seq`, `etag`, `recorded_at`, `actor`; of
// a dataset its versions and whether it is undeclared, of a model its versions and aliases, of a
// model version its state, flags and the datasets behind it.
document::Json ViewOf(const State& state, const Entity& entity);

// `"<seq>"`.
std::string EtagOf(const Entity& entity);

}  // namespace lineward::registry

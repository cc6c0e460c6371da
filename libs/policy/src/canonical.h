#pragma once

// Canonical bytes of a set (policy-files design, section 6). Pure.

#include <string>

#include "lineward/document/json.h"
#include "lineward/policy/source.h"

namespace lineward::policy {

// Sorts edges, policies, rules and bindings of `source` by their bytes and returns the whole.
std::string Canonicalise(Source* source);

}  // namespace lineward::policy

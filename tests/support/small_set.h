#pragma once

// The small policy set of tests around the gate: purposes Purpose ( News ( Sports ), Ads ) of
// `x-t:`, one rule `p@1/all` for all of them, one binding `b` for the surface `home`.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/policy/source.h"

namespace lineward::support {

struct SmallSetOptions {
  std::string_view effect = "permit";
  std::string_view owner = "team";  // tells two sets apart
  int64_t consent_max_age_ms = 60'000;
  std::string_view binding_keys = "";  // more of them, as `, key: value`
};

// Stops the process if the set is refused.
policy::Source SmallSet(const SmallSetOptions& options = {});

// The records of `lineward.policies` that publish a set made at `created_us`: chunks, then the
// head.
std::vector<std::pair<std::string, std::string>> PolicyRecords(const std::string& canonical,
                                                               uint64_t epoch, int64_t created_us);

}  // namespace lineward::support

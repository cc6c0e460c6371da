#pragma once

// Request targets: split at `/`, `?` and `&` first, decoded afterwards, so `%2F` is data. Pure
// functions, any thread. Percent-encoding itself: lineward/control/names.h.

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lineward::http {

struct Target {
  // Raw segments without the leading `/`, still encoded; `/` alone is one empty segment.
  std::vector<std::string_view> segments;
  // After the last unencoded `:` of the last segment, which is then cut off it; empty if none.
  std::string_view verb;
  // Decoded, in order of appearance. In a query a `+` stands for a space.
  std::vector<std::pair<std::string, std::string>> query;
};

// Views point into `target`. INVALID_ARGUMENT `REQUEST_MALFORMED`: not in origin form, a broken
// escape in the query, a fragment, more than 100 query parameters.
absl::StatusOr<Target> ParseTarget(std::string_view target);

}  // namespace lineward::http

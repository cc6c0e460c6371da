#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "lineward/policy/source.h"

namespace lineward::cli {

// The YAML files below `folder`, by path relative to it, sorted. NOT_FOUND (FILE_NOT_FOUND);
// INVALID_ARGUMENT (USAGE) if there are none, or more than a set may have.
absl::StatusOr<std::vector<policy::SourceFile>> ReadPolicyFolder(const std::string& folder);

}  // namespace lineward::cli

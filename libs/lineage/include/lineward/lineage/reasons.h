#pragma once

// Reasons of this lib's statuses; docs/errors.md explains each.

#include <string_view>

namespace lineward::lineage {

inline constexpr std::string_view kInvalidField = "INVALID_FIELD";
inline constexpr std::string_view kLineageTooLarge = "LINEAGE_TOO_LARGE";

}  // namespace lineward::lineage

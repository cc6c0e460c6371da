#pragma once

// Reasons of this lib's errors (docs/errors.md).

#include <string_view>

namespace lineward::config {

inline constexpr std::string_view kConfigInvalid = "CONFIG_INVALID";

}  // namespace lineward::config

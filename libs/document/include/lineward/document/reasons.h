#pragma once

// Reasons of this lib's errors (docs/errors.md).

#include <string_view>

namespace lineward::document {

inline constexpr std::string_view kYamlInvalid = "YAML_INVALID";
inline constexpr std::string_view kJsonInvalid = "JSON_INVALID";

}  // namespace lineward::document

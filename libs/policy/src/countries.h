#pragma once

// The officially assigned ISO 3166-1 alpha-2 codes, sorted: 249 of them. Any thread.

#include <cstddef>
#include <optional>
#include <string_view>

namespace lineward::policy {

inline constexpr size_t kCountries = 249;

// Index of an assigned code, and the code of an index.
std::optional<size_t> CountryIndex(std::string_view code);
std::string_view CountryCode(size_t index);

}  // namespace lineward::policy

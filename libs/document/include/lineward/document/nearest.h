#pragma once

// The nearest known names for a word that is not known. Pure functions, any thread.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lineward::document {

// Farther than this a name is no help.
inline constexpr size_t kNearestDistanceMax = 3;
inline constexpr size_t kNearestNamesMax = 3;

// Levenshtein distance over bytes; anything above `limit` is told as limit + 1.
size_t EditDistance(std::string_view a, std::string_view b, size_t limit = kNearestDistanceMax);

// Up to `kNearestNamesMax` of `names` within `kNearestDistanceMax` of `word`, nearest first,
// equally near ones bytewise; a name as far away as the word is long is left out.
std::vector<std::string> Nearest(std::string_view word, std::span<const std::string> names);
std::vector<std::string> Nearest(std::string_view word, std::span<const std::string_view> names);

// " (nearest: `a`, `b`)" to end a message with, or empty if nothing is near.
std::string NearestHint(std::string_view word, std::span<const std::string> names);
std::string NearestHint(std::string_view word, std::span<const std::string_view> names);

}  // namespace lineward::document

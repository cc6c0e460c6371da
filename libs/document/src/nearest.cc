#include "lineward/document/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace lineward::document {
namespace {

template <typename Name>
std::vector<std::string> NearestOf(std::string_view word, std::span<const Name> names) {
  std::vector<std::pair<size_t, std::string_view>> near;
  for (const Name& name : names) {
    const size_t distance = EditDistance(word, name);
    if (distance <= kNearestDistanceMax && distance < std::max(word.size(), size_t{1})) {
      near.emplace_back(distance, name);
    }
  }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  std::vector<std::string> found;
  for (const auto& [distance, name] : near) {
    if (found.size() == kNearestNamesMax) break;
    found.emplace_back(name);
  }
  return found;
}

std::string HintOf(const std::vector<std::string>& found) {
  if (found.empty()) return "";
  std::string hint = " (nearest: ";
  for (size_t i = 0; i < found.size(); ++i) {
    hint += fmt::format("{}`{}`", i == 0 ? "" : ", ", found[i]);
  }
  return hint + ")";
}

}  // namespace

size_t EditDistance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  std::vector<size_t> row(a.size() + 1);
  for (size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (size_t j = 1; j <= b.size(); ++j) {
    size_t diagonal = row[0];
    row[0] = j;
    size_t least = row[0];
    for (size_t i = 1; i <= a.size(); ++i) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[i];
      row[i] = std::min({replaced, row[i] + 1, row[i - 1] + 1});
      least = std::min(least, row[i]);
    }
    if (least > limit) return limit + 1;
  }
  return std::min(row[a.size()], limit + 1);
}

std::vector<std::string> Nearest(std::string_view word, std::span<const std::string> names) {
  return NearestOf(word, names);
}

std::vector<std::string> Nearest(std::string_view word, std::span<const std::string_view> names) {
  return NearestOf(word, names);
}

std::string NearestHint(std::string_view word, std::span<const std::string> names) {
  return HintOf(Nearest(word, names));
}

std::string NearestHint(std::string_view word, std::span<const std::string_view> names) {
  return HintOf(Nearest(word, names));
}

}  // namespace lineward::document

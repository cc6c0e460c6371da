#include "policy/src/cel/problem.h"

#include <fmt/format.h>

#include <algorithm>

namespace lineward::policy::cel {

document::Place PlaceOf(std::string_view source, uint32_t offset) {
  const std::string_view before = source.substr(0, std::min<size_t>(offset, source.size()));
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
  return {static_cast<uint32_t>(1 + std::count(before.begin(), before.end(), '\n')),
          static_cast<uint32_t>(1 + before.size() - line_start)};
}

size_t OffsetOf(std::string_view source, document::Place place) {
  size_t line_start = 0;
  for (uint32_t line = 1; line < place.line; ++line) {
    line_start = source.find('\n', line_start) + 1;  // npos + 1 is 0: there is no such line
  }
  return std::min<size_t>(line_start + place.column - 1, source.size());
}

std::string ToText(const Problem& problem) {
  return fmt::format("{}:{}: {}", problem.place.line, problem.place.column, problem.message);
}

}  // namespace lineward::policy::cel

#include "lineward/policy/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace lineward::policy {

void Findings::Error(uint16_t code, std::string_view file, document::Place place,
                     std::string message, std::string_view rule) {
  list.push_back(
      {code, Level::kError, std::string(file), place, std::string(rule), std::move(message)});
}

void Findings::Warn(uint16_t code, std::string_view file, document::Place place,
                    std::string message, std::string_view rule) {
  list.push_back(
      {code, Level::kWarning, std::string(file), place, std::string(rule), std::move(message)});
}

bool Findings::has_errors() const { return error_count() > 0; }

size_t Findings::error_count() const {
  return static_cast<size_t>(std::count_if(
      list.begin(), list.end(), [](const Finding& f) { return f.level == Level::kError; }));
}

std::vector<Finding> Findings::Sorted() const {
  std::vector<Finding> sorted = list;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.file, a.place, a.code, a.message) <
           std::tie(b.file, b.place, b.code, b.message);
  });
  return sorted;
}

std::string ToText(const Finding& finding) {
  std::string text;
  if (!finding.file.empty()) text += finding.file + ":";
  if (finding.place.line > 0) {
    text += fmt::format("{}:{}:", finding.place.line, finding.place.column);
  }
  if (!text.empty()) text += " ";
  text += fmt::format("{}LP{}: ", finding.level == Level::kWarning ? "warning " : "", finding.code);
  if (!finding.rule.empty()) text += fmt::format("rule `{}`: ", finding.rule);
  return text + finding.message;
}

}  // namespace lineward::policy

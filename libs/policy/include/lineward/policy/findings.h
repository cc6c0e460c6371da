#pragma once

// What is wrong, or looks wrong, in policy files: all of it at once, each with its place. Values.

#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/place.h"

namespace lineward::policy {

enum class Level : uint8_t { kError, kWarning };

// The codes of policy design, section 11; `LP101` and so on.
struct Finding {
  uint16_t code = 101;
  Level level = Level::kError;
  std::string file;
  document::Place place;
  std::string rule;     // full id, if it is about one rule
  std::string message;  // lower-case, nearest names included
};

// Findings in the order found; `Sorted` gives them by file, place, code.
struct Findings {
  std::vector<Finding> list;

  void Error(uint16_t code, std::string_view file, document::Place place, std::string message,
             std::string_view rule = "");
  void Warn(uint16_t code, std::string_view file, document::Place place, std::string message,
            std::string_view rule = "");
  bool has_errors() const;
  size_t error_count() const;
  std::vector<Finding> Sorted() const;
};

// `recs.yaml:14:9: LP102: unknown purpose ...`.
std::string ToText(const Finding& finding);

}  // namespace lineward::policy

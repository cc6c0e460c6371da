#pragma once

// Where something stands in a file: line and column count from 1, the column in bytes. A value.

#include <cstdint>

namespace lineward::document {

struct Place {
  uint32_t line = 0;
  uint32_t column = 0;

  friend bool operator==(const Place&, const Place&) = default;
  friend auto operator<=>(const Place&, const Place&) = default;
};

}  // namespace lineward::document

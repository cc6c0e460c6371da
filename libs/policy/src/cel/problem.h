#pragma once

// What is wrong with an expression, with its place. Values; any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/place.h"

namespace lineward::policy::cel {

// The codes of policy design, section 11.
inline constexpr uint16_t kNotAnExpression = 106;  // cannot be parsed or typed, or is not bool
inline constexpr uint16_t kOutsideProfile = 107;
inline constexpr uint16_t kUnguardedOptional = 108;
inline constexpr uint16_t kInvalidRegex = 109;

struct Problem {
  uint16_t code = kNotAnExpression;
  document::Place place;  // in the expression: its first byte is 1:1
  std::string message;    // lower-case, nearest names included
};

using Problems = std::vector<Problem>;

// Line and column, both from 1, the column in bytes, of the byte `offset` of `source`.
document::Place PlaceOf(std::string_view source, uint32_t offset);

// And back: the byte of `source` at a place that `PlaceOf` gave.
size_t OffsetOf(std::string_view source, document::Place place);

// `1:14: unknown name ...`.
std::string ToText(const Problem& problem);

}  // namespace lineward::policy::cel

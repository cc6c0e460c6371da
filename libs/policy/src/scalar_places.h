#pragma once

// From a byte of a YAML scalar's text back to where it stands in the file: what is wrong inside an
// expression is told by file, line and column. Pure; any thread.

#include <cstddef>
#include <string_view>

#include "lineward/document/place.h"

namespace lineward::policy {

// The place of byte `offset` of `text`, the value of the scalar that begins at `start` of `file`:
// plain, quoted or a block, folded or not. `start` if `file` does not hold that text there.
document::Place PlaceInScalar(std::string_view file, document::Place start, std::string_view text,
                              size_t offset);

}  // namespace lineward::policy

#pragma once

// Reads the raw sections of a block into columns. Private to decision.

#include <absl/status/status.h>

#include <deque>
#include <string>
#include <string_view>

#include "lineward/decision/block.h"
#include "lineward/decision/columns.h"
#include "lineward/decision/header.h"

namespace lineward::decision {

// Values that do not stand in the section as they are shown go to `owned`; both it and `raw` must
// outlive the columns. INVALID_ARGUMENT `BLOCK_UNDECODABLE` or `ROW_FORMAT_UNKNOWN`.
absl::Status ReadScan(const BlockHeader& header, const Limits& limits, std::string_view raw,
                      std::deque<std::string>* owned, ScanColumns* scan);
absl::Status ReadIdent(const BlockHeader& header, const Limits& limits, std::string_view raw,
                       const ScanColumns& scan, std::deque<std::string>* owned,
                       IdentColumns* ident);

}  // namespace lineward::decision

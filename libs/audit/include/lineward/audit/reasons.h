#pragma once

// Reasons of `audit`; each has a section in docs/errors.md.

#include <string_view>

namespace lineward::audit {

// A log entry breaks the grammar of its kind, or a name the rules for names.
inline constexpr std::string_view kLogEntryInvalid = "LOG_ENTRY_INVALID";
// A store gave fewer hashes of a log than its size promises (DATA_LOSS).
inline constexpr std::string_view kLogHashesMissing = "LOG_HASHES_MISSING";

}  // namespace lineward::audit

#pragma once

// Reasons of decision; each has its section in docs/errors.md.

namespace lineward::decision {

// A block breaks the grammar of its format or one of its limits.
inline constexpr char kBlockUndecodable[] = "BLOCK_UNDECODABLE";
// A block uses a column, encoding, section or row format that this build does not know.
inline constexpr char kRowFormatUnknown[] = "ROW_FORMAT_UNKNOWN";
// The rows of a block do not hash to the root in its header.
inline constexpr char kAuditRootMismatch[] = "AUDIT_ROOT_MISMATCH";

}  // namespace lineward::decision

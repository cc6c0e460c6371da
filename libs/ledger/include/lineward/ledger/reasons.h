#pragma once

// Reasons of `ledger`; each has a section in docs/errors.md. Those of a block's bytes
// (`BLOCK_UNDECODABLE`, `ROW_FORMAT_UNKNOWN`, `AUDIT_ROOT_MISMATCH`) are declared in `decision`.

#include <string_view>

namespace lineward::ledger {

// A block of a source begins behind the last one's end: promotions without a record.
inline constexpr std::string_view kAuditOffsetGap = "AUDIT_OFFSET_GAP";
// A block of a source begins before the last one's end, and its gate delivers exactly once.
inline constexpr std::string_view kAuditOffsetOverlap = "AUDIT_OFFSET_OVERLAP";
// The log of decisions begins behind our next offset: it lost records that we never folded.
inline constexpr std::string_view kOffsetOutOfRange = "OFFSET_OUT_OF_RANGE";

// `<topic>-<partition>-<offset>` it is not.
inline constexpr std::string_view kDecisionIdInvalid = "DECISION_ID_INVALID";
// The offset is at or past the end of what is folded of its source.
inline constexpr std::string_view kDecisionNotYetVisible = "DECISION_NOT_YET_VISIBLE";
// A declared gap, an unknown source, or an offset before the source's first block.
inline constexpr std::string_view kDecisionNotFound = "DECISION_NOT_FOUND";

inline constexpr std::string_view kFilterInvalid = "FILTER_INVALID";
// A request outside its limits: facets, page size, time range.
inline constexpr std::string_view kQueryInvalid = "QUERY_INVALID";
// Too many queries wait.
inline constexpr std::string_view kOverloaded = "OVERLOADED";
// The tenant key is not configured, so personal data stays sealed.
inline constexpr std::string_view kKeyAbsent = "KEY_ABSENT";
// What explains the decision is not known here: the set or the registry's history at its seq.
inline constexpr std::string_view kReplayFactsAbsent = "REPLAY_FACTS_ABSENT";
// The data folder holds the ledger of another log, fleet or set of partitions.
inline constexpr std::string_view kLedgerMismatch = "LEDGER_MISMATCH";

}  // namespace lineward::ledger

#pragma once

// Questions to the ledger and their answers, as plain values; `Ledger` (ledger.h) answers them.
//
// A row's place is (decision time, topic, partition, cluster, offset): intrinsic, equal on every
// owner and after a rebuild. Lists run newest first: decision time descending, topic, partition and
// cluster ascending, offset descending. Each answer says as of when it is true and what it misses.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/decision/header.h"
#include "lineward/decision/row.h"
#include "lineward/ledger/decision_id.h"

namespace lineward::ledger {

inline constexpr uint32_t kPageRowsMax = 1'000;
inline constexpr uint64_t kPageBytesMax = 4 << 20;  // of canonical rows; a page ends behind it

struct MissingPartition {
  int32_t partition = 0;  // of lineward.decisions
  // `halted: AUDIT_ROOT_MISMATCH`, `rebuilding`, `lagging`, `not reached yet`.
  std::string reason = {};
};

// How true an answer is. Computed before the rows are read, so it never promises more than was
// read.
struct AnswerMeta {
  absl::Time as_of = absl::UnixEpoch();
  int64_t ledger_lag_ms = 0;
  bool is_complete = true;
  std::vector<MissingPartition> missing = {};
  // The range asked for reaches back beyond the oldest bucket that is kept.
  std::optional<absl::Time> expired_before = {};
  uint64_t scanned_blocks = 0;
  uint64_t scanned_rows = 0;
};

// One decision: the row and what its block says of all its rows.
struct FoundDecision {
  std::shared_ptr<const decision::BlockHeader> header;
  decision::DecodedRow row;
  // Its block is entry `log_entry` of the decision log `log_partition`; row `index` of it.
  int32_t log_partition = 0;
  uint64_t log_entry = 0;
  uint32_t index = 0;

  DecisionId Id() const;
  absl::Time DecidedAt() const;
};

struct DecisionAnswer {
  FoundDecision decision;
  // `UNSIGNED`: no checkpoint covers it. Signing comes later.
  std::string proof_state = "UNSIGNED";
  AnswerMeta meta;
};

// --- Lists.

struct LogSize {
  int32_t partition = 0;
  uint64_t entries = 0;
  bool operator==(const LogSize&) const = default;
};

// Where a list goes on: the place of the last row given, and how far the logs reached when the
// first page was made; later pages ignore what came after, so pages neither shift nor repeat. The
// page token of `http` carries it.
struct PagePosition {
  int64_t decision_time_ms = 0;
  std::string topic = {};
  uint32_t partition = 0;
  std::string cluster = {};
  uint64_t offset = 0;
  std::vector<LogSize> log_sizes = {};
  bool operator==(const PagePosition&) const = default;
};

struct ListRequest {
  // AIP-160 subset over the decision fields; empty: all. See docs/errors.md#FILTER_INVALID.
  std::string filter = {};
  // [from, until) of decision time.
  std::optional<absl::Time> from = {};
  std::optional<absl::Time> until = {};
  uint32_t page_size = 50;  // more than kPageRowsMax is cut
  std::optional<PagePosition> after = {};
  // Permission `subject.read`: the filter may name `subject`.
  bool may_read_subject = false;
};

struct DecisionPage {
  std::vector<FoundDecision> decisions;
  // Absent: that was all. A page may be short, even empty, while it is there (scan budget).
  std::optional<PagePosition> next;
  AnswerMeta meta;
};

// --- Counts.

enum class Facet : uint8_t {
  kOutcome,
  kReason,  // the primary reason, so counts add up
  kRule,    // each determining rule of a row once: a row may count under several
  kModel,   // name without version
  kModelVersion,
  kPurpose,
  kPolicySet,
  kTopic,
  kSurface,
  kJurisdiction,
  kMode,
  kTenant,
  kHour,  // of decision time, UTC, `2026-03-01T12:00:00Z`
  kDay,   // `2026-03-01`
};

std::string_view FacetName(Facet facet);
std::optional<Facet> ParseFacet(std::string_view name);

struct CountRequest {
  std::vector<Facet> by = {};  // 0 to 2, different ones
  std::string filter = {};
  std::optional<absl::Time> from = {};
  std::optional<absl::Time> until = {};
  bool may_read_subject = false;
};

struct CountLine {
  std::vector<std::string> values;  // one per facet; empty: the rows have none
  uint64_t count = 0;
};

struct CountAnswer {
  std::vector<CountLine> lines;  // by count descending, then values
  uint64_t rows = 0;             // matching rows that were counted
  // The scan budget ended the count: there are at least these; at most `rows_at_most`.
  bool at_least = false;
  uint64_t rows_at_most = 0;
  AnswerMeta meta;
};

// --- Watching.

// How far a watcher has seen each decision log.
struct WatchCursor {
  int64_t since_ms = 0;  // rows decided before are passed over
  std::vector<LogSize> seen = {};
};

struct WatchBatch {
  std::vector<FoundDecision> decisions;  // in log order per partition
  uint64_t dropped = 0;                  // matching rows beyond the limit, passed over
  WatchCursor cursor;
  int64_t lag_ms = 0;
};

}  // namespace lineward::ledger

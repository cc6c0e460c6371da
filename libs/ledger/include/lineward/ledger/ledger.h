#pragma once

// `Ledger`: the store of all decision blocks of its partitions of `lineward.decisions`, kept as the
// fold of these partitions: wiped and folded again it is the same (I3). Blocks are visible at once
// in the hot tail, and are sealed into segments that one atomic ingest makes durable together with
// headers, trees, indexes and positions.
//
// Threads: `Resume`, `Begin`, `Fold`, `NoteEnd`, `NoteIdle`, `Publish`, `FoldKeys` belong to one
// fold thread (follower.h runs it); sealing has a thread of its own, joined at destruction; all
// queries may be called from any thread.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/clock.h"
#include "lineward/crypto/sha256.h"
#include "lineward/decision/envelope.h"
#include "lineward/ledger/explain.h"
#include "lineward/ledger/metrics.h"
#include "lineward/ledger/ports.h"
#include "lineward/ledger/query.h"
#include "lineward/telemetry/health.h"
#include "lineward/telemetry/log.h"

namespace lineward::ledger {

// `ledger.*` of the configuration; the initialisers are the defaults.
struct LedgerOptions {
  std::string data_dir = {};
  std::string fleet = "lineward.local/dev";  // audit.fleet: names the logs
  std::string log_id = {};                   // Kafka's cluster id or the embedded log's UUID
  std::vector<int32_t> partitions = {};      // of lineward.decisions; empty: all 16
  uint32_t segment_rows = 131'072;
  uint64_t segment_bytes = 64 << 20;
  absl::Duration segment_age = absl::Seconds(60);       // with >= 4,096 rows
  absl::Duration segment_max_age = absl::Seconds(600);  // whatever it holds
  uint64_t block_cache_bytes = 256 << 20;
  uint64_t min_free_bytes = uint64_t{4} << 30;
  absl::Duration stale_after = absl::Seconds(10);
  int query_threads = 2;
  int query_queue = 64;
  uint32_t query_blocks = 20'000;
  absl::Duration query_time = absl::Seconds(2);
  absl::Duration rows_retention =
      absl::Hours(24 * 400);    // width of buckets; nothing is dropped yet
  std::string tenant_key = {};  // 32 bytes; empty: personal data stays sealed, no search by subject
};

struct LedgerDeps {
  const base::Clock* clock = &base::SystemClock();
  LedgerMetrics* metrics = nullptr;           // may be null
  const ReplayFacts* replay_facts = nullptr;  // may be null: explain says that it is absent
  telemetry::Logger log = {};
  // Watches the sealing thread as `ledger-seal`; may be null, else it outlives the ledger.
  telemetry::Health* health = nullptr;
};

// Where the fold of one partition goes on.
struct ResumePoint {
  int32_t partition = 0;
  // Absent: nothing is folded yet; call Begin with the log's first offset.
  std::optional<int64_t> next_offset = {};
};

struct PartitionState {
  int32_t partition = 0;
  uint64_t log_entries = 0;  // the genesis included
  int64_t next_offset = 0;   // of lineward.decisions
  bool is_at_end = false;
  absl::Status halted = {};  // not OK: it stopped there and answers name it
};

struct LedgerStats {
  uint64_t rows = 0;
  uint64_t blocks = 0;
  uint64_t hot_rows = 0;
  uint64_t hot_bytes = 0;
  uint64_t segments = 0;
  uint64_t sealing_segments = 0;
  uint64_t store_bytes = 0;
};

class Ledger {
 public:
  // Opens or makes the store below `data_dir` and resumes at its last segment.
  // FAILED_PRECONDITION STORE_LOCKED (names folder and pid), LEDGER_MISMATCH; DATA_LOSS
  // STORE_DAMAGED; RESOURCE_EXHAUSTED STORE_FULL; UNAVAILABLE STORE_IO_ERROR.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(LedgerOptions options, LedgerDeps deps);
  // Joins the sealing thread; what is hot and not sealed is folded again at the next start.
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  const LedgerOptions& options() const;

  // --- The fold.

  std::vector<ResumePoint> Resume() const;
  // Starts the log of a partition that has none: writes its genesis.
  absl::Status Begin(int32_t partition, int64_t first_offset);
  // Takes one record of lineward.decisions. DATA_LOSS with the reason if the partition halts: it
  // takes no further record, the others go on. UNAVAILABLE or RESOURCE_EXHAUSTED: the store
  // failed (`Health`). Waits while two segments are being sealed.
  absl::Status Fold(int32_t partition, int64_t offset, std::string_view value);
  // The partition is read to its end, and nothing is left to read anywhere, now.
  void NoteEnd(int32_t partition);
  void NoteIdle();
  // The partition cannot be read any further (its log lost records).
  void Halt(int32_t partition, absl::Status why);
  // Makes what was folded visible and seals by size and age.
  absl::Status Publish();
  // One record of lineward.keys: who is behind a key, for the search by subject.
  absl::Status FoldKey(int32_t partition, int64_t offset, std::optional<std::string_view> key,
                       std::optional<std::string_view> value);
  // Next offset of lineward.keys to read, per partition as asked.
  int64_t KeysNext(int32_t partition) const;
  // Ticked while the fold waits for the sealing thread; null: nothing. Of the fold thread.
  void SetFoldWatch(telemetry::LoopWatch* watch);
  // Seals what is open and waits until it is stored.
  absl::Status SealAll();

  // The first failure of the store: the process ends with exit code 1.
  absl::Status Health() const;
  // RESOURCE_EXHAUSTED while less than `min_free` is free: folding pauses, nothing is dropped.
  absl::Status CheckFreeSpace() const;
  // What the role waits for; empty once each partition was read to its end since the start.
  std::string NotReadyCause() const;

  std::vector<PartitionState> Partitions() const;
  LedgerStats Stats() const;

  // --- Queries. All may answer RESOURCE_EXHAUSTED OVERLOADED, and DATA_LOSS or UNAVAILABLE of the
  // store; never a short answer that looks whole.

  // NOT_FOUND with DECISION_NOT_YET_VISIBLE or DECISION_NOT_FOUND.
  absl::StatusOr<DecisionAnswer> Get(const DecisionId& id) const;
  // INVALID_ARGUMENT FILTER_INVALID, QUERY_INVALID; PERMISSION_DENIED (`subject` without the
  // right); FAILED_PRECONDITION KEY_ABSENT. A list that meets `query_blocks` or `query_time` ends
  // its page early with a position.
  absl::StatusOr<DecisionPage> List(const ListRequest& request) const;
  absl::StatusOr<CountAnswer> Count(const CountRequest& request) const;
  // A cursor from which Watch gives what was decided at or after `since`.
  absl::StatusOr<WatchCursor> WatchFrom(absl::Time since) const;
  // Waits up to `timeout` for matching rows behind the cursor; at most `rows_max` of them.
  absl::StatusOr<WatchBatch> Watch(const WatchCursor& cursor, std::string_view filter,
                                   uint32_t rows_max, absl::Duration timeout) const;
  // As Get; FAILED_PRECONDITION or NOT_FOUND REPLAY_FACTS_ABSENT if the world of the decision is
  // not known here; KEY_ABSENT if what it read is sealed and the tenant key is not configured.
  absl::StatusOr<Explanation> Explain(const DecisionId& id) const;
  // The personal data behind a decision. FAILED_PRECONDITION KEY_ABSENT without the tenant key;
  // NOT_FOUND as Get, or if the row seals nothing. The caller writes the access record first.
  absl::StatusOr<decision::OpenedRow> Unmask(const DecisionId& id) const;
  // Checks the filter alone.
  static absl::Status CheckFilter(std::string_view filter, bool may_read_subject);

  // How many rows there are and one digest over all rows, headers and counts per source, whatever
  // the cuts of segments: equal in each ledger that folded the same blocks.
  struct Content {
    uint64_t rows = 0;
    uint64_t blocks = 0;
    crypto::Digest digest{};
  };
  absl::StatusOr<Content> ReadContent() const;
  // Root of a decision log at its size of now, or at a size that is stored. NOT_FOUND beyond;
  // FAILED_PRECONDITION in between.
  absl::StatusOr<crypto::Digest> LogRoot(int32_t partition, uint64_t size) const;

  struct Impl;

 private:
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::ledger

#pragma once

// The transport contract: what the roles may rely on, whether the log is Apache Kafka or the
// embedded one. Both pass one conformance suite (tests/conformance/transport), clause by clause:
//
//   C1   a committed transaction becomes visible whole      C2   an aborted one never
//   C3   an open one never                                  C4   order per partition = send order
//   C5   offsets strictly increase and may have gaps: nobody counts by subtracting
//   C6   offsets (with metadata) commit with the records or not at all
//   C7   `Committed` waits for pending offsets, never answers an older value
//   C8   `Init` fences every older holder of the id and ends its open transaction
//   C9   `SendOffsets` with a stale token is refused
//   C10  after any error, `Recycle` then `Committed` shows all of the last transaction or nothing
//   C11  compaction keeps the newest record per key, in order
//   C12  `EndOffsets` is the last stable end; `EndReached(offset)` fires even if the tail holds
//        control records only
//   C13  a position outside the log is DATA_LOSS, no silent reset
//   C14  queues are bounded: `Send` answers RESOURCE_EXHAUSTED, never blocks; oversize fails first
//   C15  null and empty, duplicate headers, all bytes survive
//   C16  create time and append time are told apart
//   C17  a transaction over its time limit is aborted by the transport
//
// The statuses, and what the caller must do (the same everywhere below):
//   RESOURCE_EXHAUSTED   Poll 1 ms, retry; take no new record
//   ABORTED              Abort, Assign(committed), go on
//   FAILED_PRECONDITION  Abort, drop all, wait for an assignment
//   UNKNOWN              Recycle, Committed, Assign, go on: it may or may not have happened
//   PERMISSION_DENIED    exit 2: another process has this seat
//   DATA_LOSS            stop that partition, alert; the others go on
//   UNAVAILABLE          back off 10 ms x 2 up to 5 s, +-20 %
//   INVALID_ARGUMENT     the request is wrong whatever the state (an oversize record, an unknown
//                        partition); nothing was sent, the transaction stands as before
//
// A `Transport` may be used from any thread and outlives all that it opened. What it opens belongs
// to one thread at a time.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lineward/stream/record.h"
#include "lineward/stream/topics.h"

namespace lineward::stream {

// Records that one Poll hands over at most: enough to amortise the call, few enough that held
// records pin little of the fetch buffers.
inline constexpr size_t kPollRecordsMax = 1024;

// What a partition has to say beside its records; comes behind the records that precede it.
struct PartitionEvent {
  enum class Kind : uint8_t {
    // Everything below `offset` that can be seen was handed over (C12). Fires again after each
    // time new records were read to the end. PartitionReader only.
    kEndReached,
    // The partition stopped: `status` is DATA_LOSS (C13). It is read again after the next Assign.
    kStopped,
  };
  Kind kind = Kind::kEndReached;
  TopicPartition partition = {};
  int64_t offset = 0;
  absl::Status status = {};
};

enum class Rebalance : uint8_t {
  kNone,
  // `partitions` are this member's from now on: Init, Committed, Assign.
  kAssigned,
  // They go to somebody else once Unassign is called: commit within 5 s, else Abort, then Unassign.
  kRevoked,
  // Somebody else may have them already: Abort, then Unassign.
  kLost,
};

// What one Poll brought. A rebalance comes alone; `records` and `events` end at the next Poll,
// Assign, Unassign, Pause or Resume of the same consumer, or with it.
struct Polled {
  std::span<const RecordView> records = {};
  std::span<const PartitionEvent> events = {};
  Rebalance rebalance = Rebalance::kNone;
  std::vector<TopicPartition> partitions = {};
};

struct CommittedOffset {
  TopicPartition partition = {};
  // None: the group never committed here, or its offset expired.
  std::optional<int64_t> offset = {};
  std::string metadata = {};
};

// Bytes of metadata that travel with a committed offset (C6).
inline constexpr size_t kOffsetMetadataBytesMax = 4096;

struct OffsetToCommit {
  TopicPartition partition = {};
  // The next offset to read.
  int64_t next = 0;
  std::string metadata = {};
};

// Proof of membership in one generation of a group, for SendOffsets. Opaque.
struct GroupToken {
  std::string bytes = {};
};

struct GroupOptions {
  std::string group_id = {};
  // The seat: a static member that takes this name over from an older process.
  std::string instance_id = {};
  std::vector<std::string> topics = {};
  absl::Duration session_timeout = absl::Seconds(10);
  absl::Duration max_poll_interval = absl::Seconds(60);
  // Prefetched bytes at most; a full queue stops fetching, so it holds >= 1.5 s of peak.
  int64_t prefetch_bytes_max = int64_t{256} << 20;
};

// A member of a consumer group: eager range assignment, static membership, read_committed.
// Positions belong to the caller: nothing is committed or reset by itself. One thread.
class GroupConsumer {
 public:
  virtual ~GroupConsumer() = default;

  // Waits up to `timeout` for the first record or event, then takes what is there, at most
  // kPollRecordsMax. Call at least every max_poll_interval, also when paused.
  // UNAVAILABLE; PERMISSION_DENIED (another process has this instance id);
  // FAILED_PRECONDITION (the poll interval was exceeded: a kLost follows).
  virtual absl::StatusOr<Polled> Poll(absl::Duration timeout) = 0;

  // The group's committed offsets of `partitions`, in that order; waits for pending transactional
  // ones (C7). UNAVAILABLE if they are not known within 10 s.
  virtual absl::StatusOr<std::vector<CommittedOffset>> Committed(
      std::span<const TopicPartition> partitions) = 0;

  // Reads `positions` from now on, and nothing else; drops all that was prefetched. Serves the
  // answer to kAssigned and each rewind; partitions left out stay unread.
  // UNAVAILABLE; FAILED_PRECONDITION (no longer a member).
  virtual absl::Status Assign(std::span<const Position> positions) = 0;

  // Gives all partitions up: completes kRevoked and kLost.
  virtual absl::Status Unassign() = 0;

  // Stops and resumes the handing over of records while Poll goes on; drops the prefetched ones,
  // so for stalls over 1 s only. Assign and Unassign end a pause.
  virtual absl::Status Pause() = 0;
  virtual absl::Status Resume() = 0;

  // The token of the generation of now. Fetch it for each SendOffsets: generations change silently.
  virtual absl::StatusOr<GroupToken> Token() = 0;

  // First offset still in the log, and the last stable end. UNAVAILABLE; NOT_FOUND.
  virtual absl::StatusOr<std::vector<int64_t>> StartOffsets(
      std::span<const TopicPartition> partitions) = 0;
  virtual absl::StatusOr<std::vector<int64_t>> EndOffsets(
      std::span<const TopicPartition> partitions) = 0;

  // The end of the log as the last fetch told it, without asking anew: cheap, for gauges. It may
  // count offsets that nobody can read. Absent while none is known.
  virtual std::optional<int64_t> FetchedEnd(const TopicPartition& partition) const = 0;

  // How long ago a connection to the log broke, as far as Poll was told; InfiniteDuration: never.
  // PERMISSION_DENIED soon after it may come from our own join, whose answer was lost.
  virtual absl::Duration SinceBroken() const = 0;
};

struct ReaderOptions {
  int64_t prefetch_bytes_max = int64_t{64} << 20;
};

// Reads partitions of the caller's choice, without a group; read_committed. One thread.
class PartitionReader {
 public:
  virtual ~PartitionReader() = default;

  // Reads `positions` from now on, and nothing else.
  virtual absl::Status Assign(std::span<const Position> positions) = 0;

  // As GroupConsumer::Poll, with kEndReached events and without rebalances. UNAVAILABLE.
  virtual absl::StatusOr<Polled> Poll(absl::Duration timeout) = 0;

  // As in GroupConsumer (C12). UNAVAILABLE; NOT_FOUND.
  virtual absl::StatusOr<std::vector<int64_t>> StartOffsets(
      std::span<const TopicPartition> partitions) = 0;
  virtual absl::StatusOr<std::vector<int64_t>> EndOffsets(
      std::span<const TopicPartition> partitions) = 0;
};

// What the log answered about the records of one transaction so far.
struct Delivered {
  uint64_t records = 0;
  // Least and greatest append time that the log stamped (topics with TimestampType::kAppend only):
  // compare with the own clock at Begin and now.
  std::optional<int64_t> oldest_append_ms = {};
  std::optional<int64_t> newest_append_ms = {};
};

struct TransactionalOptions {
  std::string transactional_id = {};
  // The log aborts a transaction that is older (C17).
  absl::Duration transaction_timeout = absl::Seconds(10);
  // Bound of Init, Flush, SendOffsets, Commit and Abort: beyond it the end is UNKNOWN.
  absl::Duration wait_max = absl::Seconds(8);
  absl::Duration linger = absl::Milliseconds(5);
  int64_t message_bytes_max = 1048576;
  int64_t queue_records_max = 500000;
  int64_t queue_bytes_max = int64_t{128} << 20;
  // Topics whose metadata Init fetches, so that the first Send to each does not wait 1 s.
  std::vector<std::string> topics = {};
};

// Records and offsets that become visible together. One thread; no two transactions at once.
class TransactionalProducer {
 public:
  virtual ~TransactionalProducer() = default;

  // Takes the transactional id: fences older holders and ends their open transaction (C8). Once,
  // before the first Begin. UNAVAILABLE: call again.
  virtual absl::Status Init() = 0;

  // UNKNOWN while NeedsRecycle().
  virtual absl::Status Begin() = 0;

  // Queues a copy; never blocks (C14). RESOURCE_EXHAUSTED; ABORTED, UNKNOWN (an earlier record of
  // the transaction failed); INVALID_ARGUMENT.
  virtual absl::Status Send(const OutRecord& record) = 0;

  // Serves delivery reports without waiting longer than `timeout`; the answer to
  // RESOURCE_EXHAUSTED.
  virtual void Poll(absl::Duration timeout) = 0;

  // Sends what is queued and waits for all reports. ABORTED (a report failed), UNKNOWN.
  virtual absl::StatusOr<Delivered> Flush() = 0;

  // Makes `offsets` part of the transaction. FAILED_PRECONDITION (stale `token`: C9), ABORTED,
  // UNKNOWN, INVALID_ARGUMENT (metadata too long).
  virtual absl::Status SendOffsets(const GroupToken& token,
                                   std::span<const OffsetToCommit> offsets) = 0;

  // Flushes, then ends the transaction. OK: it is committed. ABORTED: it is not, call Abort.
  // FAILED_PRECONDITION; UNKNOWN: find out by Recycle, then Committed (C10).
  virtual absl::Status Commit() = 0;

  // Ends the transaction without a trace (C2). OK also if none is open. UNKNOWN.
  virtual absl::Status Abort() = 0;

  // Gives the handle up, makes a new one and Inits it; never UNKNOWN. UNAVAILABLE: call again.
  virtual absl::Status Recycle() = 0;

  // A response about this transaction was lost or late, so a stray request might end the next
  // one: Recycle before the next Begin, even after an OK Commit.
  virtual bool NeedsRecycle() const = 0;

  // The producer was fenced by a newer Init, or the log lost patience with it: both look alike. A
  // caller that shares a group's seat polls its consumer for 2.5 s before it Recycles.
  virtual bool IsFenced() const = 0;
};

struct ProducerOptions {
  absl::Duration linger = absl::Milliseconds(0);
  int64_t message_bytes_max = 1048576;
  int64_t queue_records_max = 100000;
  int64_t queue_bytes_max = int64_t{64} << 20;
  std::vector<std::string> topics = {};
};

// The end of one record that a Producer was given.
struct Completion {
  uint64_t tag = 0;
  // OK once the log acknowledged it; UNKNOWN if nobody can tell; else it is not in the log.
  absl::Status status = {};
  int64_t offset = -1;
  std::optional<int64_t> append_ms = {};
};

// At least once with `acks=all`, idempotent, in order per partition; visible once acknowledged.
// After a failed completion the producer is done for: open a new one. One thread.
class Producer {
 public:
  virtual ~Producer() = default;

  // Queues a copy; its completion carries `tag`. RESOURCE_EXHAUSTED, UNKNOWN, INVALID_ARGUMENT.
  virtual absl::Status Send(const OutRecord& record, uint64_t tag) = 0;

  // Completions since the last call, in order per partition; waits up to `timeout` for the first.
  // The span ends at the next call.
  virtual std::span<const Completion> Poll(absl::Duration timeout) = 0;

  // Records without a completion yet.
  virtual uint64_t Pending() const = 0;
};

// Sends one record and waits for its acknowledgement: for control records, one at a time.
// `producer` must have nothing else under way. UNAVAILABLE, UNKNOWN, INVALID_ARGUMENT.
absl::StatusOr<Completion> SendAndWait(Producer& producer, const OutRecord& record,
                                       absl::Duration timeout);

// One difference between a topic and what it must be.
struct TopicMismatch {
  std::string topic = {};
  std::string key = {};
  std::string found = {};
  std::string wanted = {};
};

// `topic `promotions.allowed`: partitions: found 4, wanted 8`, joined by `; `.
std::string Describe(std::span<const TopicMismatch> mismatches);

// Looks at topics and makes them. One thread.
class TopicAdmin {
 public:
  virtual ~TopicAdmin() = default;

  // All differences, in the order of `specs`; empty if all fits. UNAVAILABLE.
  virtual absl::StatusOr<std::vector<TopicMismatch>> Verify(std::span<const TopicSpec> specs,
                                                            bool require_durable) = 0;

  // Makes those that do not exist yet; leaves the others alone. UNAVAILABLE.
  virtual absl::Status Create(std::span<const TopicSpec> specs) = 0;

  // Number of partitions. NOT_FOUND, UNAVAILABLE.
  virtual absl::StatusOr<int32_t> Partitions(const std::string& topic) = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Names the log in sources and blocks: Kafka's cluster id, or the embedded log's UUID.
  // UNAVAILABLE.
  virtual absl::StatusOr<std::string> LogId() = 0;

  // Each: INVALID_ARGUMENT if an option is refused. They do not wait for the log.
  virtual absl::StatusOr<std::unique_ptr<GroupConsumer>> OpenGroupConsumer(
      const GroupOptions& options) = 0;
  virtual absl::StatusOr<std::unique_ptr<PartitionReader>> OpenReader(
      const ReaderOptions& options) = 0;
  virtual absl::StatusOr<std::unique_ptr<TransactionalProducer>> OpenTransactionalProducer(
      const TransactionalOptions& options) = 0;
  virtual absl::StatusOr<std::unique_ptr<Producer>> OpenProducer(
      const ProducerOptions& options) = 0;
  virtual absl::StatusOr<std::unique_ptr<TopicAdmin>> OpenAdmin() = 0;
};

}  // namespace lineward::stream

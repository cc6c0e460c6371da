#pragma once

// The headers of an output record (stream design, section 4): those that came in, without what
// only we may write, and ours behind them; for a dead letter those of Kafka Connect too. Pure.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/decision/row.h"
#include "lineward/event/decode.h"
#include "lineward/stream/record.h"

namespace lineward::gate {

// A dead letter's value beyond `max_bytes` keeps this many bytes.
inline constexpr size_t kTruncatedValueBytes = 64 * 1024;

// `m=<model>@<version>;w=<weights>;l=<closure>;p=<policy set>;`: the part of `lineward-decision`
// that many decisions share. An empty model (malformed) and absent digests are left out; digests
// are cut to 32 hex digits.
std::string DecisionTail(std::string_view model, std::string_view version,
                         const std::optional<crypto::Digest>& weights,
                         const std::optional<decision::Bytes16>& closure,
                         const crypto::Digest& policy_set);

struct OutputFacts {
  std::string_view decision_id;
  std::string_view topic;  // the source's
  int32_t partition = 0;
  int64_t offset = 0;
  decision::Outcome outcome = decision::Outcome::kQuarantine;
  std::string_view reason;       // name of the primary reason; not read for ALLOW
  std::string_view tail;         // DecisionTail
  int64_t time_ms = 0;           // decision time
  std::string_view obligations;  // row field 17, or empty
  bool is_shadow = false;        // binding in shadow
  // Row field 86: the claim that stays.
  std::string_view replay_of;
  // Row field 83, and our span if the trace is kept.
  std::optional<event::TraceId> trace_id;
  std::optional<std::array<uint8_t, 8>> kept_span;
  // Malformed: cause and field, and the size of the value that was cut.
  event::DecodeError malformed;
  std::optional<size_t> truncated_from;
};

// Incoming headers that were removed.
struct RemovedHeaders {
  uint64_t forged = 0;
  uint64_t replays = 0;  // `lineward-replay-of` that is no claim
};

// Builds one record's headers at a time into reused buffers. Not thread-safe.
class OutputHeaders {
 public:
  // The headers of the output; they point into `incoming`, `facts` and this object, until the next
  // call.
  std::span<const stream::Header> Compose(std::span<const stream::Header> incoming,
                                          const OutputFacts& facts);
  // Of the last Compose.
  const RemovedHeaders& removed() const { return removed_; }

 private:
  // True if our traceparent replaced one that came in.
  bool AddIncoming(std::span<const stream::Header> incoming, const OutputFacts& facts);
  void AddDeadLetter(const OutputFacts& facts);

  std::vector<stream::Header> headers_;
  RemovedHeaders removed_;
  std::string decision_;
  std::string traceparent_;
  std::string partition_;
  std::string offset_;
  std::string message_;
  std::string truncated_;
};

}  // namespace lineward::gate

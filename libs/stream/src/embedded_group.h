#pragma once

// One consumer group of the embedded transport: members, generation, range assignment, expiry; the
// eager protocol of Kafka with static members. Pure but for its state: time and partition counts
// are arguments. Not thread-safe: the log's mutex guards it.

#include <absl/status/status.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lineward/stream/transport.h"

namespace lineward::stream {

class EmbeddedGroup {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  // Partitions of a topic; 0 if there is none.
  using CountPartitions = std::function<int32_t(const std::string& topic)>;

  explicit EmbeddedGroup(std::string id) : id_(std::move(id)) {}

  // Takes the seat `options.instance_id`, from an older holder if there is one; the result names
  // this holder from now on.
  uint64_t Join(const GroupOptions& options, Instant now);

  // The holder ends; its seat keeps its partitions for the session time-out.
  void Close(const std::string& seat, uint64_t holder, Instant now);

  struct News {
    absl::Status status = {};
    Rebalance rebalance = Rebalance::kNone;
    std::vector<TopicPartition> partitions = {};
  };
  // A sign of life, answered with what the holder has to know next. PERMISSION_DENIED,
  // FAILED_PRECONDITION as GroupConsumer::Poll.
  News Poll(const std::string& seat, uint64_t holder, Instant now, const CountPartitions& count);

  // The holder gave its partitions up.
  void Unassign(const std::string& seat, uint64_t holder, Instant now);

  // True while `holder` is a member of `generation`.
  bool IsMember(uint64_t holder, uint64_t generation) const;
  // True while the holder may be assigned partitions.
  bool HoldsSeat(const std::string& seat, uint64_t holder) const;

  uint64_t generation() const { return generation_; }

 private:
  enum class State : uint8_t {
    kWaiting,   // has nothing, waits for the others
    kAssigned,  // has partitions, was not told
    kStable,    // has partitions and knows
    kToRevoke,  // has to give them up, was not told
    kRevoking,  // was told
    kExpired,   // polled too rarely, was not told
    kToLose,    // was told the status, not the loss
    kLost,      // was told
  };
  struct Member {
    GroupOptions options = {};
    uint64_t holder = 0;
    bool is_closed = false;
    Instant seen;
    State state = State::kWaiting;
    std::vector<TopicPartition> partitions = {};
  };

  void Expire(Instant now);
  void BeginRebalance();
  void CompleteRebalance(const CountPartitions& count);
  void AssignRanges(const std::string& topic, int32_t partitions);
  bool CountsChanged(const CountPartitions& count) const;

  const std::string id_;
  uint64_t generation_ = 0;
  uint64_t last_holder_ = 0;
  std::map<std::string, Member> members_;
  std::map<std::string, int32_t> counts_;
};

}  // namespace lineward::stream

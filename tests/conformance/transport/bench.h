#pragma once

// What a clause is tried on: one implementation of the transport, its clock, and the verbs that the
// cases share. A case returns OK, or a status that says what was seen instead.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/base/clock.h"
#include "lineward/base/status.h"
#include "lineward/stream/transport.h"

namespace lineward::conformance {

// Provided once per binary.
struct Implementation {
  std::string name;
  // Why it cannot be tried here; empty if it can.
  std::string absent;
  std::shared_ptr<stream::Transport> transport;
  std::shared_ptr<const base::Clock> clock;
  // Moves the transport's clock where it can be moved; elsewhere real time has to pass.
  std::function<void(absl::Duration)> pass_time = [](absl::Duration) {};
};
// Made at the first call: a broker may have to start.
const Implementation& Subject();
// Clauses that must be red; known without making anything, as tests are listed by it.
std::set<std::string> RedClauses();

struct OwnedRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t timestamp_ms = 0;
  stream::TimestampType timestamp_type = stream::TimestampType::kNone;
};

class Bench {
 public:
  explicit Bench(const Implementation& subject) : subject_(subject) {}

  stream::Transport& transport() const { return *subject_.transport; }
  const base::Clock& clock() const { return *subject_.clock; }
  void PassTime(absl::Duration duration) const { subject_.pass_time(duration); }

  // A name that no other case of any run uses.
  std::string Unique(std::string_view stem) const;
  // Makes a topic and returns its name.
  absl::StatusOr<std::string> MakeTopic(int32_t partitions, stream::TopicSpec spec = {}) const;

  // A producer that has done Init.
  absl::StatusOr<std::unique_ptr<stream::TransactionalProducer>> Seat(
      const std::string& id, stream::TransactionalOptions options = {}) const;

  // All records of a topic, per partition up to its end of now.
  absl::StatusOr<std::vector<OwnedRecord>> ReadAll(const std::string& topic) const;
  // The values of one partition's records, in order; null as `-`.
  absl::StatusOr<std::vector<std::string>> Values(const std::string& topic,
                                                  int32_t partition = 0) const;

  // A consumer that was given its partitions.
  absl::StatusOr<std::unique_ptr<stream::GroupConsumer>> Join(const std::string& group,
                                                              const std::string& seat,
                                                              const std::string& topic) const;
  absl::StatusOr<stream::CommittedOffset> Committed(stream::GroupConsumer& consumer,
                                                    const std::string& topic) const;

 private:
  const Implementation& subject_;
};

// One transaction with one record; ends by Commit.
absl::Status CommitOne(stream::TransactionalProducer& producer, const std::string& topic,
                       std::string_view value, int32_t partition = 0);

struct Case {
  std::string clause;
  // CamelCase statement.
  std::string name;
  std::function<absl::Status(const Bench&)> run;
};
std::vector<Case> TransactionCases();
std::vector<Case> OffsetCases();
std::vector<Case> RecordCases();
std::vector<Case> AllCases();

// Ends a case with what was seen instead.
#define LW_WANT(condition, ...)                                                               \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      return ::lineward::base::FailedPrecondition("", "line {}: not so: {}: {}", __LINE__,    \
                                                  #condition, ::fmt::format("" __VA_ARGS__)); \
    }                                                                                         \
  } while (false)

}  // namespace lineward::conformance

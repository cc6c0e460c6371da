#pragma once

// `LogStorage`: the port that the embedded transport keeps its log in. Ordered byte keys, atomic
// batches. Implemented over `store` here and in memory, with power loss, in tests/support. Owned by
// one `EmbeddedTransport`, which calls it from one thread at a time.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lineward::stream {

// Writes that happen together or not at all, later ones over earlier ones.
struct LogBatch {
  struct Op {
    std::string key;
    // None deletes the key.
    std::optional<std::string> value;
  };
  std::vector<Op> ops;

  void Put(std::string key, std::string value) {
    ops.push_back({std::move(key), std::move(value)});
  }
  void Delete(std::string key) { ops.push_back({std::move(key), std::nullopt}); }
};

class LogStorage {
 public:
  virtual ~LogStorage() = default;

  // Atomic; with `sync` durable once OK. Any error is final: the transport stops writing.
  virtual absl::Status Write(const LogBatch& batch, bool sync) = 0;

  virtual absl::StatusOr<std::optional<std::string>> Get(std::string_view key) = 0;

  // Calls `visit` with each entry of [begin, end) in key order until it returns false. A damaged
  // entry is DATA_LOSS, never the silent end of the range.
  virtual absl::Status Scan(
      std::string_view begin, std::string_view end,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) = 0;

  // Removes [begin, end).
  virtual absl::Status DeleteRange(std::string_view begin, std::string_view end) = 0;

  // Makes all earlier writes durable.
  virtual absl::Status Sync() = 0;
};

}  // namespace lineward::stream

#pragma once

// Everything around a gate but the gate: an embedded log with all topics, a policy set, a registry
// and a consent, promotions to send, and a checker that reads source, outputs and blocks and tells
// what the rules of the house forbid (I1, I2). The checker knows nothing of the gate's code.

#include <absl/status/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/base/clock.h"
#include "lineward/control/follower.h"
#include "lineward/gate/gate.h"
#include "lineward/stream/embedded.h"
#include "lineward/stream/transport.h"
#include "lineward/telemetry/metrics.h"
#include "tests/support/control_writer.h"

namespace lineward::support {

// The machine's clocks, moved by what a test adds. Any thread.
class OffsetClock final : public base::Clock {
 public:
  absl::Time Now() const override;
  std::chrono::steady_clock::time_point Monotonic() const override;
  void MoveWall(absl::Duration by);
  void MoveMonotonic(absl::Duration by);

 private:
  std::atomic<int64_t> wall_us_{0};
  std::atomic<int64_t> monotonic_us_{0};
};

// A record with bytes of its own.
struct OwnedRecord {
  int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t timestamp_ms = 0;

  // Value of the first header of that name, or empty.
  std::string Header(std::string_view name) const;
};

// What the log holds of a source topic, as its readers see it.
struct Findings {
  uint64_t promotions = 0;
  uint64_t rows = 0;
  uint64_t blocks = 0;
  std::map<std::string, uint64_t> outputs;  // by topic
  // Broken rules, in words; empty if all hold.
  std::vector<std::string> errors;
};

// Promotions of the world's model `ranker@1`, which serves `x-t:News` and `x-t:Sports`.
std::string PromotionJson(std::string_view event_id, std::string_view purpose = "x-t:News",
                          std::string_view model = "ranker", std::string_view subject = "");

class GateWorld {
 public:
  static constexpr int32_t kPartitions = 2;

  // Creates the topics where they do not exist yet. Stops the process if the log refuses anything.
  explicit GateWorld(std::unique_ptr<stream::LogStorage> storage);
  ~GateWorld();

  stream::EmbeddedTransport& transport() { return *transport_; }
  OffsetClock& clock() { return clock_; }
  telemetry::MetricRegistry& registry() { return registry_; }
  gate::GateOptions& options() { return options_; }

  // Its topics exist. The registry's and the policies' records are to be published: the gate needs
  // both.
  ControlWriter& control() { return *control_; }
  // `promotions`, partition `partition`; the key is `key`.
  void Send(int32_t partition, std::string_view key, std::optional<std::string_view> value,
            std::vector<stream::Header> headers = {}, int64_t timestamp_ms = 1'772'366'400'000);
  // `count` good promotions, spread over the partitions.
  void SendMany(int count);

  // Starts follower (once) and gate; Stop drains.
  gate::Gate& Start();
  void Stop();
  gate::Gate& gate() { return *gate_; }
  control::Follower& follower() { return *follower_; }

  // Waits (20 s at most) until a committed block covers all that was sent. Reads the log and joins
  // no group: a member more would make the gate begin anew and heal what a test has planted.
  bool WaitDone();
  bool WaitUntil(const std::function<bool()>& condition);

  std::vector<OwnedRecord> Read(const std::string& topic, int32_t partition);
  Findings Check();
  std::string Metrics();

 private:
  // The first source offset that no committed block covers.
  uint64_t DecidedUpTo(int32_t partition);

  OffsetClock clock_;
  std::unique_ptr<stream::EmbeddedTransport> transport_;
  telemetry::MetricRegistry registry_;
  std::unique_ptr<control::FollowerMetrics> follower_metrics_;
  std::unique_ptr<gate::GateMetrics> gate_metrics_;
  gate::GateOptions options_;
  std::unique_ptr<ControlWriter> control_;
  std::unique_ptr<stream::Producer> producer_;
  std::unique_ptr<control::Follower> follower_;
  std::unique_ptr<gate::Gate> gate_;
};

}  // namespace lineward::support

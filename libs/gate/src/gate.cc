#include "lineward/gate/gate.h"

#include <fmt/format.h>

#include <deque>
#include <set>
#include <thread>

#include "gate/src/loop.h"
#include "lineward/base/mutex.h"
#include "lineward/base/status.h"
#include "lineward/base/thread.h"
#include "lineward/gate/log_events.h"
#include "lineward/gate/reasons.h"

namespace lineward::gate {
namespace {

constexpr size_t kTenantKeyBytes = 32;
constexpr absl::Duration kCommitIntervalMin = absl::Milliseconds(10);
constexpr absl::Duration kCommitIntervalMax = absl::Seconds(1);

}  // namespace

absl::Status Validate(const GateOptions& options) {
  const auto refuse = [](std::string_view option, std::string_view wanted) {
    return base::InvalidArgument(kGateOptionInvalid, "gate: {}: {}", option, wanted);
  };
  if (options.instance_id.empty()) return refuse("instance_id", "empty");
  if (options.loops < 1 || options.loops > kLoopsMax) {
    return refuse("loops", fmt::format("{} is outside 1-{}", options.loops, kLoopsMax));
  }
  if (options.sources.empty() || options.sources.size() > kSourcesMax) {
    return refuse("sources",
                  fmt::format("{} topics, wanted 1-{}", options.sources.size(), kSourcesMax));
  }
  std::set<std::string> topics;
  for (const event::SourceOptions& source : options.sources) {
    LW_RETURN_IF_ERROR(event::Validate(source));
    if (!topics.insert(source.topic).second) {
      return refuse("sources", fmt::format("topic `{}` stands twice", source.topic));
    }
    if (source.delivery != event::Delivery::kExactlyOnce) {
      return refuse(
          "sources",
          fmt::format("topic `{}`: delivery `low_latency` is not supported yet", source.topic));
    }
  }
  if (options.tenant_key.size() != kTenantKeyBytes) {
    return refuse("tenant_key",
                  fmt::format("{} B, wanted {} B", options.tenant_key.size(), kTenantKeyBytes));
  }
  if (options.commit_interval < kCommitIntervalMin ||
      options.commit_interval > kCommitIntervalMax) {
    return refuse("commit_interval",
                  fmt::format("{} ms is outside 10-1000 ms",
                              absl::ToInt64Milliseconds(options.commit_interval)));
  }
  if (options.log_epoch < 1) return refuse("log_epoch", "0 is no epoch");
  if (options.transaction_rows_max < 1) return refuse("transaction_rows_max", "0 rows");
  return absl::OkStatus();
}

struct Gate::Impl {
  GateOptions options;
  telemetry::Logger log;
  std::deque<Loop> loops;
  mutable base::Mutex mutex;
  absl::Status stopped_by LW_GUARDED_BY(mutex);
  // Last, so that the threads end before what they use.
  std::vector<std::jthread> threads;

  void Run(Loop* loop, std::stop_token stop) {
    const absl::Status status = loop->Run(std::move(stop));
    if (status.ok()) return;
    {
      base::MutexLock lock(&mutex);
      if (!stopped_by.ok()) return;
      stopped_by = status;
    }
    log.Write(kGateStopped, base::MessageOf(status));
    if (options.on_stopped) options.on_stopped(status);
  }
};

Gate::Gate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Gate::~Gate() { Drain(); }

absl::StatusOr<std::unique_ptr<Gate>> Gate::Start(GateOptions options, stream::Transport* transport,
                                                  control::Follower* follower, GateMetrics* metrics,
                                                  telemetry::Logger log) {
  LW_RETURN_IF_ERROR(Validate(options));
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->log = log;
  for (int i = 0; i < impl->options.loops; ++i) {
    impl->loops.emplace_back(LoopContext{.options = &impl->options,
                                         .transport = transport,
                                         .follower = follower,
                                         .metrics = metrics,
                                         .log = log},
                             i);
  }
  for (int i = 0; i < impl->options.loops; ++i) {
    Loop* loop = &impl->loops[static_cast<size_t>(i)];
    impl->threads.push_back(base::StartThread(
        fmt::format("lw-gate-{}", i),
        [owner = impl.get(), loop](std::stop_token stop) { owner->Run(loop, std::move(stop)); }));
  }
  return std::unique_ptr<Gate>(new Gate(std::move(impl)));
}

void Gate::Drain() {
  for (std::jthread& thread : impl_->threads) thread.request_stop();
  for (std::jthread& thread : impl_->threads) {
    if (thread.joinable()) thread.join();
  }
}

std::string Gate::NotReadyCause() const {
  for (const Loop& loop : impl_->loops) {
    std::string cause = loop.NotReadyCause();
    if (!cause.empty()) return cause;
  }
  return {};
}

absl::Status Gate::StoppedBy() const {
  base::MutexLock lock(&impl_->mutex);
  return impl_->stopped_by;
}

uint64_t Gate::Committed() const {
  uint64_t rows = 0;
  for (const Loop& loop : impl_->loops) rows += loop.Committed();
  return rows;
}

}  // namespace lineward::gate

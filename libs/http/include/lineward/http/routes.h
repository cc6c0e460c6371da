#pragma once

// What the handlers of each area need, and the functions that add them. The parts must outlive the
// server; all of them may be used from any worker.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lineward/base/clock.h"
#include "lineward/http/page_token.h"
#include "lineward/http/route.h"
#include "lineward/telemetry/health.h"
#include "lineward/telemetry/log.h"
#include "lineward/telemetry/metrics.h"
#include "lineward/telemetry/process_metrics.h"

namespace lineward::control {
class ControlSnapshot;
}  // namespace lineward::control
namespace lineward::registry {
class Registry;
}  // namespace lineward::registry
namespace lineward::ledger {
class Ledger;
}  // namespace lineward::ledger

namespace lineward::stream {
class Transport;
struct TopicPartition;
}  // namespace lineward::stream

namespace lineward::http {

struct AdminParts {
  telemetry::MetricRegistry* metrics = nullptr;
  telemetry::ProcessMetrics* process_metrics = nullptr;
  const telemetry::Health* health = nullptr;
  telemetry::LogSink* log = nullptr;
  std::function<std::string()> effective_options;  // `key: value  # origin` lines, redacted
};
// /metrics, /livez, /startupz, /readyz, /configz, /loglevel.
void AddAdminRoutes(const AdminParts& parts, Handlers* handlers);

struct ProcessParts {
  std::string version;
  std::string public_url;
  const telemetry::Health* health = nullptr;
  // Further members of GET /v1/pipeline, per role.
  std::function<document::Json()> pipeline;
};
// version, openapi.json, whoami, pipeline.
void AddProcessRoutes(const ProcessParts& parts, Handlers* handlers);

struct DecisionParts {
  // Null while the ledger is not up: 503 `NOT_READY`.
  std::function<const ledger::Ledger*()> ledger;
  const PageTokens* page_tokens = nullptr;
  const base::Clock* clock = &base::SystemClock();
};
// decisions, decisions:count, decisions:watch, decisions/{d}, decisions/{d}:explain, search.
void AddDecisionRoutes(const DecisionParts& parts, Handlers* handlers);

struct TopicParts {
  // Null while the log is not up: 503 `NOT_READY`.
  std::function<stream::Transport*()> transport;
  // Records are taken on the embedded transport and with `environment: dev` only.
  bool may_send = false;
  // The next offset that the readers of ours want, where it is known: lag is told from it.
  std::function<std::optional<int64_t>(const stream::TopicPartition&)> next_offset;
};
// topics/{t}, topics/{t}/records (GET and POST).
void AddTopicRoutes(const TopicParts& parts, Handlers* handlers);

// For `ProcessParts::pipeline`: `partitions`, the lag of each partition of `topics` behind what is
// decided and visible: records, and the age of the oldest of them (0 when caught up). At most 5 s
// old, `as_of` says when; `lag_cause` instead if the log does not answer. Any thread.
std::function<document::Json()> PartitionLag(TopicParts parts, std::vector<std::string> topics);
// Where a registry that follows passes writes on to.
struct WriterParts {
  // `host:port` of the newest writer that is known; empty: none is.
  std::function<std::string()> address;
  std::function<std::string()> own_address;
};

struct RegistryParts {
  // Null while the registry is not up: 503 `NOT_READY`.
  std::function<registry::Registry*()> registry;
  WriterParts writer;
  const PageTokens* page_tokens = nullptr;
  const base::Clock* clock = &base::SystemClock();
};
// registry:register, datasets, models, runs, consents:record.
void AddRegistryRoutes(const RegistryParts& parts, Handlers* handlers);

struct PolicyParts {
  // Null while the registry is not up.
  std::function<registry::Registry*()> registry;
  WriterParts writer;
  // The newest snapshot of the control topics; null before there is one.
  std::function<std::shared_ptr<const control::ControlSnapshot>()> snapshot;
};
// policySets, policySets:propose, purposes.
void AddPolicyRoutes(const PolicyParts& parts, Handlers* handlers);

}  // namespace lineward::http

#include "services/node/node.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "lineward/base/backoff.h"
#include "lineward/base/clock.h"
#include "lineward/base/mutex.h"
#include "lineward/base/status.h"
#include "lineward/control/follower.h"
#include "lineward/crypto/random.h"
#include "lineward/gate/gate.h"
#include "lineward/http/routes.h"
#include "lineward/http/server.h"
#include "lineward/ledger/reasons.h"
#include "lineward/registry/past.h"
#include "lineward/registry/registry.h"
#include "lineward/store/reasons.h"
#include "lineward/stream/embedded.h"
#include "lineward/stream/kafka.h"
#include "lineward/stream/reasons.h"
#include "lineward/telemetry/health.h"
#include "lineward/telemetry/log.h"
#include "lineward/telemetry/metrics.h"
#include "lineward/telemetry/process_metrics.h"
#include "services/ledger/history.h"
#include "services/ledger/wiring.h"
#include "services/node/log_events.h"
#include "services/node/metrics.h"

namespace lineward::services {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStepInterval{100};
constexpr std::chrono::minutes kStepLimit{5};
constexpr milliseconds kHttpDrain{10'000};
constexpr std::chrono::seconds kMaintainInterval{60};
constexpr rlim_t kDescriptorsBesideConnections = 256 + 1'024;  // ours and the stores'
constexpr size_t kTenantKeyBytes = 32;

milliseconds Millis(absl::Duration duration) { return absl::ToChronoMilliseconds(duration); }

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

// A second signal while the process drains ends it at once.
void ExitAtNextSignal() {
  const auto handler = [](int signal) { _exit(128 + signal); };
  std::signal(SIGTERM, handler);
  std::signal(SIGINT, handler);
  std::signal(SIGHUP, SIG_IGN);
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// The first offset of a source partition whose decision is not visible yet, found by halving; none
// for a source that the ledger does not know.
std::optional<int64_t> FirstInvisible(const ledger::Ledger& ledger,
                                      const stream::TopicPartition& at) {
  const auto is_invisible = [&](int64_t offset) {
    const auto found =
        ledger.Get({at.topic, static_cast<uint32_t>(at.partition), static_cast<uint64_t>(offset)});
    return base::ReasonOf(found.status()) == ledger::kDecisionNotYetVisible;
  };
  int64_t high = 1;
  while (!is_invisible(high)) {
    if (high > int64_t{1} << 60) return std::nullopt;
    high *= 2;
  }
  int64_t low = 0;  // everything below it is visible
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (is_invisible(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// How other machines name a listener: a wildcard is no name.
std::string ReachableAt(const std::string& host, uint16_t port) {
  const bool is_wildcard = host == "0.0.0.0" || host == "::" || host == "[::]";
  char name[256] = {};
  if (is_wildcard && gethostname(name, sizeof(name) - 1) == 0) {
    return fmt::format("{}:{}", name, port);
  }
  return fmt::format("{}:{}", host, port);
}

// A full or broken disk is the storage's failure, anything else one of the configuration.
absl::Status CannotWrite(const std::string& path, std::error_code error) {
  const std::string why = error.message();
  if (error == std::errc::no_space_on_device || error.value() == EDQUOT) {
    return base::ResourceExhausted(store::kStoreFull, "state_dir: writing `{}`: {}", path, why);
  }
  if (error == std::errc::io_error) {
    return base::Unavailable(store::kStoreIoError, "state_dir: writing `{}`: {}", path, why);
  }
  return base::InvalidArgument("CONFIG_INVALID", "state_dir: writing `{}`: {}", path, why);
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? CannotWrite(path, error) : absl::OkStatus();
}

// The key in `state_dir`, made at the first start: environment dev alone. Written whole or not.
absl::StatusOr<std::string> DevTenantKey(const std::string& state_dir) {
  const std::string path = state_dir + "/tenant-key";
  if (std::ifstream in(path, std::ios::binary); in) {
    std::stringstream bytes;
    bytes << in.rdbuf();
    if (bytes.str().size() != kTenantKeyBytes) {
      return base::InvalidArgument("CONFIG_INVALID", "`{}` has {} bytes, {} are needed", path,
                                   bytes.str().size(), kTenantKeyBytes);
    }
    return bytes.str();
  }
  const std::string key = crypto::RandomBytes(kTenantKeyBytes);
  const std::string unfinished = path + ".unfinished";
  std::remove(unfinished.c_str());
  errno = 0;
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  out << key;
  out.close();
  if (!out || chmod(unfinished.c_str(), S_IRUSR) != 0 ||
      std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return CannotWrite(path, std::error_code(errno, std::generic_category()));
  }
  return key;
}

// Raises the soft limit of descriptors to the hard one; the connections that then fit.
absl::StatusOr<int64_t> FitDescriptors(const NodeOptions& options) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto wanted = static_cast<rlim_t>(options.http_max_connections);
  if (limit.rlim_cur >= wanted + kDescriptorsBesideConnections) return options.http_max_connections;
  if (options.environment != "dev" || limit.rlim_cur <= kDescriptorsBesideConnections) {
    return base::InvalidArgument(
        "CONFIG_INVALID",
        "http.max_connections: {} connections need {} descriptors, the limit is {}", wanted,
        wanted + kDescriptorsBesideConnections, limit.rlim_cur);
  }
  return static_cast<int64_t>(limit.rlim_cur - kDescriptorsBesideConnections);
}

std::vector<std::pair<std::string, std::string>> LibrdkafkaOf(const NodeOptions& options) {
  std::vector<std::pair<std::string, std::string>> keys(options.kafka_librdkafka.begin(),
                                                        options.kafka_librdkafka.end());
  if (options.kafka_protocol != "plaintext") {
    keys.emplace_back("security.protocol", options.kafka_protocol);
    if (!options.kafka_ca.empty()) keys.emplace_back("ssl.ca.location", options.kafka_ca);
  }
  if (options.kafka_protocol == "sasl_ssl") {
    keys.emplace_back("sasl.mechanism", options.kafka_mechanism);
    keys.emplace_back("sasl.username", options.kafka_username);
    keys.emplace_back("sasl.password", options.kafka_password.value);
  }
  return keys;
}

}  // namespace

int ServeExitOf(const absl::Status& status) {
  if (status.ok()) return kExitClean;
  const std::string reason = base::ReasonOf(status);
  if (reason == store::kStoreLocked) return kExitUnavailable;
  if (reason == "LISTEN_FAILED") {
    return status.code() == absl::StatusCode::kUnavailable ? kExitUnavailable : kExitConfiguration;
  }
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
      return kExitConfiguration;
    case absl::StatusCode::kDataLoss:
      return kExitDamaged;
    default:
      return kExitUnexpected;
  }
}

void BlockStopSignals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

struct Node::Impl {
  Impl(const AllOptions& all, const config::OptionTable& of, std::string_view with_version)
      : options(all),
        table(of),
        version(with_version),
        health(&base::SystemClock(), absl::ToChronoNanoseconds(all.node.loop_timeout)) {}

  absl::Status Start();
  absl::Status StartHttp();
  std::optional<int64_t> NextVisible(const stream::TopicPartition& at) const;
  absl::Status OpenTransport();
  absl::Status CheckTopics();
  absl::Status BringUp();
  absl::Status Watch();
  void SetAll(std::string_view cause);
  std::string WriterAddress() const;
  registry::FactSource PastFacts();
  bool Stop();

  const AllOptions& options;
  const config::OptionTable& table;
  const std::string version;

  std::unique_ptr<telemetry::LogSink> sink;
  telemetry::Logger log;
  telemetry::MetricRegistry metrics;
  std::unique_ptr<telemetry::ProcessMetrics> process_metrics;
  std::unique_ptr<NodeMetrics> node_metrics;
  telemetry::Health health;
  std::unique_ptr<http::ServerMetrics> server_metrics;
  std::unique_ptr<ledger::LedgerMetrics> ledger_metrics;
  std::unique_ptr<control::FollowerMetrics> control_metrics;
  std::unique_ptr<registry::RegistryMetrics> registry_metrics;
  std::unique_ptr<gate::GateMetrics> gate_metrics;

  std::unique_ptr<http::Authenticator> authenticator;
  std::unique_ptr<http::PageTokens> page_tokens;
  http::Handlers handlers;

  std::string tenant_key;
  std::string own_address;  // before `registry_for_http` is set
  std::unique_ptr<stream::Transport> transport;
  stream::EmbeddedTransport* embedded = nullptr;  // `transport`, if it is embedded
  gate::GateOptions gate_options;
  std::unique_ptr<control::Follower> control;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<HistoryFeed> history;
  std::unique_ptr<LedgerRole> ledger;
  std::unique_ptr<gate::Gate> gate;
  std::atomic<control::Follower*> control_for_http{nullptr};
  std::atomic<registry::Registry*> registry_for_http{nullptr};
  std::atomic<const ledger::Ledger*> ledger_queries{nullptr};
  std::atomic<stream::Transport*> transport_for_http{nullptr};

  // After the roles, so that it ends before them: its handlers use them.
  std::unique_ptr<http::Server> public_server;
  std::unique_ptr<http::Server> admin_server;

  bool has_topics = false;
  bool is_up = false;
  bool was_ready = false;
  bool is_stopped = false;
  bool is_hurried = false;  // no pause before the drain
  std::string waiting_for;
  std::chrono::steady_clock::time_point retry_at;
  base::Backoff backoff{"node"};
  std::chrono::steady_clock::time_point maintain_at;
};

void Node::Impl::SetAll(std::string_view cause) {
  for (const std::string& role : options.node.roles) health.SetNotReady(role, cause);
  if (waiting_for == cause) return;
  waiting_for = cause;
  log.Write(kLogNodeWaiting, "waiting", {{"cause", cause}});
}

// Where the newest writer of the registry takes writes; empty if none is known.
std::string Node::Impl::WriterAddress() const {
  const control::Follower* const follower = control_for_http.load();
  if (follower == nullptr) return "";
  const auto snapshot = follower->Snapshot();
  return snapshot->Writer() == nullptr ? "" : snapshot->Writer()->address;
}

// From the registry's view where there is one, else from the log.
registry::FactSource Node::Impl::PastFacts() {
  return [this, of_log = registry::FactsOfLog(transport.get())](
             uint64_t after, uint64_t last,
             const std::function<absl::Status(std::string_view)>& visit) {
    const registry::Registry* const here = registry_for_http.load();
    return here == nullptr ? of_log(after, last, visit) : here->ReadFacts(after, last, visit);
  };
}

absl::Status Node::Impl::Start() {
  const NodeOptions& node = options.node;
  telemetry::LogOptions log_options;
  log_options.level = telemetry::ParseLogLevel(node.log_level).value_or(telemetry::LogLevel::kInfo);
  log_options.is_json =
      node.log_format == "json" || (node.log_format == "auto" && isatty(STDOUT_FILENO) == 0);
  log_options.rate_per_code = static_cast<unsigned>(node.log_rate_per_code);
  log_options.version = version;
  log_options.instance = node.instance_id;
  sink = std::make_unique<telemetry::LogSink>(std::move(log_options));
  log = telemetry::Logger(sink.get(), "node", "node");

  LW_RETURN_IF_ERROR(MakeFolder(node.state_dir));
  process_metrics = std::make_unique<telemetry::ProcessMetrics>(&metrics);
  node_metrics = std::make_unique<NodeMetrics>(&metrics, version);
  server_metrics = std::make_unique<http::ServerMetrics>(&metrics);
  if (node.HasRole("ledger")) ledger_metrics = std::make_unique<ledger::LedgerMetrics>(&metrics);
  control_metrics = std::make_unique<control::FollowerMetrics>(&metrics);
  if (node.HasRole("registry")) {
    registry_metrics = std::make_unique<registry::RegistryMetrics>(&metrics);
  }
  if (node.HasRole("gate")) gate_metrics = std::make_unique<gate::GateMetrics>(&metrics);
  if (node.tenant_key.is_given()) {
    tenant_key = node.tenant_key.value;
  } else if (node.environment == "dev") {
    LW_ASSIGN_OR_RETURN(tenant_key, DevTenantKey(node.state_dir));
  }
  if (node.HasRole("gate")) {
    LW_ASSIGN_OR_RETURN(gate_options,
                        ToGateOptions(options.gate, node.instance_id, tenant_key, version));
    gate_options.health = &health;
  }
  for (const std::string& role : node.roles) health.SetNotReady(role, "starting");
  LW_RETURN_IF_ERROR(OpenTransport());
  LW_RETURN_IF_ERROR(StartHttp());
  // What the embedded log lacks is no matter of waiting, so its trouble ends the start.
  return embedded != nullptr ? BringUp() : absl::OkStatus();
}

absl::Status Node::Impl::OpenTransport() {
  const NodeOptions& node = options.node;
  if (node.transport == "embedded") {
    LW_ASSIGN_OR_RETURN(auto storage, stream::OpenDiskStorage(node.state_dir + "/log"));
    stream::EmbeddedOptions embedded_options;
    embedded_options.sync_commits = node.embedded_sync == "commit";
    embedded_options.bytes_max = node.embedded_max_bytes.bytes;
    LW_ASSIGN_OR_RETURN(auto opened, stream::OpenEmbedded(std::move(storage), embedded_options));
    embedded = opened.get();
    transport = std::move(opened);
    return absl::OkStatus();
  }
  stream::KafkaOptions kafka;
  kafka.bootstrap_servers = fmt::format("{}", fmt::join(node.kafka_brokers, ","));
  kafka.client_id = "lineward";
  kafka.librdkafka = LibrdkafkaOf(node);
  LW_ASSIGN_OR_RETURN(transport, stream::OpenKafka(kafka));
  return absl::OkStatus();
}

// The offset that readers of ours want next, where this process knows it.
std::optional<int64_t> Node::Impl::NextVisible(const stream::TopicPartition& at) const {
  const ledger::Ledger* queries = ledger_queries.load();
  if (queries == nullptr) return std::nullopt;
  if (at.topic != stream::kDecisionsTopic) return FirstInvisible(*queries, at);
  for (const ledger::PartitionState& state : queries->Partitions()) {
    if (state.partition == at.partition) return state.next_offset;
  }
  return std::nullopt;
}

absl::Status Node::Impl::StartHttp() {
  const NodeOptions& node = options.node;
  LW_ASSIGN_OR_RETURN(const int64_t connections, FitDescriptors(node));
  if (connections < node.http_max_connections) {
    log.Write(kLogNodeWarning, "fewer descriptors than http.max_connections needs",
              {{"connections", connections}});
  }
  if (node.auth_mode == "none") {
    authenticator = http::Authenticator::None();
  } else {
    LW_ASSIGN_OR_RETURN(authenticator,
                        http::Authenticator::Tokens(node.auth_tokens.file, node.auth_tokens.value,
                                                    base::SystemClock().Now()));
  }
  page_tokens = std::make_unique<http::PageTokens>(node.http_page_token_key.is_given()
                                                       ? node.http_page_token_key.value
                                                       : crypto::RandomBytes(32));
  http::AddAdminRoutes({.metrics = &metrics,
                        .process_metrics = process_metrics.get(),
                        .health = &health,
                        .log = sink.get(),
                        .effective_options = [this] { return table.Print(true); }},
                       &handlers);
  const http::TopicParts topics = {
      .transport = [this] { return transport_for_http.load(); },
      .may_send = embedded != nullptr || node.environment == "dev",
      .next_offset = [this](const stream::TopicPartition& at) { return NextVisible(at); }};
  std::vector<std::string> sources;
  for (const SourceEntry& source : options.gate.sources) sources.push_back(source.topic);
  http::AddTopicRoutes(topics, &handlers);
  // A source of which nothing was decided yet lags from its start on.
  http::TopicParts lagging = topics;
  lagging.next_offset = [this](const stream::TopicPartition& at) -> std::optional<int64_t> {
    const ledger::Ledger* queries = ledger_queries.load();
    if (queries == nullptr) return std::nullopt;
    return FirstInvisible(*queries, at).value_or(0);
  };
  http::AddProcessRoutes({.version = version,
                          .public_url = node.http_public_url,
                          .health = &health,
                          .pipeline = http::PartitionLag(lagging, sources)},
                         &handlers);
  if (node.HasRole("ledger")) {
    http::AddDecisionRoutes(
        {.ledger = [this] { return ledger_queries.load(); }, .page_tokens = page_tokens.get()},
        &handlers);
  }
  if (node.HasRole("registry")) {
    const http::WriterParts writer{.address = [this] { return WriterAddress(); },
                                   .own_address = [this] { return own_address; }};
    const auto registry_of = [this] { return registry_for_http.load(); };
    http::AddRegistryRoutes(
        {.registry = registry_of, .writer = writer, .page_tokens = page_tokens.get()}, &handlers);
    http::AddPolicyRoutes({.registry = registry_of,
                           .writer = writer,
                           .snapshot = [this]() -> std::shared_ptr<const control::ControlSnapshot> {
                             control::Follower* follower = control_for_http.load();
                             return follower == nullptr ? nullptr : follower->Snapshot();
                           }},
                          &handlers);
  }
  http::ServerOptions public_options;
  public_options.listen = config::FormatAddress(node.http_listen);
  public_options.io_threads = static_cast<unsigned>(node.http_io_threads);
  public_options.workers = static_cast<unsigned>(node.http_workers);
  public_options.connections_max = static_cast<unsigned>(connections);
  public_options.per_address_max = static_cast<unsigned>(node.http_max_per_address);
  public_options.in_flight_max = static_cast<unsigned>(node.http_max_in_flight);
  public_options.request_timeout = Millis(node.http_request_timeout);
  public_options.hosts = node.http_hosts;
  http::ServerOptions admin_options;
  admin_options.listen = config::FormatAddress(node.admin_listen);
  admin_options.io_threads = 1;
  admin_options.workers = 0;
  admin_options.requests_per_s = 0;
  const auto parts = [this](http::Listener listener) {
    return http::ServerParts{.listener = listener,
                             .handlers = &handlers,
                             .authenticator = authenticator.get(),
                             .metrics = server_metrics.get(),
                             .logger = log.For("http")};
  };
  public_server =
      std::make_unique<http::Server>(std::move(public_options), parts(http::Listener::kPublic));
  admin_server =
      std::make_unique<http::Server>(std::move(admin_options), parts(http::Listener::kAdmin));
  LW_RETURN_IF_ERROR(base::Annotate(public_server->Start(), "http.listen"));
  LW_RETURN_IF_ERROR(base::Annotate(admin_server->Start(), "admin.listen"));
  own_address = options.registry.address.empty()
                    ? ReachableAt(node.http_listen.host, public_server->port())
                    : options.registry.address;
  health.SetReady("http");
  log.Write(kLogNodeListening, "listening",
            {{"http", fmt::format("{}:{}", node.http_listen.host, public_server->port())},
             {"admin", fmt::format("{}:{}", node.admin_listen.host, admin_server->port())}});
  return absl::OkStatus();
}

absl::Status Node::Impl::CheckTopics() {
  const NodeOptions& node = options.node;
  const bool creates = embedded != nullptr || node.kafka_create_topics;
  LW_ASSIGN_OR_RETURN(const auto admin, transport->OpenAdmin());
  std::vector<stream::TopicSpec> specs = stream::OwnTopics();
  for (const SourceEntry& source : options.gate.sources) {
    int32_t partitions = static_cast<int32_t>(node.topic_partitions);
    if (const auto found = admin->Partitions(source.topic); found.ok()) {
      partitions = *found;
    } else if (found.status().code() != absl::StatusCode::kNotFound) {
      return found.status();
    }
    for (stream::TopicSpec& spec :
         stream::SourceTopics(source.topic, partitions, source.max_bytes.bytes)) {
      specs.push_back(std::move(spec));
    }
  }
  const auto consents = admin->Partitions(std::string(stream::kConsentsTopic));
  if (consents.ok() || creates) {
    for (stream::TopicSpec& spec : stream::ConsentTopics(consents.ok() ? *consents : 1)) {
      specs.push_back(std::move(spec));
    }
  }
  if (creates) LW_RETURN_IF_ERROR(admin->Create(specs));
  LW_ASSIGN_OR_RETURN(const std::vector<stream::TopicMismatch> mismatches,
                      admin->Verify(specs, embedded == nullptr && node.kafka_require_durable));
  if (mismatches.empty()) return absl::OkStatus();
  return base::FailedPrecondition(stream::kTopicMismatch, "{}", stream::Describe(mismatches));
}

absl::Status Node::Impl::BringUp() {
  if (!has_topics) {
    LW_RETURN_IF_ERROR(CheckTopics());
    has_topics = true;
    transport_for_http = transport.get();
  }
  LW_ASSIGN_OR_RETURN(const std::string log_id, transport->LogId());
  const NodeOptions& node = options.node;
  const auto logger = [this](std::string_view role) {
    return telemetry::Logger(sink.get(), role, role);
  };
  // Unsigned sets are taken on the embedded transport and with environment dev (policy design, 8).
  const bool requires_signatures =
      node.policy_require_signatures && embedded == nullptr && node.environment != "dev";
  if (control == nullptr) {
    control::FollowerOptions follower;
    follower.consent_subjects_max = static_cast<uint64_t>(options.gate.consent_max_subjects);
    follower.staleness_max = options.gate.control_staleness_max;
    follower.require_signatures = requires_signatures;
    follower.health = &health;
    LW_ASSIGN_OR_RETURN(control,
                        control::Follower::Start(transport.get(), follower, control_metrics.get(),
                                                 logger("control")));
    control_for_http = control.get();
  }
  if (node.HasRole("registry") && registry == nullptr) {
    registry::RegistryOptions registry_options = ToRegistryOptions(
        options.registry, node.state_dir, node.instance_id, own_address, requires_signatures);
    registry_options.health = &health;
    LW_ASSIGN_OR_RETURN(registry,
                        registry::Registry::Start(transport.get(), control.get(), registry_options,
                                                  registry_metrics.get(), logger("registry")));
    registry_for_http = registry.get();
    health.SetStarted("registry");
  }
  if (node.HasRole("ledger") && ledger == nullptr) {
    if (history == nullptr) {
      auto past = std::make_unique<registry::Past>(transport.get(), PastFacts());
      history = std::make_unique<HistoryFeed>(control.get(), std::move(past), &health);
    }
    LW_ASSIGN_OR_RETURN(
        ledger, LedgerRole::Start(
                    ToLedgerOptions(options.ledger, options.node.state_dir, tenant_key, log_id),
                    {.transport = transport.get(),
                     .metrics = ledger_metrics.get(),
                     .replay_facts = history.get(),
                     .log = telemetry::Logger(sink.get(), "ledger", "ledger"),
                     .health = &health}));
    ledger_queries = ledger->Queries();
    health.SetStarted("ledger");
  }
  if (node.HasRole("gate") && gate == nullptr) {
    LW_ASSIGN_OR_RETURN(gate, gate::Gate::Start(gate_options, transport.get(), control.get(),
                                                gate_metrics.get(), logger("gate")));
    health.SetStarted("gate");
  }
  is_up = true;
  return absl::OkStatus();
}

absl::Status Node::Impl::Watch() {
  const auto now = std::chrono::steady_clock::now();
  if (embedded != nullptr) {
    LW_RETURN_IF_ERROR(embedded->StorageStatus());
    if (now >= maintain_at) {
      maintain_at = now + kMaintainInterval;
      LW_RETURN_IF_ERROR(embedded->Maintain());
    }
  }
  const auto tell = [this](std::string_view role, const std::string& cause) {
    if (cause.empty()) {
      health.SetReady(role);
    } else {
      health.SetNotReady(role, cause);
    }
  };
  if (registry != nullptr) {
    LW_RETURN_IF_ERROR(base::Annotate(registry->FatalStatus(), "registry"));
    tell("registry", registry->NotReadyCause());
  }
  if (gate != nullptr) {
    LW_RETURN_IF_ERROR(base::Annotate(gate->StoppedBy(), "gate"));
    tell("gate", gate->NotReadyCause());
  }
  if (ledger != nullptr) {
    LW_RETURN_IF_ERROR(base::Annotate(ledger->FatalStatus(), "ledger"));
    tell("ledger", ledger->NotReadyCause());
  }
  const telemetry::HealthReport ready = health.Ready();
  node_metrics->Show(ready, options.node.roles);
  const bool is_ready = ready.is_ok;
  if (is_ready && !was_ready) log.Write(kLogNodeReady, "all roles are ready");
  was_ready = is_ready;
  return absl::OkStatus();
}

bool Node::Impl::Stop() {
  if (is_stopped) return true;
  is_stopped = true;
  const auto started = std::chrono::steady_clock::now();
  health.SetDraining();
  log.Write(kLogNodeDraining, "draining");
  if (gate != nullptr) gate->Drain();
  // HTTP serves on, so that nobody is surprised.
  if (!is_hurried) {
    base::Mutex mutex;
    base::CondVar never;
    base::MutexLock lock(&mutex);
    never.WaitUntil(&mutex, started + Millis(options.node.drain_delay));
  }
  if (public_server != nullptr) public_server->Drain(kHttpDrain);
  public_server.reset();
  ledger_queries = nullptr;
  registry_for_http = nullptr;
  control_for_http = nullptr;
  transport_for_http = nullptr;
  gate.reset();
  ledger.reset();
  history.reset();
  registry.reset();
  control.reset();
  if (admin_server != nullptr) admin_server->Drain(milliseconds(0));
  admin_server.reset();
  transport.reset();
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
  const bool is_in_budget = took <= Millis(options.node.stop_budget);
  log.Write(kLogNodeStopped, is_in_budget ? "stopped" : "stopped later than the budget",
            {{"duration_ms", static_cast<int64_t>(took.count())}});
  return is_in_budget;
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Node::~Node() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<Node>> Node::Start(const AllOptions& options,
                                                  const config::OptionTable& table,
                                                  std::string_view version) {
  auto impl = std::make_unique<Impl>(options, table, version);
  const absl::Status started = impl->Start();
  if (!started.ok()) {
    impl->is_stopped = true;  // nothing is there to be drained
    return started;
  }
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

uint16_t Node::http_port() const { return impl_->public_server->port(); }
uint16_t Node::admin_port() const { return impl_->admin_server->port(); }
bool Node::IsReady() const { return impl_->was_ready; }
bool Node::Stop() { return impl_->Stop(); }

bool Node::WaitControl(absl::Duration timeout) const {
  constexpr absl::Duration kLook = absl::Milliseconds(10);
  const absl::Time begin = absl::Now();
  while (absl::Now() - begin < timeout) {
    control::Follower* const follower = impl_->control_for_http.load();
    if (follower != nullptr && follower->IsReady()) {
      // The ages count from the newest look at the ends that was reached: younger than this call
      // means that all that stood there is applied.
      const control::Pin pin = follower->TakePin();
      const int64_t waited_ms = absl::ToInt64Milliseconds(absl::Now() - begin);
      if (pin.ConsentAgeMs() < waited_ms && pin.OldestOtherAgeMs() < waited_ms) return true;
    }
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kLook));
  }
  return false;
}

absl::Status Node::Step() {
  Impl& impl = *impl_;
  if (impl.is_up) return impl.Watch();
  const auto now = std::chrono::steady_clock::now();
  if (now < impl.retry_at) return absl::OkStatus();
  const absl::Status up = impl.BringUp();
  if (up.ok()) {
    impl.waiting_for.clear();
    return impl.Watch();
  }
  // A neighbour that is away comes back; everything else needs a person.
  if (up.code() != absl::StatusCode::kUnavailable &&
      up.code() != absl::StatusCode::kDeadlineExceeded) {
    return up;
  }
  impl.SetAll(base::MessageOf(up));
  impl.retry_at = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(impl.backoff.Next());
  return absl::OkStatus();
}

int Node::Run() {
  const sigset_t set = StopSignals();
  absl::Status failure;
  telemetry::LoopWatch watch(&impl_->health, "node");
  for (;;) {
    // A step may open the stores or compact the embedded log.
    watch.TickBefore(kStepLimit);
    failure = Step();
    if (!failure.ok()) break;
    const timespec wait{0, std::chrono::nanoseconds(kStepInterval).count()};
    const int signal = sigtimedwait(&set, nullptr, &wait);
    if (signal == SIGTERM || signal == SIGINT) break;
    if (signal == SIGHUP) {
      impl_->log.Write(kLogNodeWarning, "reload by SIGHUP is not supported yet: restart instead");
    }
  }
  ExitAtNextSignal();
  if (!failure.ok()) {
    const std::string message(base::MessageOf(failure));
    impl_->log.Write(kLogNodeFailed, message, {{"reason", base::ReasonOf(failure)}});
    fmt::print(stderr, "error: {}        [{}]\n", message, base::ReasonOf(failure));
    impl_->is_hurried = true;
    impl_->Stop();
    return ServeExitOf(failure);
  }
  return impl_->Stop() ? kExitClean : kExitUnexpected;
}

}  // namespace lineward::services

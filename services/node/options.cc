#include "services/node/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lineward/document/nearest.h"

namespace lineward::services {
namespace {

constexpr std::array<std::string_view, 3> kRoles = {"gate", "ledger", "registry"};

}  // namespace

bool NodeOptions::HasRole(std::string_view role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

void BindNodeOptions(NodeOptions* options, config::OptionTable* table) {
  table->Bind("environment", &options->environment,
              {.sentence = "dev allows auth.mode none on loopback, unsigned policy sets, made-up "
                           "keys and event send.",
               .choices = {"prod", "dev"}});
  table->Bind("instance_id", &options->instance_id,
              {.sentence = "Name of this process in seats and log lines; empty is the host's name.",
               .example = "gate-a"});
  table->Bind("state_dir", &options->state_dir,
              {.sentence = "Folder of the embedded log and of the stores of ledger and registry."});
  table->Bind("roles", &options->roles,
              {.sentence = "What this process does: gate, ledger, registry."});
  table->Bind("transport", &options->transport,
              {.sentence = "Apache Kafka, or a durable log inside this one process.",
               .choices = {"kafka", "embedded"}});
  table->Bind("topics.partitions", &options->topic_partitions,
              {.sentence = "Partitions of sources and outputs that Lineward creates.",
               .min = "1",
               .max = "1024"});
  table->Bind("kafka.brokers", &options->kafka_brokers,
              {.sentence = "Brokers to ask first, `host:port` each.", .example = "[\"b1:9092\"]"});
  table->Bind("kafka.create_topics", &options->kafka_create_topics,
              {.sentence = "Creates topics that do not exist at the start."});
  table->Bind("kafka.require_durable", &options->kafka_require_durable,
              {.sentence = "Refuses topics with fewer than 3 replicas or 2 in-sync ones."});
  table->Bind("kafka.librdkafka", &options->kafka_librdkafka,
              {.sentence = "Passed on to librdkafka, except keys that carry guarantees."});
  table->Bind(
      "kafka.security.protocol", &options->kafka_protocol,
      {.sentence = "How brokers are spoken to.", .choices = {"plaintext", "ssl", "sasl_ssl"}});
  table->Bind(
      "kafka.security.mechanism", &options->kafka_mechanism,
      {.sentence = "SASL mechanism.", .choices = {"SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"}});
  table->Bind("kafka.security.username", &options->kafka_username,
              {.sentence = "SASL user.", .example = "lineward"});
  table->Bind("kafka.security.password", &options->kafka_password,
              {.sentence = "SASL password.", .example = "{file: kafka-password}"});
  table->Bind("kafka.security.ca", &options->kafka_ca,
              {.sentence = "File of the certificate authority that signed the brokers.",
               .example = "ca.pem"});
  table->Bind("embedded.sync", &options->embedded_sync,
              {.sentence = "Whether each commit is on the disk before it is acknowledged.",
               .choices = {"commit", "none"}});
  table->Bind("embedded.max_bytes", &options->embedded_max_bytes,
              {.sentence = "Size of the embedded log, beyond which old promotions give way.",
               .min = "64MiB"});
  table->Bind("keys.tenant", &options->tenant_key,
              {.sentence = "32 bytes that seal personal data; environment dev makes one.",
               .example = "{file: tenant-key}"});
  table->Bind("policy.require_signatures", &options->policy_require_signatures,
              {.sentence = "Takes policy sets with two signatures only; signing is not supported "
                           "yet, so proposals are refused while this is true outside the embedded "
                           "transport and environment dev."});
  table->Bind("http.listen", &options->http_listen,
              {.sentence = "Address of the public listener; port 0 is a free one."});
  table->Bind("http.io_threads", &options->http_io_threads,
              {.sentence = "Threads that read and write sockets.", .min = "1", .max = "64"});
  table->Bind("http.workers", &options->http_workers,
              {.sentence = "Threads that answer requests.", .min = "2", .max = "256"});
  table->Bind("http.max_connections", &options->http_max_connections,
              {.sentence = "Open connections at most; further ones are closed at once.",
               .min = "16",
               .max = "1000000"});
  table->Bind("http.max_per_address", &options->http_max_per_address,
              {.sentence = "Open connections per address at most.", .min = "1", .max = "1000000"});
  table->Bind("http.max_in_flight", &options->http_max_in_flight,
              {.sentence = "Requests that are worked on or wait; further ones get 503.",
               .min = "1",
               .max = "100000"});
  table->Bind(
      "http.request_timeout", &options->http_request_timeout,
      {.sentence = "Time that a request has; streams have none.", .min = "100ms", .max = "10m"});
  table->Bind("http.hosts", &options->http_hosts,
              {.sentence = "Names that the Host field may have; empty is any.",
               .example = "[\"lineward.example\"]"});
  table->Bind(
      "http.page_token_key", &options->http_page_token_key,
      {.sentence = "Secret of page tokens, shared by all nodes; none is made at each start.",
       .example = "{file: page-token-key}"});
  table->Bind("http.public_url", &options->http_public_url,
              {.sentence = "How clients reach this server, for links.",
               .example = "https://lineward.example"});
  table->Bind("admin.listen", &options->admin_listen,
              {.sentence = "Address of metrics and health; port 0 is a free one."});
  table->Bind("auth.mode", &options->auth_mode,
              {.sentence = "How callers prove who they are.", .choices = {"none", "token"}});
  table->Bind("auth.tokens", &options->auth_tokens,
              {.sentence = "File of the tokens' digests, grants and expiries.",
               .example = "{file: tokens.yaml}"});
  table->Bind("log.level", &options->log_level,
              {.sentence = "Least level that is written.",
               .needs_restart = false,
               .choices = {"debug", "info", "warn", "error"}});
  table->Bind("log.format", &options->log_format,
              {.sentence = "auto is text on a terminal and JSON elsewhere.",
               .choices = {"auto", "json", "text"}});
  table->Bind("log.rate_per_code", &options->log_rate_per_code,
              {.sentence = "Lines a second and code; 0 is no limit.", .min = "0", .max = "10000"});
  table->Bind(
      "lifecycle.drain_delay", &options->drain_delay,
      {.sentence = "HTTP serves on for this time after SIGTERM.", .min = "0s", .max = "1m"});
  table->Bind("lifecycle.stop_budget", &options->stop_budget,
              {.sentence = "Time in which a stop must be complete.", .min = "1s", .max = "10m"});
  table->Bind("health.loop_timeout", &options->loop_timeout,
              {.sentence = "A loop that does not turn for this time fails /livez.",
               .min = "1s",
               .max = "10m"});
}

void BindAllOptions(AllOptions* options, config::OptionTable* table) {
  BindNodeOptions(&options->node, table);
  BindGateOptions(&options->gate, table);
  BindLedgerOptions(&options->ledger, table);
  BindRegistryOptions(&options->registry, table);
}

std::vector<config::Finding> CheckNodeOptions(const NodeOptions& options) {
  std::vector<config::Finding> findings;
  const auto find = [&findings](std::string place, std::string message) {
    findings.push_back({std::move(place), std::move(message)});
  };
  for (const std::string& role : options.roles) {
    if (std::find(kRoles.begin(), kRoles.end(), role) != kRoles.end()) continue;
    find("roles",
         role == "monitor"
             ? std::string("role `monitor` is not supported yet")
             : fmt::format("unknown role `{}`{}", role,
                           document::NearestHint(role, std::span<const std::string_view>(kRoles))));
  }
  if (options.roles.empty()) find("roles", "no role is given");
  if (options.transport == "embedded" && options.roles.size() < kRoles.size()) {
    find("roles", "the embedded transport needs all roles in one process: gate, ledger, registry");
  }
  if (options.transport == "kafka" && options.kafka_brokers.empty()) {
    find("kafka.brokers", "transport kafka needs at least one broker");
  }
  if (options.kafka_protocol == "sasl_ssl" &&
      (options.kafka_username.empty() || !options.kafka_password.is_given())) {
    find("kafka.security", "protocol sasl_ssl needs username and password");
  }
  if (options.http_listen == options.admin_listen && options.http_listen.port != 0) {
    find("admin.listen", fmt::format("`{}` is the address of http.listen too",
                                     config::FormatAddress(options.admin_listen)));
  }
  const bool is_dev = options.environment == "dev";
  if (options.auth_mode == "none") {
    if (!is_dev) find("auth.mode", "`none` needs `environment: dev`");
    if (!options.http_listen.is_loopback()) {
      find("auth.mode", fmt::format("`none` needs a loopback address, http.listen is `{}`",
                                    config::FormatAddress(options.http_listen)));
    }
  }
  if (options.auth_mode == "token" && !options.auth_tokens.is_given()) {
    find("auth.tokens", "auth.mode token needs a token file");
  }
  if (options.tenant_key.is_given() && options.tenant_key.value.size() != 32) {
    find("keys.tenant",
         fmt::format("the key has {} bytes, 32 are needed", options.tenant_key.value.size()));
  }
  if (!options.tenant_key.is_given() && !is_dev && options.HasRole("gate")) {
    find("keys.tenant", "the gate needs the tenant key (environment dev makes one)");
  }
  if (options.http_page_token_key.is_given() && options.http_page_token_key.value.size() < 16) {
    find("http.page_token_key", fmt::format("the key has {} bytes, 16 are needed",
                                            options.http_page_token_key.value.size()));
  }
  return findings;
}

}  // namespace lineward::services

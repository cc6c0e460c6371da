#pragma once

// Options of the process as a whole: the ones that every installation sets (interfaces design,
// section 5). The initialisers are the defaults; `options.cc` declares each key once.

#include <absl/time/time.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lineward/config/option_table.h"
#include "lineward/config/values.h"
#include "services/gate/options.h"
#include "services/ledger/options.h"
#include "services/registry/options.h"

namespace lineward::services {

struct NodeOptions {
  std::string environment = "prod";
  std::string instance_id;  // empty: the host's name
  std::string state_dir = "lineward-state";
  std::vector<std::string> roles = {"gate", "ledger", "registry"};
  std::string transport = "kafka";
  int64_t topic_partitions = 8;

  std::vector<std::string> kafka_brokers;
  bool kafka_create_topics = false;
  bool kafka_require_durable = true;
  std::map<std::string, std::string> kafka_librdkafka;
  std::string kafka_protocol = "plaintext";
  std::string kafka_mechanism = "SCRAM-SHA-512";
  std::string kafka_username;
  config::Secret kafka_password;
  std::string kafka_ca;

  std::string embedded_sync = "commit";
  config::ByteSize embedded_max_bytes = config::GiB(10);

  config::Secret tenant_key;
  bool policy_require_signatures = true;

  config::Address http_listen = {"127.0.0.1", 8080};
  int64_t http_io_threads = 2;
  int64_t http_workers = 4;
  int64_t http_max_connections = 10'000;
  int64_t http_max_per_address = 256;
  int64_t http_max_in_flight = 1'024;
  absl::Duration http_request_timeout = absl::Seconds(30);
  std::vector<std::string> http_hosts;
  config::Secret http_page_token_key;
  std::string http_public_url;
  config::Address admin_listen = {"127.0.0.1", 9464};

  std::string auth_mode = "token";
  config::Secret auth_tokens;

  std::string log_level = "info";
  std::string log_format = "auto";
  int64_t log_rate_per_code = 10;
  absl::Duration drain_delay = absl::Seconds(5);
  absl::Duration stop_budget = absl::Seconds(25);
  absl::Duration loop_timeout = absl::Seconds(10);

  bool HasRole(std::string_view role) const;
};

void BindNodeOptions(NodeOptions* options, config::OptionTable* table);

// Findings across options: roles, addresses, `auth.mode: none` only on loopback with `environment:
// dev`, what the transport needs.
std::vector<config::Finding> CheckNodeOptions(const NodeOptions& options);

// Everything that `lineward.yaml` can say.
struct AllOptions {
  NodeOptions node;
  GateRoleOptions gate;
  LedgerRoleOptions ledger;
  RegistryRoleOptions registry;
};

void BindAllOptions(AllOptions* options, config::OptionTable* table);

}  // namespace lineward::services

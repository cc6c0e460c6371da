#pragma once

// `ledger.*` of the configuration, and `audit.fleet`, which names the logs.

#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "lineward/config/option_table.h"
#include "lineward/config/values.h"
#include "lineward/ledger/ledger.h"

namespace lineward::services {

struct LedgerRoleOptions {
  std::string data_dir;  // empty: `ledger` below state_dir
  std::string fleet = "lineward.local/dev";
  int64_t segment_rows = 131'072;
  config::ByteSize segment_bytes = config::MiB(64);
  absl::Duration segment_age = absl::Seconds(60);
  absl::Duration segment_max_age = absl::Seconds(600);
  config::ByteSize block_cache = config::MiB(256);
  config::ByteSize min_free = config::GiB(4);
  absl::Duration stale_after = absl::Seconds(10);
  int64_t query_threads = 2;
  int64_t query_queue = 64;
  int64_t query_blocks = 20'000;
  absl::Duration query_time = absl::Seconds(2);
};

void BindLedgerOptions(LedgerRoleOptions* options, config::OptionTable* table);

// The library's options; `state_dir` and `tenant_key` are the process's.
ledger::LedgerOptions ToLedgerOptions(const LedgerRoleOptions& options,
                                      const std::string& state_dir, const std::string& tenant_key,
                                      const std::string& log_id);

}  // namespace lineward::services

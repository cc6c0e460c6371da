#pragma once

// `gate.*` of the configuration.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "lineward/config/option_table.h"
#include "lineward/config/values.h"
#include "lineward/gate/gate.h"

namespace lineward::services {

struct SourceEntry {
  std::string topic = "promotions";
  std::string format = "auto";
  config::ByteSize max_bytes = config::KiB(256);
  std::vector<std::string> schema_ids;
  std::vector<std::string> ce_types;
  bool personal_ids = true;
  std::string start = "earliest";
  std::vector<std::string> record;
};

struct GateRoleOptions {
  int64_t loops = 1;
  std::vector<SourceEntry> sources = {SourceEntry{}};
  absl::Duration commit_interval = absl::Milliseconds(50);
  absl::Duration max_clock_skew = absl::Seconds(5);
  int64_t log_epoch = 1;
  int64_t consent_max_subjects = 20'000'000;
  absl::Duration control_staleness_max = absl::Seconds(30);
};

void BindGateOptions(GateRoleOptions* options, config::OptionTable* table);

// The library's options. INVALID_ARGUMENT as gate::Validate.
absl::StatusOr<gate::GateOptions> ToGateOptions(const GateRoleOptions& options,
                                                const std::string& instance_id,
                                                const std::string& tenant_key,
                                                const std::string& version);

}  // namespace lineward::services

#pragma once

// `registry.*` of the configuration.

#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "lineward/config/option_table.h"
#include "lineward/registry/registry.h"

namespace lineward::services {

struct RegistryRoleOptions {
  std::string data_dir;  // empty: `registry` below state_dir
  std::string address;   // empty: `http.listen`, the host's name instead of a wildcard
  std::string consents_topic = "consents";
  absl::Duration group_wait = absl::Milliseconds(5);
  int64_t queue_max = 4'096;
};

void BindRegistryOptions(RegistryRoleOptions* options, config::OptionTable* table);

registry::RegistryOptions ToRegistryOptions(const RegistryRoleOptions& options,
                                            const std::string& state_dir,
                                            const std::string& instance_id,
                                            const std::string& address, bool require_signatures);

}  // namespace lineward::services

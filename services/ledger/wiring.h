#pragma once

// The ledger role: its store, the follower that folds, and what the node asks of it.

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "lineward/ledger/follower.h"
#include "lineward/ledger/ledger.h"
#include "lineward/stream/transport.h"
#include "lineward/telemetry/log.h"
#include "services/ledger/options.h"

namespace lineward::services {

class LedgerRole {
 public:
  struct Parts {
    stream::Transport* transport = nullptr;
    ledger::LedgerMetrics* metrics = nullptr;
    const ledger::ReplayFacts* replay_facts = nullptr;  // may be null
    telemetry::Logger log = {};
    telemetry::Health* health = nullptr;  // may be null
  };

  // Opens the store and begins to follow. As Ledger::Open and Follower::Start.
  static absl::StatusOr<std::unique_ptr<LedgerRole>> Start(ledger::LedgerOptions options,
                                                           const Parts& parts);

  const ledger::Ledger* Queries() const { return ledger_.get(); }
  std::string NotReadyCause() const;
  absl::Status FatalStatus() const;

 private:
  LedgerRole() = default;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<ledger::Follower> follower_;
};

}  // namespace lineward::services

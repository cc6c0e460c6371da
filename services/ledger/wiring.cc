#include "services/ledger/wiring.h"

#include "lineward/base/status.h"

namespace lineward::services {

absl::StatusOr<std::unique_ptr<LedgerRole>> LedgerRole::Start(ledger::LedgerOptions options,
                                                              const Parts& parts) {
  ledger::LedgerDeps deps;
  deps.metrics = parts.metrics;
  deps.replay_facts = parts.replay_facts;
  deps.log = parts.log;
  deps.health = parts.health;
  ledger::FollowerOptions following;
  following.health = parts.health;
  std::unique_ptr<LedgerRole> role(new LedgerRole);
  LW_ASSIGN_OR_RETURN(role->ledger_, ledger::Ledger::Open(std::move(options), deps));
  LW_ASSIGN_OR_RETURN(role->follower_, ledger::Follower::Start(parts.transport, role->ledger_.get(),
                                                               following, parts.log));
  return role;
}

std::string LedgerRole::NotReadyCause() const {
  if (std::string cause = ledger_->NotReadyCause(); !cause.empty()) return cause;
  return follower_->NotReadyCause();
}

absl::Status LedgerRole::FatalStatus() const {
  LW_RETURN_IF_ERROR(ledger_->Health());
  return follower_->FatalStatus();
}

}  // namespace lineward::services

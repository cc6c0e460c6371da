#pragma once

// What the ledger asks of others. Wired in services/ledger: the history of registry and policy sets
// comes from following `lineward.registry.facts` and `lineward.policies`.

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lineward::control {
class ControlSnapshot;
}  // namespace lineward::control
namespace lineward::policy {
class PolicySet;
}  // namespace lineward::policy

namespace lineward::ledger {

// The world that a recorded decision was made in. Implementations may be called from any thread.
class ReplayFacts {
 public:
  virtual ~ReplayFacts() = default;

  // The registry exactly at `registry_seq`, resolved for the policy set `set_id`. NOT_FOUND
  // REPLAY_FACTS_ABSENT if the set or the history up to that seq is not known here;
  // UNAVAILABLE while it is being read.
  virtual absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> At(
      uint64_t registry_seq, std::string_view set_id) const = 0;
};

}  // namespace lineward::ledger

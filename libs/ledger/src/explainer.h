#pragma once

// Evaluates a recorded decision again and tells what happened. Pure but for the port.

#include <absl/status/statusor.h>

#include "lineward/decision/envelope.h"
#include "lineward/ledger/explain.h"
#include "lineward/ledger/ports.h"

namespace lineward::ledger {

// `opened`: what the row's envelope holds; null if it has none or the key is not here. `facts` may
// be null: FAILED_PRECONDITION REPLAY_FACTS_ABSENT.
absl::StatusOr<Explanation> ExplainDecision(DecisionAnswer answer,
                                            const decision::OpenedRow* opened,
                                            const ReplayFacts* facts);

}  // namespace lineward::ledger

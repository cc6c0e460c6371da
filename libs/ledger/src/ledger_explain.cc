#include <optional>
#include <utility>

#include "ledger/src/explainer.h"
#include "ledger/src/ledger_impl.h"
#include "lineward/base/status.h"

namespace lineward::ledger {

absl::StatusOr<Explanation> Ledger::Explain(const DecisionId& id) const {
  LW_ASSIGN_OR_RETURN(const auto place, impl_->gate.Enter());
  QueryEngine engine = impl_->Engine();
  LW_ASSIGN_OR_RETURN(auto answer, engine.Get(id));
  std::optional<decision::OpenedRow> opened;
  if (answer.decision.row.envelope && impl_->keys->has_key()) {
    LW_ASSIGN_OR_RETURN(const auto block, impl_->BlockOf(engine, answer.decision));
    LW_ASSIGN_OR_RETURN(
        opened, block.view.OpenRowAsTenant(answer.decision.index, impl_->keys->tenant_key(), 1));
  }
  return ExplainDecision(std::move(answer), opened ? &*opened : nullptr, impl_->deps.replay_facts);
}

}  // namespace lineward::ledger

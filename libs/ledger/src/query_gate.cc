#include "ledger/src/query_gate.h"

#include <chrono>

#include "lineward/base/status.h"
#include "lineward/ledger/reasons.h"

namespace lineward::ledger {

QueryGate::Place::~Place() {
  if (gate_ == nullptr) return;
  base::MutexLock lock(&gate_->mutex_);
  --gate_->running_;
  gate_->turn_.NotifyOne();
}

absl::StatusOr<QueryGate::Place> QueryGate::Enter() {
  base::MutexLock lock(&mutex_);
  if (running_ >= running_max_) {
    if (waiting_ >= waiting_max_) {
      return base::ResourceExhausted(kOverloaded, "{} queries wait already", waiting_);
    }
    ++waiting_;
    while (running_ >= running_max_) turn_.WaitFor(&mutex_, std::chrono::seconds(1));
    --waiting_;
  }
  ++running_;
  return Place(this);
}

}  // namespace lineward::ledger

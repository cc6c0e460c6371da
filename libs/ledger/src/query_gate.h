#pragma once

// Lets so many queries run at once, so many wait, and refuses the rest. Any thread.

#include <absl/status/statusor.h>

#include "lineward/base/mutex.h"

namespace lineward::ledger {

class QueryGate {
 public:
  QueryGate(int running_max, int waiting_max)
      : running_max_(running_max), waiting_max_(waiting_max) {}

  // A place among the running ones, given back at the end of its life.
  class Place {
   public:
    explicit Place(QueryGate* gate) : gate_(gate) {}
    Place(Place&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    QueryGate* gate_;
  };

  // Waits for its turn. RESOURCE_EXHAUSTED OVERLOADED if too many wait already.
  absl::StatusOr<Place> Enter();

 private:
  const int running_max_;
  const int waiting_max_;
  base::Mutex mutex_;
  base::CondVar turn_;
  int running_ LW_GUARDED_BY(mutex_) = 0;
  int waiting_ LW_GUARDED_BY(mutex_) = 0;
};

}  // namespace lineward::ledger

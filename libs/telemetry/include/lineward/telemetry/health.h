#pragma once

// Named checks behind /livez, /startupz and /readyz (observability design, section 11), and the
// process's draining flag. Any thread; nothing here waits or does I/O.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/clock.h"

namespace lineward::telemetry {

struct HealthCheck {
  std::string name;  // `gate`, `ledger`, `loop/gate-0`
  bool is_ok = false;
  std::string cause;  // empty if ok; else what is waited for, in words
};

struct HealthReport {
  bool is_ok = false;               // all checks are
  std::vector<HealthCheck> checks;  // sorted by name
};

// A loop that is silent for longer is stuck.
inline constexpr std::chrono::seconds kLoopLimit{10};
// What a loop may declare before it waits for a neighbour: a few calls in a row, each with a
// time-out of its own (10 s at most), so that a neighbour that is away never fails /livez.
inline constexpr std::chrono::seconds kNeighbourLimit{60};

class Health {
 public:
  explicit Health(const base::Clock* clock = &base::SystemClock(),
                  std::chrono::nanoseconds loop_limit = kLoopLimit);
  ~Health();

  // What a role (`gate`, `ledger`, `registry`, `http`) waits for; an empty cause means ready. A
  // role is not started until its first SetReady with an empty cause or SetStarted.
  void SetNotReady(std::string_view role, std::string_view cause);
  void SetReady(std::string_view role);
  void SetStarted(std::string_view role);

  // From now on nothing is ready: the process drains.
  void SetDraining();
  bool is_draining() const;

  HealthReport Live() const;
  HealthReport Started() const;
  // Of one role, or of all if `role` is empty. An unknown role is one failing check.
  HealthReport Ready(std::string_view role = "") const;

 private:
  friend class LoopWatch;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One loop under watch from its making to its end: it must tick within the limit of its `Health`,
// else /livez fails and names it. Owned by the loop's thread, which alone calls it.
class LoopWatch {
 public:
  // Watches nothing if `health` is null; else `health` must outlive it. Two loops of one process
  // have two names.
  LoopWatch(Health* health, std::string_view name);
  ~LoopWatch();
  LoopWatch(const LoopWatch&) = delete;
  LoopWatch& operator=(const LoopWatch&) = delete;

  void Tick();
  // Ticks; what follows may take `limit`, if that is more than the usual, up to the next tick.
  void TickBefore(std::chrono::nanoseconds limit);

 private:
  Health* const health_;
  const std::string name_;
};

}  // namespace lineward::telemetry

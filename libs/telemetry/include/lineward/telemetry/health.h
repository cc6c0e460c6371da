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

class Health {
 public:
  explicit Health(const base::Clock* clock = &base::SystemClock());
  ~Health();

  // A loop that must tick within `limit`, else /livez fails. Tick under the same name.
  void AddLoop(std::string_view name, std::chrono::nanoseconds limit);
  void Tick(std::string_view name);
  void RemoveLoop(std::string_view name);

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
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::telemetry

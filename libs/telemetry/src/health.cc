#include "lineward/telemetry/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "lineward/base/mutex.h"

namespace lineward::telemetry {

using TimePoint = std::chrono::steady_clock::time_point;

struct Health::Impl {
  struct Loop {
    std::chrono::nanoseconds limit{};
    TimePoint ticked;
  };
  struct Role {
    bool is_started = false;
    std::string cause;
  };

  const base::Clock* clock;
  std::chrono::nanoseconds loop_limit;
  mutable base::Mutex mutex;
  std::map<std::string, Loop, std::less<>> loops LW_GUARDED_BY(mutex);
  std::map<std::string, Role, std::less<>> roles LW_GUARDED_BY(mutex);
  bool is_draining LW_GUARDED_BY(mutex) = false;
};

namespace {

HealthReport ReportOf(std::vector<HealthCheck> checks) {
  HealthReport report{.is_ok = true, .checks = std::move(checks)};
  for (const HealthCheck& check : report.checks) report.is_ok = report.is_ok && check.is_ok;
  return report;
}

}  // namespace

Health::Health(const base::Clock* clock, std::chrono::nanoseconds loop_limit)
    : impl_(std::make_unique<Impl>()) {
  impl_->clock = clock;
  impl_->loop_limit = loop_limit;
}
Health::~Health() = default;

void Health::SetNotReady(std::string_view role, std::string_view cause) {
  base::MutexLock lock(&impl_->mutex);
  impl_->roles[std::string(role)].cause = cause.empty() ? "not ready" : cause;
}

void Health::SetReady(std::string_view role) {
  base::MutexLock lock(&impl_->mutex);
  Impl::Role& entry = impl_->roles[std::string(role)];
  entry.cause.clear();
  entry.is_started = true;
}

void Health::SetStarted(std::string_view role) {
  base::MutexLock lock(&impl_->mutex);
  impl_->roles[std::string(role)].is_started = true;
}

void Health::SetDraining() {
  base::MutexLock lock(&impl_->mutex);
  impl_->is_draining = true;
}

bool Health::is_draining() const {
  base::MutexLock lock(&impl_->mutex);
  return impl_->is_draining;
}

HealthReport Health::Live() const {
  const TimePoint now = impl_->clock->Monotonic();
  base::MutexLock lock(&impl_->mutex);
  std::vector<HealthCheck> checks;
  for (const auto& [name, loop] : impl_->loops) {
    const auto silent = now - loop.ticked;
    HealthCheck check{.name = "loop/" + name, .is_ok = silent <= loop.limit, .cause = ""};
    if (!check.is_ok) {
      check.cause =
          fmt::format("no tick for {} s (limit {} s)",
                      std::chrono::duration_cast<std::chrono::seconds>(silent).count(),
                      std::chrono::duration_cast<std::chrono::seconds>(loop.limit).count());
    }
    checks.push_back(std::move(check));
  }
  return ReportOf(std::move(checks));
}

HealthReport Health::Started() const {
  base::MutexLock lock(&impl_->mutex);
  std::vector<HealthCheck> checks;
  for (const auto& [name, role] : impl_->roles) {
    checks.push_back({name, role.is_started, role.is_started ? "" : role.cause});
  }
  return ReportOf(std::move(checks));
}

HealthReport Health::Ready(std::string_view role) const {
  base::MutexLock lock(&impl_->mutex);
  std::vector<HealthCheck> checks;
  if (impl_->is_draining) checks.push_back({"draining", false, "the process is stopping"});
  bool is_known = role.empty();
  for (const auto& [name, entry] : impl_->roles) {
    if (!role.empty() && name != role) continue;
    is_known = true;
    checks.push_back({name, entry.cause.empty() && entry.is_started, entry.cause});
  }
  if (!is_known) checks.push_back({std::string(role), false, "no such role in this process"});
  return ReportOf(std::move(checks));
}

LoopWatch::LoopWatch(Health* health, std::string_view name) : health_(health), name_(name) {
  Tick();
}

LoopWatch::~LoopWatch() {
  if (health_ == nullptr) return;
  base::MutexLock lock(&health_->impl_->mutex);
  health_->impl_->loops.erase(name_);
}

void LoopWatch::Tick() { TickBefore(std::chrono::nanoseconds(0)); }

void LoopWatch::TickBefore(std::chrono::nanoseconds limit) {
  if (health_ == nullptr) return;
  Health::Impl& impl = *health_->impl_;
  const TimePoint now = impl.clock->Monotonic();
  base::MutexLock lock(&impl.mutex);
  impl.loops[name_] = {.limit = std::max(limit, impl.loop_limit), .ticked = now};
}

}  // namespace lineward::telemetry

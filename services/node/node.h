#pragma once

// One process: log sink, metrics, health, listeners, the transport and the chosen roles, brought up
// in order and drained in the opposite one (observability design, section 11). `lineward serve` and
// `lineward demo` run it.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "services/node/options.h"

namespace lineward::services {

// Exit codes of `lineward serve` (house style, section 7).
inline constexpr int kExitClean = 0;
inline constexpr int kExitUnexpected = 1;
inline constexpr int kExitConfiguration = 2;
inline constexpr int kExitUnavailable = 8;
inline constexpr int kExitDamaged = 9;

// The code of a start or a run that ended with `status`.
int ServeExitOf(const absl::Status& status);

// Blocks SIGTERM, SIGINT and SIGHUP in this thread and all it starts: call it before Node::Start.
void BlockStopSignals();

class Node {
 public:
  // Opens the listeners and brings up what does not wait for Kafka. Fails with what cannot be
  // mended by waiting; `options` and `table` must outlive the node.
  static absl::StatusOr<std::unique_ptr<Node>> Start(const AllOptions& options,
                                                     const config::OptionTable& table,
                                                     std::string_view version);
  ~Node();

  uint16_t http_port() const;
  uint16_t admin_port() const;

  // Goes on bringing up and watching the roles until a stop signal comes or one of them fails for
  // good, then drains. BlockStopSignals must have been called. The exit code.
  int Run();

  // One round of bringing up and watching, for callers with a loop of their own. Not OK: the
  // process must end with `ServeExitOf` of it.
  absl::Status Step();
  // True once all roles are ready.
  bool IsReady() const;
  // Waits until this process has applied all that stood on the control topics when it was called;
  // false on time-out. Any thread, while the node is not being stopped.
  bool WaitControl(absl::Duration timeout) const;
  // Drains and closes everything. False if it took longer than the budget.
  bool Stop();

 private:
  struct Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::services

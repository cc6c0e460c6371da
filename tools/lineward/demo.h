#pragma once

// The demo's story, told over a node's own HTTP interface: publish, register, consent, send, count,
// explain. Every number in it is the answer of a query.

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lineward::cli {

struct DemoOptions {
  std::string http_endpoint;   // `http://127.0.0.1:8080`
  std::string admin_endpoint;  // `http://127.0.0.1:9464`
  bool keeps_running = false;
  std::string state_dir;
  double start_seconds = 0;  // what bringing the node up has taken
  // Waits until the gate knows what was registered; false if it does not get there.
  std::function<bool()> wait_control;
  // Takes one line, without its end.
  std::function<void(std::string_view line)> print;
};

// Tells the story against a node that has nothing yet. One thread. The first thing that goes wrong
// as Status: UNAVAILABLE and DEADLINE_EXCEEDED if the node does not get on within 60 s.
absl::Status TellDemo(const DemoOptions& options);

}  // namespace lineward::cli

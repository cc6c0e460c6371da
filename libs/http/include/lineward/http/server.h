#pragma once

// One HTTP/1.1 listener: accepts, checks, routes and answers within fixed limits (interfaces
// design, section 1). A node runs two: the public one with workers, and the admin one, whose
// handlers run on its own single thread and never block.

#include <absl/status/status.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lineward/base/clock.h"
#include "lineward/http/auth.h"
#include "lineward/http/route.h"
#include "lineward/telemetry/log.h"
#include "lineward/telemetry/metrics.h"

namespace lineward::http {

struct ServerOptions {
  std::string listen = "127.0.0.1:8080";  // port 0: a free one
  unsigned io_threads = 2;
  unsigned workers = 4;  // 0: handlers run on the I/O thread
  unsigned connections_max = 10'000;
  unsigned per_address_max = 256;
  unsigned in_flight_max = 1'024;
  std::chrono::milliseconds head_timeout{10'000};  // from the first byte
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds age_max{3'600'000};
  std::chrono::milliseconds request_timeout{30'000};  // a route may have less
  std::chrono::milliseconds body_window{10'000};      // in which body_window_bytes_min must come
  size_t body_window_bytes_min = 10 * 1024;           // 1 KiB/s
  std::chrono::milliseconds stall_timeout{30'000};    // a client that takes nothing
  double requests_per_s = 100;                        // per identity; 0 = no limit
  double request_burst = 200;
  std::vector<std::string> hosts = {};  // allowed Host names without port; empty: any
};

// The families of all listeners (observability design, section 3).
struct ServerMetrics {
  explicit ServerMetrics(telemetry::MetricRegistry* registry);
  telemetry::CounterFamily* requests;   // route, method, code
  telemetry::HistogramFamily* seconds;  // route
  telemetry::GaugeFamily* connections;  // listener
  telemetry::GaugeFamily* in_flight;
  telemetry::CounterFamily* rejected;  // listener, cause
};

// What the server uses and does not own; all must outlive it.
struct ServerParts {
  Listener listener = Listener::kPublic;
  const Handlers* handlers = nullptr;
  const Authenticator* authenticator = nullptr;
  ServerMetrics* metrics = nullptr;
  telemetry::Logger logger = {};
  const base::Clock* clock = &base::SystemClock();
};

// Start, then Drain or destroy, by one owner; the rest happens on its own threads.
class Server {
 public:
  Server(ServerOptions options, ServerParts parts);
  // Closes everything at once.
  ~Server();

  // Binds and accepts. UNAVAILABLE `LISTEN_FAILED`: the address is in use; INVALID_ARGUMENT
  // `LISTEN_FAILED`: it is no `host:port` of this machine.
  absl::Status Start();

  // The port that is bound; 0 before Start.
  uint16_t port() const;

  // Stops accepting, closes idle connections, ends streams, lets requests finish. True if all were
  // done within `timeout`; what still ran is then cut off.
  bool Drain(std::chrono::milliseconds timeout);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// True for `127.0.0.0/8`, `[::1]` and `localhost`, with or without a port.
bool IsLoopback(std::string_view host);

}  // namespace lineward::http

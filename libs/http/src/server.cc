#include "lineward/http/server.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <thread>
#include <utility>

#include "http/src/connection.h"
#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/base/thread.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kNoDescriptorsPause{10};

}  // namespace

bool IsLoopback(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
  if (host == "::1") return true;
  const std::string_view name = host.substr(0, host.find(':'));
  if (name == "localhost") return true;
  if (!name.starts_with("127.")) return false;
  error_code ec;
  asio::ip::make_address_v4(std::string(name), ec);
  return !ec;
}

ServerMetrics::ServerMetrics(telemetry::MetricRegistry* registry) {
  requests = registry->DeclareCounter({.name = "http_requests_total",
                                       .help = "Requests by route template, method and status.",
                                       .labels = {"route", "method", "code"},
                                       .children_max = 512});
  seconds = registry->DeclareHistogram({.name = "http_request_seconds",
                                        .help = "Time from the head to the answer.",
                                        .labels = {"route"},
                                        .children_max = 64},
                                       telemetry::Buckets::kHttp);
  connections = registry->DeclareGauge({.name = "http_connections",
                                        .help = "Open connections.",
                                        .labels = {"listener"},
                                        .children_max = 2});
  in_flight = registry->DeclareGauge(
      {.name = "http_requests_in_flight", .help = "Requests that a worker has or waits for."});
  rejected = registry->DeclareCounter({.name = "http_rejected_total",
                                       .help = "Connections and requests refused by a limit.",
                                       .labels = {"listener", "cause"},
                                       .children_max = 20});
}

struct Server::Impl {
  Impl(ServerOptions options, ServerParts parts)
      : core(std::make_shared<ServerCore>(std::move(options), std::move(parts))),
        io(static_cast<int>(core->options.io_threads)),
        guard(io.get_executor()),
        acceptor(io) {}

  asio::awaitable<void> Accept();
  void Track(const std::shared_ptr<Connection>& connection);
  std::vector<std::shared_ptr<Connection>> Alive();

  const std::shared_ptr<ServerCore> core;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  tcp::acceptor acceptor;
  uint16_t port = 0;
  std::vector<std::jthread> threads;
  base::Mutex mutex;
  std::list<std::weak_ptr<Connection>> connections LW_GUARDED_BY(mutex);
};

void Server::Impl::Track(const std::shared_ptr<Connection>& connection) {
  base::MutexLock lock(&mutex);
  connections.remove_if([](const std::weak_ptr<Connection>& old) { return old.expired(); });
  connections.push_back(connection);
}

std::vector<std::shared_ptr<Connection>> Server::Impl::Alive() {
  base::MutexLock lock(&mutex);
  std::vector<std::shared_ptr<Connection>> alive;
  for (const auto& weak : connections) {
    if (auto connection = weak.lock()) alive.push_back(std::move(connection));
  }
  return alive;
}

asio::awaitable<void> Server::Impl::Accept() {
  asio::steady_timer pause(io);
  for (;;) {
    error_code ec;
    tcp::socket socket = co_await acceptor.async_accept(
        asio::make_strand(io), asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (ec) {
      core->CountRejected("connections");
      pause.expires_after(kNoDescriptorsPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      continue;
    }
    const tcp::endpoint remote = socket.remote_endpoint(ec);
    if (ec) continue;
    std::string address = remote.address().to_string(ec);
    const auto verdict =
        core->counter.Take(address, core->options.connections_max, core->options.per_address_max);
    if (verdict != ConnectionCounter::Verdict::kTaken) {
      core->CountRejected(verdict == ConnectionCounter::Verdict::kTotal ? "connections" : "per_ip");
      continue;
    }
    socket.set_option(tcp::no_delay(true), ec);
    if (core->parts.metrics != nullptr) {
      core->parts.metrics->connections->With({core->ListenerName()})->Set(core->counter.total());
    }
    auto connection = std::make_shared<Connection>(std::move(socket), core, std::move(address));
    Track(connection);
    connection->Start();
  }
}

Server::Server(ServerOptions options, ServerParts parts)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(parts))) {}

Server::~Server() {
  impl_->core->is_draining = true;
  error_code ignored;
  impl_->guard.reset();
  impl_->io.stop();
  impl_->threads.clear();
  // Workers post to the connections' executors, so they end before the context does.
  impl_->core->workers.reset();
  impl_->acceptor.close(ignored);
}

absl::Status Server::Start() {
  const std::string& listen = impl_->core->options.listen;
  const size_t colon = listen.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : base::ParseUint64(listen.substr(colon + 1));
  if (!port.has_value() || *port > 65535) {
    return base::InvalidArgument(kListenFailed, "`{}` is no `host:port`", listen);
  }
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  error_code ec;
  const asio::ip::address address = asio::ip::make_address(host, ec);
  if (ec) return base::InvalidArgument(kListenFailed, "`{}`: no numeric address", listen);
  const tcp::endpoint endpoint(address, static_cast<uint16_t>(*port));
  tcp::acceptor& acceptor = impl_->acceptor;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    const std::string why = ec.message();
    acceptor.close(ec);
    return base::Unavailable(kListenFailed, "cannot listen on `{}`: {}", listen, why);
  }
  impl_->port = acceptor.local_endpoint(ec).port();
  if (impl_->core->options.workers > 0) {
    impl_->core->workers =
        std::make_unique<Workers>(impl_->core->options.workers, impl_->core->options.in_flight_max);
  }
  asio::co_spawn(impl_->io, [impl = impl_.get()] { return impl->Accept(); }, asio::detached);
  for (unsigned i = 0; i < std::max(1u, impl_->core->options.io_threads); ++i) {
    const bool is_public = impl_->core->parts.listener == Listener::kPublic;
    impl_->threads.push_back(
        base::StartThread(is_public ? fmt::format("lw-http-io-{}", i) : std::string("lw-admin"),
                          [impl = impl_.get()](const std::stop_token&) { impl->io.run(); }));
  }
  return absl::OkStatus();
}

uint16_t Server::port() const { return impl_->port; }

bool Server::Drain(std::chrono::milliseconds timeout) {
  impl_->core->is_draining = true;
  asio::post(impl_->io, [impl = impl_.get()] {
    error_code ignored;
    impl->acceptor.close(ignored);
  });
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  constexpr std::chrono::milliseconds kRound{20};
  base::Mutex mutex;
  base::CondVar never;
  while (impl_->core->counter.total() > 0 && std::chrono::steady_clock::now() < deadline) {
    for (const auto& connection : impl_->Alive()) connection->WakeToDrain();
    base::MutexLock lock(&mutex);
    never.WaitFor(&mutex, kRound);
  }
  const bool is_whole = impl_->core->counter.total() == 0;
  for (const auto& connection : impl_->Alive()) connection->Abort();
  return is_whole;
}

}  // namespace lineward::http

#pragma once

// One client's connection: requests one after the other, each read, checked, answered. Runs on its
// own strand; included by server.cc and connection.cc alone, since Boost is slow to compile.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/src/limits.h"
#include "http/src/workers.h"
#include "lineward/http/server.h"

namespace lineward::http {

// What all connections of a server share. Any thread.
struct ServerCore {
  ServerCore(ServerOptions with, ServerParts use)
      : options(std::move(with)),
        parts(std::move(use)),
        router(Routes(), parts.listener),
        limiter(options.requests_per_s, options.request_burst) {}

  void CountRejected(std::string_view cause) const;
  std::string_view ListenerName() const {
    return parts.listener == Listener::kPublic ? "public" : "admin";
  }

  const ServerOptions options;
  const ServerParts parts;
  const Router router;
  RateLimiter limiter;
  ConnectionCounter counter;
  std::unique_ptr<Workers> workers;  // null: handlers run on the I/O thread
  std::atomic<unsigned> in_flight{0};
  std::atomic<bool> is_draining{false};
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<ServerCore> core,
             std::string remote);
  ~Connection();

  // Serves until the end; the coroutine owns the connection.
  void Start();
  // Ends an idle wait and the pauses of streams; any thread.
  void WakeToDrain();
  // Cuts off; any thread.
  void Abort();

 private:
  enum class Io { kOk, kClosed, kTimeout };
  struct Head;
  struct Turn;
  struct Call;

  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<Io> ReadSome(Time deadline);
  boost::asio::awaitable<Io> Write(std::string bytes);
  // Reads and answers one request; false: close.
  boost::asio::awaitable<bool> Exchange(size_t head_size);
  absl::Status ParseHead(size_t size, Head* head);
  absl::Status CheckHost(const Head& head) const;
  // The route into `turn`, or the answer to OPTIONS and to methods that the path has not.
  absl::StatusOr<std::optional<Response>> FindRoute(const Target& target, Turn* turn);
  absl::Status CheckAccept(const Head& head, const RouteSpec& route) const;
  absl::Status CheckActor(Turn* turn);
  absl::Status CheckBody(const Head& head, const RouteSpec& route) const;
  boost::asio::awaitable<absl::Status> TakeBody(Turn* turn);
  void FillRequest(Target target, Turn* turn) const;
  boost::asio::awaitable<absl::StatusOr<Response>> Respond(Turn* turn);
  void Report(const Turn& turn, int status, std::string_view reason) const;
  boost::asio::awaitable<absl::Status> ReadBody(Head* head, size_t limit);
  boost::asio::awaitable<absl::StatusOr<Response>> Handle(const RouteSpec& route,
                                                          std::shared_ptr<Request> request);
  boost::asio::awaitable<bool> Answer(Response response, bool is_head, bool is_http10, bool keep,
                                      std::string_view request_id);
  boost::asio::awaitable<bool> AnswerStream(std::shared_ptr<ChunkSource> stream, bool is_chunked);
  boost::asio::awaitable<void> RefuseAndClose(absl::Status status, std::string_view request_id);
  boost::asio::awaitable<void> Linger();
  static absl::Status CheckHead(const Head& head);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer pause_;
  const std::shared_ptr<ServerCore> core_;
  const std::string remote_;
  const Time opened_;
  std::string buffer_;  // read and not yet used
  bool is_idle_ = false;
  bool has_timed_out_ = false;
  unsigned generation_ = 0;  // of the operation that the timer guards
};

}  // namespace lineward::http

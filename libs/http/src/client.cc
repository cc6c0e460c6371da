#include "lineward/http/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <limits>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/http/problem.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kHeadMax = 64 << 10;

using Parser = beast_http::response_parser<beast_http::string_body>;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

struct Client::Impl {
  explicit Impl(ClientOptions with) : options(std::move(with)), socket(io), timer(io) {}

  // Runs one started operation to its end, at most until `deadline`.
  template <typename Start>
  absl::Status Await(steady_clock::time_point deadline, Start start) {
    bool is_done = false;
    bool is_late = false;
    error_code result;
    io.restart();
    timer.expires_at(deadline);
    timer.async_wait([&](const error_code& ec) {
      if (ec || is_done) return;
      is_late = true;
      error_code ignored;
      resolver.cancel();
      socket.cancel(ignored);
    });
    start([&](const error_code& ec) {
      result = ec;
      is_done = true;
      timer.cancel();
    });
    io.run();
    if (is_late) {
      Close();
      return base::DeadlineExceeded(kEndpointUnreachable, "`{}`: no answer in time",
                                    options.endpoint);
    }
    if (result) {
      Close();
      return base::Unavailable(kEndpointUnreachable, "`{}`: {}", options.endpoint,
                               result.message());
    }
    return absl::OkStatus();
  }

  void Close() {
    error_code ignored;
    socket.close(ignored);
    buffer.clear();
  }

  absl::Status ParseEndpoint() {
    std::string_view rest = options.endpoint;
    constexpr std::string_view kScheme = "http://";
    if (rest.starts_with("https://")) {
      return base::InvalidArgument(kEndpointUnreachable, "`{}`: TLS is not supported yet",
                                   options.endpoint);
    }
    if (!rest.starts_with(kScheme)) {
      return base::InvalidArgument(kEndpointUnreachable, "`{}` is no `http://host:port`",
                                   options.endpoint);
    }
    rest.remove_prefix(kScheme.size());
    while (rest.ends_with('/')) rest.remove_suffix(1);
    const size_t colon = rest.rfind(':');
    const bool has_port = colon != std::string_view::npos && !rest.ends_with(']');
    host = rest.substr(0, has_port ? colon : rest.size());
    port = has_port ? std::string(rest.substr(colon + 1)) : "80";
    authority = rest;
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const auto number = base::ParseUint64(port);
    if (host.empty() || host.find('/') != std::string::npos || !number.has_value() ||
        *number == 0 || *number > 65535) {
      return base::InvalidArgument(kEndpointUnreachable, "`{}` is no `http://host:port`",
                                   options.endpoint);
    }
    return absl::OkStatus();
  }

  absl::Status Connect(steady_clock::time_point deadline) {
    LW_RETURN_IF_ERROR(ParseEndpoint());
    tcp::resolver::results_type endpoints;
    LW_RETURN_IF_ERROR(Await(deadline, [&](auto done) {
      resolver.async_resolve(host, port, [&endpoints, done](const error_code& ec, auto found) {
        endpoints = found;
        done(ec);
      });
    }));
    LW_RETURN_IF_ERROR(Await(deadline, [&](auto done) {
      asio::async_connect(socket, endpoints,
                          [done](const error_code& ec, const tcp::endpoint&) { done(ec); });
    }));
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    return absl::OkStatus();
  }

  absl::Status Send(steady_clock::time_point deadline, const std::string& out) {
    return Await(deadline, [&](auto done) {
      asio::async_write(socket, asio::buffer(out),
                        [done](const error_code& ec, size_t) { done(ec); });
    });
  }

  absl::Status Read(steady_clock::time_point deadline) {
    const size_t before = buffer.size();
    buffer.resize(before + kReadBytes);
    size_t size = 0;
    const absl::Status read = Await(deadline, [&](auto done) {
      socket.async_read_some(asio::buffer(buffer.data() + before, kReadBytes),
                             [done, &size](const error_code& ec, size_t n) {
                               size = n;
                               done(ec);
                             });
    });
    if (read.ok()) buffer.resize(before + size);
    return read;
  }

  // Feeds the parser with what is read, or reads more.
  absl::Status Advance(Parser* parser, steady_clock::time_point deadline) {
    error_code ec;
    if (!buffer.empty()) {
      const size_t used = parser->put(asio::buffer(buffer), ec);
      buffer.erase(0, used);
      if (ec && ec != beast_http::error::need_more) {
        Close();
        return base::Unavailable(kAnswerInvalid, "`{}`: {}", options.endpoint, ec.message());
      }
      if (used > 0) return absl::OkStatus();
      if (buffer.size() > kHeadMax && !parser->is_header_done()) {
        Close();
        return base::Unavailable(kAnswerInvalid, "`{}`: the head is over {} bytes",
                                 options.endpoint, kHeadMax);
      }
    }
    const absl::Status read = Read(deadline);
    if (read.code() == absl::StatusCode::kUnavailable && parser->is_header_done() &&
        parser->need_eof()) {
      parser->put_eof(ec);
      return absl::OkStatus();
    }
    return read;
  }

  std::string Format(Method method, std::string_view target, std::string_view body,
                     const std::vector<Header>& headers) const {
    std::string out =
        fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", NameOf(method), target, authority);
    if (!options.token.empty()) out += fmt::format("Authorization: Bearer {}\r\n", options.token);
    if (!body.empty() || method == Method::kPost) {
      out += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
    }
    for (const auto& [name, value] : headers) out += fmt::format("{}: {}\r\n", name, value);
    out += "\r\n";
    out += body;
    return out;
  }

  absl::Status Begin(steady_clock::time_point deadline, Method method, std::string_view target,
                     std::string_view body, const std::vector<Header>& headers, Parser* parser) {
    parser->header_limit(kHeadMax);
    parser->body_limit(std::numeric_limits<std::uint64_t>::max());
    if (!socket.is_open()) LW_RETURN_IF_ERROR(Connect(deadline));
    LW_RETURN_IF_ERROR(Send(deadline, Format(method, target, body, headers)));
    while (!parser->is_header_done()) LW_RETURN_IF_ERROR(Advance(parser, deadline));
    parser->eager(true);
    return absl::OkStatus();
  }

  ClientOptions options;
  asio::io_context io{1};
  tcp::socket socket;
  tcp::resolver resolver{io};
  asio::steady_timer timer;
  std::string host;
  std::string port;
  std::string authority;
  std::string buffer;
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;

void Client::SetTimeout(std::chrono::milliseconds timeout) { impl_->options.timeout = timeout; }

absl::StatusOr<Answer> Client::Call(Method method, std::string_view target, std::string_view body,
                                    const std::vector<Header>& headers) {
  const auto deadline = steady_clock::now() + impl_->options.timeout;
  // A kept connection may have been closed by the server meanwhile; then a fresh one is tried once.
  const bool was_open = impl_->socket.is_open();
  auto parser = std::make_unique<Parser>();
  absl::Status begun = impl_->Begin(deadline, method, target, body, headers, parser.get());
  if (begun.code() == absl::StatusCode::kUnavailable && was_open && !parser->got_some()) {
    parser = std::make_unique<Parser>();
    begun = impl_->Begin(deadline, method, target, body, headers, parser.get());
  }
  LW_RETURN_IF_ERROR(begun);
  while (!parser->is_done()) {
    LW_RETURN_IF_ERROR(impl_->Advance(parser.get(), deadline));
    if (parser->get().body().size() > impl_->options.answer_bytes_max) {
      impl_->Close();
      return base::Unavailable(kAnswerInvalid, "`{}`: the answer is over {} bytes",
                               impl_->options.endpoint, impl_->options.answer_bytes_max);
    }
  }
  if (!parser->keep_alive()) impl_->Close();
  Answer answer;
  answer.status = static_cast<int>(parser->get().result_int());
  for (const auto& field : parser->get()) {
    answer.headers.emplace_back(Lower({field.name_string().data(), field.name_string().size()}),
                                std::string(field.value().data(), field.value().size()));
  }
  answer.body = std::move(parser->get().body());
  return answer;
}

absl::Status Client::Stream(std::string_view target, std::chrono::milliseconds idle,
                            const std::function<bool(std::string_view)>& take) {
  Parser parser;
  LW_RETURN_IF_ERROR(impl_->Begin(steady_clock::now() + impl_->options.timeout, Method::kGet,
                                  target, {}, {}, &parser));
  const int status = static_cast<int>(parser.get().result_int());
  auto deadline = steady_clock::now() + idle;
  while (!parser.is_done()) {
    LW_RETURN_IF_ERROR(impl_->Advance(&parser, deadline));
    std::string& body = parser.get().body();
    if (status != 200 || body.empty()) continue;
    deadline = steady_clock::now() + idle;
    const bool is_more = take(body);
    body.clear();
    if (!is_more) {
      impl_->Close();
      return absl::OkStatus();
    }
  }
  if (!parser.keep_alive()) impl_->Close();
  if (status != 200) return StatusOfProblem(status, parser.get().body());
  if (!parser.get().body().empty()) take(parser.get().body());
  return absl::OkStatus();
}

}  // namespace lineward::http

#include "http/src/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <limits>

#include "http/src/conditional.h"
#include "http/src/gzip.h"
#include "http/src/head.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/random.h"
#include "lineward/http/log_events.h"
#include "lineward/http/problem.h"
#include "lineward/http/reasons.h"
#include "lineward/telemetry/log.h"

namespace lineward::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kLingerBytes = 64 << 10;                // of a refused body, then it is cut off
constexpr std::chrono::milliseconds kLingerTime{1'000};  // so that the refusal is read first
constexpr size_t kRequestIdMax = 64;
constexpr std::string_view kGzip = "gzip";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsRequestId(std::string_view text) {
  if (text.empty() || text.size() > kRequestIdMax) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string_view PhraseOf(int status) {
  return View(beast_http::obsolete_reason(static_cast<beast_http::status>(status)));
}

std::string_view HostWithoutPort(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// True if one of the media ranges of `accept` takes `media_type`.
bool Accepts(std::string_view accept, std::string_view media_type) {
  const std::string_view family = media_type.substr(0, media_type.find('/'));
  for (std::string_view range : base::Split(accept, ',')) {
    range = range.substr(0, range.find(';'));
    while (range.starts_with(' ')) range.remove_prefix(1);
    while (range.ends_with(' ')) range.remove_suffix(1);
    if (range == "*/*" || range == media_type) return true;
    if (range.ends_with("/*") && range.substr(0, range.size() - 2) == family) return true;
  }
  return false;
}

std::string_view MediaTypeOf(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type;
}

// On a worker: inflating takes time that the I/O threads do not have.
absl::StatusOr<Response> RunHandler(const Handler& handler, const RouteSpec& route,
                                    Request* request) {
  if (!request->body.empty() && Lower(request->HeaderValue("content-encoding")) == kGzip) {
    LW_ASSIGN_OR_RETURN(request->body, Gunzip(request->body, route.body_bytes_max));
  }
  return handler(*request);
}

}  // namespace

void ServerCore::CountRejected(std::string_view cause) const {
  if (parts.metrics != nullptr) parts.metrics->rejected->With({ListenerName(), cause})->Add();
}

struct Connection::Head {
  beast_http::request_parser<beast_http::string_body> parser;
  std::vector<Header> headers;
  std::string method;
  std::string target;
  bool is_http10 = false;
  bool is_chunked = false;
  bool has_body = false;
  bool expects_continue = false;
  std::optional<uint64_t> content_length;

  std::string_view Value(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
  size_t Count(std::string_view name) const {
    return static_cast<size_t>(std::count_if(headers.begin(), headers.end(),
                                             [name](const Header& h) { return h.first == name; }));
  }
};

// One request on its way to its answer.
struct Connection::Turn {
  Time started;
  Head head;
  std::string request_id;
  const RouteSpec* route = nullptr;  // null: none fits
  std::shared_ptr<Request> request = std::make_shared<Request>();
  bool is_head = false;
  bool is_body_read = false;
};

// A handler's work on a worker, awaited on the strand. The worker writes `result`, then posts.
struct Connection::Call {
  explicit Call(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  bool is_done = false;
  std::optional<absl::StatusOr<Response>> result;
  ChunkSource::Chunk chunk;
};

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<ServerCore> core,
                       std::string remote)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      pause_(socket_.get_executor()),
      core_(std::move(core)),
      remote_(std::move(remote)),
      opened_(steady_clock::now()) {}

Connection::~Connection() { core_->counter.Give(remote_); }

void Connection::Start() {
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->Run(); }, asio::detached);
}

void Connection::WakeToDrain() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    error_code ignored;
    if (self->is_idle_) self->socket_.cancel(ignored);
    self->pause_.cancel();
  });
}

void Connection::Abort() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    error_code ignored;
    self->socket_.close(ignored);
    self->pause_.cancel();
    self->timer_.cancel();
  });
}

asio::awaitable<Connection::Io> Connection::ReadSome(Time deadline) {
  const unsigned generation = ++generation_;
  has_timed_out_ = false;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this(), generation](const error_code& ec) {
    if (ec || generation != self->generation_) return;
    self->has_timed_out_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
  const size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  error_code ec;
  const size_t size =
      co_await socket_.async_read_some(asio::buffer(buffer_.data() + before, kReadBytes),
                                       asio::redirect_error(asio::use_awaitable, ec));
  ++generation_;
  timer_.cancel();
  buffer_.resize(before + (ec ? 0 : size));
  if (!ec) co_return Io::kOk;
  co_return has_timed_out_ ? Io::kTimeout : Io::kClosed;
}

asio::awaitable<Connection::Io> Connection::Write(std::string bytes) {
  size_t written = 0;
  while (written < bytes.size()) {
    const unsigned generation = ++generation_;
    timer_.expires_after(core_->options.stall_timeout);
    timer_.async_wait([self = shared_from_this(), generation](const error_code& ec) {
      if (ec || generation != self->generation_) return;
      error_code ignored;
      self->socket_.cancel(ignored);
    });
    error_code ec;
    const size_t size = co_await socket_.async_write_some(
        asio::buffer(bytes.data() + written, bytes.size() - written),
        asio::redirect_error(asio::use_awaitable, ec));
    ++generation_;
    timer_.cancel();
    if (ec) co_return Io::kClosed;
    written += size;
  }
  co_return Io::kOk;
}

asio::awaitable<void> Connection::Linger() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  const Time deadline = steady_clock::now() + kLingerTime;
  size_t taken = 0;
  while (taken < kLingerBytes) {
    buffer_.clear();
    if (co_await ReadSome(deadline) != Io::kOk) break;
    taken += buffer_.size();
  }
  socket_.close(ignored);
}

asio::awaitable<void> Connection::RefuseAndClose(absl::Status status, std::string_view request_id) {
  co_await Answer(ProblemResponse(status, request_id), false, false, false, request_id);
  co_await Linger();
}

asio::awaitable<void> Connection::Run() {
  const auto self = shared_from_this();  // lives as long as this coroutine
  const Time age_end = opened_ + core_->options.age_max;
  for (;;) {
    if (core_->is_draining) break;
    if (buffer_.empty()) {
      is_idle_ = true;
      const Io io =
          co_await ReadSome(std::min(steady_clock::now() + core_->options.idle_timeout, age_end));
      is_idle_ = false;
      if (io != Io::kOk) break;
    }
    const Time head_deadline = steady_clock::now() + core_->options.head_timeout;
    HeadScan scan = ScanHead(buffer_);
    bool is_broken = false;
    while (scan.verdict == HeadVerdict::kNeedMore) {
      const Io io = co_await ReadSome(head_deadline);
      if (io == Io::kTimeout) {
        core_->CountRejected("timeout");
        co_await RefuseAndClose(
            base::DeadlineExceeded(kRequestTimeout, "the head was not complete after {} ms",
                                   core_->options.head_timeout.count()),
            "");
      }
      if (io != Io::kOk) {
        is_broken = true;
        break;
      }
      scan = ScanHead(buffer_);
    }
    if (is_broken) break;
    if (scan.verdict == HeadVerdict::kComplete) {
      const bool keep = co_await Exchange(scan.size);
      if (!keep) break;
      continue;
    }
    absl::Status refusal;
    if (scan.verdict == HeadVerdict::kUriTooLong) {
      core_->CountRejected("uri");
      refusal =
          base::InvalidArgument(kUriTooLong, "the request line is over {} bytes", kRequestLineMax);
    } else if (scan.verdict == HeadVerdict::kTooLarge) {
      core_->CountRejected("head");
      refusal = base::InvalidArgument(kHeadTooLarge, "the head is over {} bytes or {} fields",
                                      kHeadMax, kFieldsMax);
    } else {
      core_->CountRejected("malformed");
      refusal = base::InvalidArgument(kRequestMalformed,
                                      "the head holds a bare CR or LF, or a folded field");
    }
    co_await RefuseAndClose(std::move(refusal), "");
    break;
  }
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  socket_.close(ignored);
}

absl::Status Connection::CheckHead(const Head& head) {
  const size_t hosts = head.Count("host");
  if (hosts > 1 || (hosts == 0 && !head.is_http10)) {
    return base::InvalidArgument(kRequestMalformed, "{} Host fields, one is expected", hosts);
  }
  if (head.Count("content-length") > 0 && head.Count("transfer-encoding") > 0) {
    return base::InvalidArgument(kRequestMalformed,
                                 "Content-Length and Transfer-Encoding together");
  }
  if (head.Count("content-length") > 1 || head.Count("transfer-encoding") > 1) {
    return base::InvalidArgument(kRequestMalformed, "the length of the body is given twice");
  }
  if (head.Count("transfer-encoding") > 0 && Lower(head.Value("transfer-encoding")) != "chunked") {
    return base::InvalidArgument(kRequestMalformed, "Transfer-Encoding is not `chunked`");
  }
  return absl::OkStatus();
}

absl::Status Connection::ParseHead(size_t size, Head* head) {
  head->parser.header_limit(kHeadMax + 1);
  head->parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  error_code ec;
  head->parser.put(asio::buffer(buffer_.data(), size), ec);
  if (ec == beast_http::error::need_more) ec = {};
  if (ec || !head->parser.is_header_done()) {
    return base::InvalidArgument(kRequestMalformed, "the head is no HTTP/1.1: {}", ec.message());
  }
  buffer_.erase(0, size);
  const auto& message = head->parser.get();
  head->method = std::string(View(message.method_string()));
  head->target = std::string(View(message.target()));
  head->is_http10 = message.version() == 10;
  for (const auto& field : message) {
    head->headers.emplace_back(Lower(View(field.name_string())), std::string(View(field.value())));
  }
  head->is_chunked = head->Count("transfer-encoding") > 0;
  if (const auto length = head->parser.content_length(); length) head->content_length = *length;
  head->has_body = head->is_chunked || head->content_length.value_or(0) > 0;
  head->expects_continue = Lower(head->Value("expect")) == "100-continue";
  return absl::OkStatus();
}

absl::Status Connection::CheckHost(const Head& head) const {
  const std::string_view host = head.Value("host");
  const std::string name = Lower(HostWithoutPort(host));
  const std::string_view shown = base::IsUtf8(name) ? std::string_view(name) : "?";
  const auto& hosts = core_->options.hosts;
  if (!hosts.empty() && !IsLoopback(name) &&
      std::find(hosts.begin(), hosts.end(), name) == hosts.end()) {
    return base::InvalidArgument(kHostUnknown, "host `{}` is not one of `http.hosts`", shown);
  }
  if (core_->parts.authenticator->mode() == AuthMode::kNone && hosts.empty() && !host.empty() &&
      !IsLoopback(name)) {
    return base::InvalidArgument(
        kHostUnknown, "host `{}`: without authentication only loopback names are served", shown);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Response>> Connection::FindRoute(const Target& target, Turn* turn) {
  const Head& head = turn->head;
  std::optional<Method> method;
  for (const Method candidate :
       {Method::kGet, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    if (NameOf(candidate) == head.method) method = candidate;
  }
  if (turn->is_head) method = Method::kGet;
  LW_ASSIGN_OR_RETURN(Match match, core_->router.Find(method.value_or(Method::kGet), target));
  if (match.allowed.empty()) return base::NotFound(kRouteNotFound, "no such route");
  if (method.has_value() && match.route != nullptr) {
    turn->route = match.route;
    turn->request->parameters = std::move(match.parameters);
    return std::optional<Response>();
  }
  std::string allow;
  for (const Method allowed : match.allowed) {
    allow += NameOf(allowed);
    allow += ", ";
    if (allowed == Method::kGet) allow += "HEAD, ";
  }
  allow += "OPTIONS";
  Response response;
  if (head.method == "OPTIONS") {
    response.status = 204;
    response.content_type.clear();
  } else {
    response = ProblemResponse(
        base::InvalidArgument(kMethodNotAllowed, "`{}` is not one of {}", head.method, allow),
        turn->request_id);
  }
  response.headers.emplace_back("Allow", allow);
  return std::optional<Response>(std::move(response));
}

absl::Status Connection::CheckAccept(const Head& head, const RouteSpec& route) const {
  const std::string_view served = route.is_streaming ? "application/jsonl" : route.media_type;
  if (core_->parts.listener != Listener::kPublic || head.Count("accept") == 0 ||
      Accepts(head.Value("accept"), served) ||
      Accepts(head.Value("accept"), "application/problem+json")) {
    return absl::OkStatus();
  }
  return base::InvalidArgument(kNotAcceptable, "only {} is served here", served);
}

absl::Status Connection::CheckActor(Turn* turn) {
  const RouteSpec& route = *turn->route;
  if (route.permission == Permission::kNone) return absl::OkStatus();
  std::vector<std::string_view> authorization;
  for (const auto& [name, value] : turn->head.headers) {
    if (name == "authorization") authorization.push_back(value);
  }
  LW_ASSIGN_OR_RETURN(Actor actor, core_->parts.authenticator->Authenticate(
                                       authorization, core_->parts.clock->Now()));
  if (!actor.Has(route.permission)) {
    return base::PermissionDenied(kPermissionDenied, "`{}` has no `{}`", actor.name,
                                  NameOf(route.permission));
  }
  if (!core_->limiter.Take(actor.is_unrestricted ? remote_ : actor.name, turn->started)) {
    core_->CountRejected("rate");
    return base::ResourceExhausted(kRateLimited, "more than {} requests/s of `{}`",
                                   core_->options.requests_per_s, actor.name);
  }
  turn->request->actor = std::move(actor);
  return absl::OkStatus();
}

// Size and type of the body, before any of it is asked for.
absl::Status Connection::CheckBody(const Head& head, const RouteSpec& route) const {
  if (head.content_length.value_or(0) > route.body_bytes_max ||
      (head.is_chunked && route.body_bytes_max == 0)) {
    core_->CountRejected("body");
    return base::InvalidArgument(kBodyTooLarge, "the body has {} bytes, the limit is {}",
                                 head.content_length.value_or(0), route.body_bytes_max);
  }
  if (head.has_body) {
    const std::string type = Lower(MediaTypeOf(head.Value("content-type")));
    if (!type.empty() && type != "application/json") {
      return base::InvalidArgument(kEncodingUnsupported,
                                   "Content-Type `{}` is not supported yet, application/json is",
                                   base::IsUtf8(type) ? type : "?");
    }
    const std::string encoding = Lower(head.Value("content-encoding"));
    if (!encoding.empty() && encoding != "identity" && encoding != kGzip) {
      return base::InvalidArgument(kEncodingUnsupported,
                                   "Content-Encoding `{}` is not one of gzip, identity",
                                   base::IsUtf8(encoding) ? encoding : "?");
    }
  }
  if (core_->in_flight.load() >= core_->options.in_flight_max) {
    core_->CountRejected("queue");
    return base::Unavailable(kOverloaded, "{} requests are in flight",
                             core_->options.in_flight_max);
  }
  return absl::OkStatus();
}

asio::awaitable<absl::Status> Connection::TakeBody(Turn* turn) {
  Head& head = turn->head;
  if (!head.has_body) co_return absl::OkStatus();
  if (head.expects_continue && co_await Write(std::string(kContinue)) != Io::kOk) {
    co_return base::InvalidArgument(kRequestMalformed, "the client is gone");
  }
  absl::Status read = co_await ReadBody(&head, turn->route->body_bytes_max);
  if (!read.ok()) co_return read;
  turn->is_body_read = true;
  turn->request->body = std::move(head.parser.get().body());
  co_return absl::OkStatus();
}

void Connection::FillRequest(Target target, Turn* turn) const {
  Request& request = *turn->request;
  request.method = turn->route->method;
  request.target = turn->head.target;
  request.query = std::move(target.query);
  request.request_id = turn->request_id;
  request.remote = remote_;
  auto limit = std::min<std::chrono::milliseconds>(core_->options.request_timeout,
                                                   std::chrono::seconds(turn->route->deadline_s));
  if (const auto asked = base::ParseInt64(turn->head.Value("lineward-timeout-ms"));
      asked.has_value() && *asked >= 1) {
    limit = std::min(limit, std::chrono::milliseconds(*asked));
  }
  request.headers = std::move(turn->head.headers);
  request.deadline = turn->started + limit;
}

// Everything up to the body answers without reading it.
asio::awaitable<absl::StatusOr<Response>> Connection::Respond(Turn* turn) {
  absl::Status refusal = CheckHost(turn->head);
  if (!refusal.ok()) co_return refusal;
  absl::StatusOr<Target> target = ParseTarget(turn->head.target);
  if (!target.ok()) co_return target.status();
  absl::StatusOr<std::optional<Response>> answered = FindRoute(*target, turn);
  if (!answered.ok()) co_return answered.status();
  if (answered->has_value()) co_return *std::move(*answered);
  const RouteSpec& route = *turn->route;
  refusal = Router::CheckQuery(route, *target);
  if (refusal.ok()) refusal = CheckAccept(turn->head, route);
  if (refusal.ok()) refusal = CheckActor(turn);
  if (refusal.ok()) refusal = CheckBody(turn->head, route);
  if (!refusal.ok()) co_return refusal;
  refusal = co_await TakeBody(turn);
  if (!refusal.ok()) co_return refusal;
  FillRequest(*std::move(target), turn);
  absl::StatusOr<Response> response = co_await Handle(route, turn->request);
  if (response.ok()) AnswerConditionally(*turn->request, &*response);
  co_return response;
}

void Connection::Report(const Turn& turn, int status, std::string_view reason) const {
  const std::string_view route = turn.route == nullptr ? "none" : turn.route->path;
  const double seconds = std::chrono::duration<double>(steady_clock::now() - turn.started).count();
  if (core_->parts.metrics != nullptr) {
    core_->parts.metrics->requests
        ->With({route, turn.route == nullptr ? "any" : NameOf(turn.route->method),
                std::to_string(status)})
        ->Add();
    if (turn.route != nullptr && !turn.route->is_streaming) {
      core_->parts.metrics->seconds->With({route})->Observe(seconds);
    }
  }
  core_->parts.logger.Write(status >= 500 ? kLogRequestFailed : kLogRequest,
                            status >= 500 ? "a request failed" : "a request was answered",
                            {{"route", route},
                             {"status", status},
                             {"duration_ms", seconds * 1000},
                             {"request_id", turn.request_id},
                             {"reason", reason}});
}

asio::awaitable<bool> Connection::Exchange(size_t head_size) {
  Turn turn;
  turn.started = steady_clock::now();
  absl::Status bad = ParseHead(head_size, &turn.head);
  if (bad.ok()) {
    turn.request_id = turn.head.Value("x-request-id");
    if (!IsRequestId(turn.request_id)) turn.request_id = base::ToHex(crypto::RandomBytes(8));
    bad = CheckHead(turn.head);
  }
  if (!bad.ok()) {
    core_->CountRejected("malformed");
    co_await RefuseAndClose(bad, turn.request_id);
    co_return false;
  }
  turn.is_head = turn.head.method == "HEAD";
  turn.is_body_read = !turn.head.has_body;
  absl::StatusOr<Response> response = co_await Respond(&turn);
  const std::string reason = response.ok() ? std::string() : base::ReasonOf(response.status());
  if (!response.ok()) response = ProblemResponse(response.status(), turn.request_id);
  const bool keep =
      turn.head.parser.keep_alive() && turn.is_body_read && !core_->is_draining.load();

  if (absl::Status fault = base::FaultPoint("http.before_answer"); !fault.ok()) co_return false;
  const int status = response->status;
  const bool is_kept = co_await Answer(*std::move(response), turn.is_head, turn.head.is_http10,
                                       keep, turn.request_id);
  Report(turn, status, reason);
  if (!is_kept && !turn.is_body_read) co_await Linger();
  co_return is_kept;
}

asio::awaitable<absl::Status> Connection::ReadBody(Head* head, size_t limit) {
  head->parser.eager(true);
  const auto too_large = [this, limit] {
    core_->CountRejected("body");
    return base::InvalidArgument(kBodyTooLarge, "the body is over the limit of {} bytes", limit);
  };
  Time window_end = steady_clock::now() + core_->options.body_window;
  size_t window_bytes = 0;
  while (!head->parser.is_done()) {
    if (!buffer_.empty()) {
      error_code ec;
      const size_t used = head->parser.put(asio::buffer(buffer_), ec);
      buffer_.erase(0, used);
      if (head->parser.get().body().size() > limit) co_return too_large();
      if (ec && ec != beast_http::error::need_more) {
        core_->CountRejected("malformed");
        co_return base::InvalidArgument(kRequestMalformed, "body: {}", ec.message());
      }
      if (head->parser.is_done()) break;
      // What a chunk header is still missing stays in the buffer; it cannot be long.
      if (buffer_.size() > kHeadMax) {
        core_->CountRejected("malformed");
        co_return base::InvalidArgument(kRequestMalformed, "body: a chunk header over {} bytes",
                                        kHeadMax);
      }
    }
    const size_t before = buffer_.size();
    const Io io = co_await ReadSome(window_end);
    if (io == Io::kClosed) {
      co_return base::InvalidArgument(kRequestMalformed, "the body ended before its length");
    }
    window_bytes += buffer_.size() - before;
    if (steady_clock::now() < window_end && io == Io::kOk) continue;
    if (window_bytes < core_->options.body_window_bytes_min) {
      core_->CountRejected("timeout");
      co_return base::DeadlineExceeded(kRequestTimeout,
                                       "only {} bytes of the body came within {} ms", window_bytes,
                                       core_->options.body_window.count());
    }
    window_end = steady_clock::now() + core_->options.body_window;
    window_bytes = 0;
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::StatusOr<Response>> Connection::Handle(const RouteSpec& route,
                                                             std::shared_ptr<Request> request) {
  const Handler* handler = core_->parts.handlers->Find(route);
  if (handler == nullptr) {
    co_return base::Unavailable(kRoleNotHere, "no role of this process serves {} {}",
                                NameOf(route.method), route.path);
  }
  if (core_->workers == nullptr) co_return RunHandler(*handler, route, request.get());

  const auto call = std::make_shared<Call>(socket_.get_executor());
  const auto core = core_;
  core->in_flight.fetch_add(1);
  const bool is_taken = core->workers->SubmitCall([call, core, handler, route = &route, request] {
    if (core->parts.metrics != nullptr) {
      core->parts.metrics->in_flight->With()->Set(core->in_flight.load());
    }
    if (steady_clock::now() < request->deadline) {
      call->result = RunHandler(*handler, *route, request.get());
    }
    core->in_flight.fetch_sub(1);
    asio::post(call->timer.get_executor(), [call] {
      call->is_done = true;
      call->timer.cancel();
    });
  });
  if (!is_taken) {
    core->in_flight.fetch_sub(1);
    core->CountRejected("queue");
    co_return base::Unavailable(kOverloaded, "{} requests wait", core->options.in_flight_max);
  }
  call->timer.expires_at(request->deadline);
  while (!call->is_done) {
    error_code ec;
    co_await call->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) break;  // the deadline
  }
  if (!call->is_done || !call->result.has_value()) {
    core->CountRejected("timeout");
    co_return base::DeadlineExceeded(kDeadlineExceeded, "no answer within the deadline");
  }
  co_return *std::move(call->result);
}

asio::awaitable<bool> Connection::Answer(Response response, bool is_head, bool is_http10, bool keep,
                                         std::string_view request_id) {
  const bool is_stream = response.stream != nullptr;
  const bool is_chunked = is_stream && !is_http10;
  if (is_stream && is_http10) keep = false;
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, PhraseOf(response.status));
  if (!response.content_type.empty()) {
    out += fmt::format("Content-Type: {}\r\n", response.content_type);
  }
  if (is_chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (!is_stream && response.status != 204 && response.status != 304) {
    out += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  if (!request_id.empty()) out += fmt::format("X-Request-Id: {}\r\n", request_id);
  for (const auto& [name, value] : response.headers) out += fmt::format("{}: {}\r\n", name, value);
  out += "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
  out += "Cache-Control: no-store\r\n";
  if (!keep) {
    out += "Connection: close\r\n";
  } else if (is_http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!is_head && !is_stream) out += response.body;
  if (co_await Write(std::move(out)) != Io::kOk) co_return false;
  if (is_stream && !is_head) {
    const bool is_whole =
        co_await AnswerStream(std::shared_ptr<ChunkSource>(std::move(response.stream)), is_chunked);
    co_return keep&& is_whole;
  }
  co_return keep;
}

asio::awaitable<bool> Connection::AnswerStream(std::shared_ptr<ChunkSource> stream,
                                               bool is_chunked) {
  const auto core = core_;
  for (;;) {
    ChunkSource::Chunk chunk;
    if (core->workers == nullptr) {
      chunk = stream->Next(core->is_draining);
    } else {
      const auto call = std::make_shared<Call>(socket_.get_executor());
      core->workers->SubmitPiece([call, stream, core] {
        call->chunk = stream->Next(core->is_draining);
        asio::post(call->timer.get_executor(), [call] {
          call->is_done = true;
          call->timer.cancel();
        });
      });
      call->timer.expires_at(Time::max());
      while (!call->is_done) {
        error_code ec;
        co_await call->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      }
      chunk = std::move(call->chunk);
    }
    if (!chunk.bytes.empty()) {
      std::string out;
      if (is_chunked) out = fmt::format("{:x}\r\n", chunk.bytes.size());
      out += chunk.bytes;
      if (is_chunked) out += "\r\n";
      if (co_await Write(std::move(out)) != Io::kOk) co_return false;
    }
    if (chunk.is_end) {
      if (!is_chunked) co_return true;
      co_return co_await Write("0\r\n\r\n") == Io::kOk;
    }
    if (chunk.wait.count() > 0 && !core->is_draining) {
      error_code ec;
      pause_.expires_after(chunk.wait);
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      if (!socket_.is_open()) co_return false;
    }
  }
}

}  // namespace lineward::http

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <latch>
#include <semaphore>
#include <thread>

#include "http/src/gzip.h"
#include "lineward/base/status.h"
#include "lineward/crypto/sha256.h"
#include "lineward/http/client.h"
#include "lineward/http/server.h"

namespace lineward::http {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kToken = "lw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

// A bare TCP client: what it sends is exactly what the test wrote.
class RawSocket {
 public:
  explicit RawSocket(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }
  ~RawSocket() { close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  RawSocket& Send(std::string_view text) {
    EXPECT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    return *this;
  }
  // Until the server closes.
  std::string ReadAll() {
    std::string all;
    char buffer[4096];
    for (;;) {
      const ssize_t size = recv(fd_, buffer, sizeof(buffer), 0);
      if (size <= 0) return all;
      all.append(buffer, static_cast<size_t>(size));
    }
  }
  // Until `mark` has come.
  std::string ReadUntil(std::string_view mark) {
    std::string all;
    char byte;
    while (!all.ends_with(mark) && recv(fd_, &byte, 1, 0) == 1) all.push_back(byte);
    return all;
  }

 private:
  int fd_;
};

class CountingStream final : public ChunkSource {
 public:
  Chunk Next(bool is_stopping) override {
    if (is_stopping) return {.bytes = "end\n", .is_end = true};
    if (sent_ < 3) return {.bytes = std::to_string(sent_++) + "\n"};
    return {.wait = milliseconds(10)};
  }

 private:
  int sent_ = 0;
};

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}, bool with_tokens = false) {
    options.listen = "127.0.0.1:0";
    if (with_tokens) {
      auto tokens = Authenticator::Tokens(
          "tokens.yaml",
          "tokens: [{name: ann, sha256: \"" + crypto::Sha256Hex(kToken) +
              "\", expires: \"2026-03-02T00:00:00Z\", grants: [{role: viewer}]}]\n",
          absl::FromUnixSeconds(1'772'366'400));
      ASSERT_TRUE(tokens.ok()) << tokens.status();
      authenticator_ = *std::move(tokens);
    } else {
      authenticator_ = Authenticator::None();
    }
    handlers_.Add(Method::kGet, "/v1/version", [](const Request&) -> absl::StatusOr<Response> {
      document::Json version;
      version.Set("version", "1");
      return JsonResponse(version);
    });
    handlers_.Add(Method::kGet, "/v1/decisions/{decision}",
                  [](const Request& request) -> absl::StatusOr<Response> {
                    return base::NotFound("DECISION_NOT_FOUND", "decision `{}`",
                                          request.Parameter("decision"));
                  });
    handlers_.Add(Method::kPost, "/v1/datasets:register",
                  [](const Request& request) -> absl::StatusOr<Response> {
                    Response response;
                    response.body = "<" + request.body + ">";
                    return response;
                  });
    handlers_.Add(Method::kGet, "/v1/models/{model}",
                  [](const Request&) -> absl::StatusOr<Response> {
                    Response response;
                    response.body = "{}";
                    response.headers.emplace_back("ETag", "\"5\"");
                    return response;
                  });
    handlers_.Add(Method::kGet, "/v1/search", [this](const Request&) -> absl::StatusOr<Response> {
      entered_.release();
      leave_.acquire();
      return Response{};
    });
    handlers_.Add(Method::kGet, "/v1/decisions:watch",
                  [](const Request&) -> absl::StatusOr<Response> {
                    Response response;
                    response.content_type = "application/jsonl";
                    response.stream = std::make_unique<CountingStream>();
                    return response;
                  });
    metrics_ = std::make_unique<ServerMetrics>(&registry_);
    server_ = std::make_unique<Server>(std::move(options),
                                       ServerParts{.handlers = &handlers_,
                                                   .authenticator = authenticator_.get(),
                                                   .metrics = metrics_.get(),
                                                   .clock = &clock_});
    const absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
    ASSERT_NE(server_->port(), 0);
  }

  // One request that ends the connection.
  std::string Ask(std::string_view method, std::string_view target, std::string_view fields = "",
                  std::string_view body = "") {
    RawSocket socket(server_->port());
    socket.Send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n{}",
                            method, target, fields, body));
    return socket.ReadAll();
  }
  std::string Raw(std::string_view text) {
    RawSocket socket(server_->port());
    socket.Send(text);
    return socket.ReadAll();
  }
  double Rejected(std::string_view cause) {
    return metrics_->rejected->With({"public", cause})->Value();
  }

  class FixedClock final : public base::Clock {
   public:
    absl::Time Now() const override { return absl::FromUnixSeconds(1'772'366'400); }
    std::chrono::steady_clock::time_point Monotonic() const override { return {}; }
  };

  FixedClock clock_;
  telemetry::MetricRegistry registry_;
  std::counting_semaphore<> entered_{0};
  std::counting_semaphore<> leave_{0};
  Handlers handlers_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<ServerMetrics> metrics_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  Start();
  RawSocket socket(server_->port());
  for (int i = 0; i < 3; ++i) {
    socket.Send("GET /v1/version HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: r-7\r\n\r\n");
    const std::string answer = socket.ReadUntil("}\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("X-Request-Id: r-7\r\n"));
    EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n{\"version\":\"1\"}\n"));
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  RawSocket socket(server_->port());
  const std::string first = "GET /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string second =
      "GET /v1/decisions/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  socket.Send(first + second);
  const std::string all = socket.ReadAll();
  EXPECT_LT(all.find("200 OK"), all.find("404 Not Found"));
  EXPECT_NE(all.find("404 Not Found"), std::string::npos);
}

TEST_F(ServerTest, MapsAStatusToAProblemDocument) {
  Start();
  const std::string answer = Ask("GET", "/v1/decisions/a%2Fb");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/problem+json\r\n"));
  EXPECT_THAT(answer, HasSubstr("\"detail\":\"decision `a/b`\""));
}

TEST_F(ServerTest, ServesHeadOptionsAndRefusesOtherMethods) {
  Start();
  const std::string head = Ask("HEAD", "/v1/version");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 16\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
  EXPECT_THAT(Ask("OPTIONS", "/v1/version"), HasSubstr("Allow: GET, HEAD, OPTIONS\r\n"));
  for (const char* method : {"POST", "DELETE", "TRACE", "CONNECT", "BREW"}) {
    const std::string target = method == std::string("CONNECT") ? "a:1" : "/v1/version";
    const std::string answer = Ask(method, target);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405") || answer.starts_with("HTTP/1.1 400"))
        << method << ": " << answer;
  }
  EXPECT_THAT(Ask("POST", "/v1/version"), HasSubstr("Allow: GET, HEAD, OPTIONS\r\n"));
}

TEST_F(ServerTest, RefusesUnknownRoutesAndQueries) {
  Start();
  EXPECT_THAT(Ask("GET", "/v1/nothing"), HasSubstr("ROUTE_NOT_FOUND"));
  EXPECT_THAT(Ask("GET", "/v1/version?a=1"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Ask("GET", "/v1/decisions?page_size=1&page_size=2"), HasSubstr("given twice"));
}

TEST_F(ServerTest, SaysWhichRoutesNoRoleServes) {
  Start();
  const std::string answer = Ask("GET", "/v1/models");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("ROLE_NOT_HERE"));
}

TEST_F(ServerTest, ReadsABodyByLengthAndByChunks) {
  Start();
  EXPECT_THAT(Ask("POST", "/v1/datasets:register", "Content-Length: 2\r\n", "{}"),
              EndsWith("\r\n\r\n<{}>"));
  EXPECT_THAT(Ask("POST", "/v1/datasets:register", "Transfer-Encoding: chunked\r\n",
                  "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
              EndsWith("\r\n\r\n<{}>"));
}

TEST_F(ServerTest, RefusesABodyOverTheRoutesLimitWithoutReadingIt) {
  Start();
  const std::string by_length =
      Ask("POST", "/v1/datasets:register", "Content-Length: 65537\r\n", "{");
  EXPECT_THAT(by_length, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(by_length, HasSubstr("Connection: close"));
  std::string chunks;
  for (int i = 0; i < 20; ++i) chunks += "1000\r\n" + std::string(4096, 'a') + "\r\n";
  EXPECT_THAT(Ask("POST", "/v1/datasets:register", "Transfer-Encoding: chunked\r\n", chunks),
              StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(Rejected("body"), 2);
}

TEST_F(ServerTest, SendsContinueOnlyWhenItWillTakeTheBody) {
  Start();
  {
    RawSocket socket(server_->port());
    socket.Send(
        "POST /v1/datasets:register HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(socket.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    socket.Send("{}");
    EXPECT_THAT(socket.ReadAll(), StartsWith("HTTP/1.1 200"));
  }
  EXPECT_THAT(
      Ask("POST", "/v1/datasets:register", "Expect: 100-continue\r\nContent-Length: 99999\r\n"),
      StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, RefusesBodiesThatAreNoJson) {
  Start();
  EXPECT_THAT(Ask("POST", "/v1/datasets:register",
                  "Content-Type: application/x-protobuf\r\nContent-Length: 2\r\n", "{}"),
              HasSubstr("ENCODING_UNSUPPORTED"));
  EXPECT_THAT(Ask("POST", "/v1/datasets:register",
                  "Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n", "{}"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ask("GET", "/v1/version", "Accept: text/html\r\n"), StartsWith("HTTP/1.1 406"));
  EXPECT_THAT(Ask("GET", "/v1/version", "Accept: text/html, */*;q=0.1\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, InflatesABodyOfGzipWithinTheLimitOfItsRoute) {
  Start();
  const auto ask = [this](std::string_view body, std::string_view encoding) {
    return Ask("POST", "/v1/datasets:register",
               fmt::format("Content-Encoding: {}\r\nContent-Length: {}\r\n", encoding, body.size()),
               body);
  };
  EXPECT_THAT(ask(Gzip("{}"), "gzip"), EndsWith("\r\n\r\n<{}>"));
  EXPECT_THAT(ask("{}", "identity"), EndsWith("\r\n\r\n<{}>"));
  EXPECT_THAT(ask(Gzip(std::string(64 << 10, ' ')), "gzip"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask(Gzip(std::string((64 << 10) + 1, ' ')), "gzip"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask("{}", "gzip"), HasSubstr("REQUEST_MALFORMED"));
  EXPECT_THAT(ask("{}", "br"), HasSubstr("ENCODING_UNSUPPORTED"));
}

TEST_F(ServerTest, AnswersAReaderThatHoldsTheNewestRevisionWithoutABody) {
  Start();
  const std::string newest = Ask("GET", "/v1/models/ranker", "If-None-Match: \"4\", \"5\"\r\n");
  EXPECT_THAT(newest, StartsWith("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_THAT(newest, HasSubstr("ETag: \"5\"\r\n"));
  EXPECT_THAT(newest, Not(HasSubstr("\r\nContent-")));
  EXPECT_THAT(newest, EndsWith("\r\n\r\n"));
  const std::string older = Ask("GET", "/v1/models/ranker", "If-None-Match: \"4\"\r\n");
  EXPECT_THAT(older, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(older, EndsWith("\r\n\r\n{}"));
}

TEST_F(ServerTest, RefusesHeadsThatCouldBeReadInTwoWays) {
  Start();
  const std::string line = "GET /v1/version HTTP/1.1\r\n";
  const std::vector<std::string> broken = {
      line + "Host: localhost\r\nHost: localhost\r\n\r\n",
      line + "\r\n",
      line + "Host: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      line + "Host: localhost\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
      line + "Host: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      line + "Host: localhost\r\nA: b\r\n c: d\r\n\r\n",
      line + "Host: localhost\n\r\n",
      "GET /v1/version HTTP/1.1\nHost: localhost\n\n",
      "GET /v1/version HTTP/2.0\r\nHost: localhost\r\n\r\n",
      "GET  /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n",
      line + "Host : localhost\r\n\r\n",
      "\x16\x03\x01\r\n\r\n",
  };
  for (const std::string& text : broken) {
    EXPECT_THAT(Raw(text), StartsWith("HTTP/1.1 400")) << text;
  }
  EXPECT_EQ(Rejected("malformed"), static_cast<double>(broken.size()));
}

TEST_F(ServerTest, BoundsLineHeadAndFields) {
  Start();
  EXPECT_THAT(Raw("GET /" + std::string(9000, 'a')), StartsWith("HTTP/1.1 414"));
  EXPECT_THAT(Raw("GET / HTTP/1.1\r\nA: " + std::string(16400, 'a')), StartsWith("HTTP/1.1 431"));
  std::string fields;
  for (int i = 0; i < 101; ++i) fields += "A: b\r\n";
  EXPECT_THAT(Raw("GET / HTTP/1.1\r\n" + fields + "\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_EQ(Rejected("uri"), 1);
  EXPECT_EQ(Rejected("head"), 2);
}

TEST_F(ServerTest, EndsASlowHeadWith408AndAnIdleSocketSilently) {
  Start({.head_timeout = milliseconds(50), .idle_timeout = milliseconds(100)});
  EXPECT_THAT(Raw("GET /v1/ver"), StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(Raw(""), "");
  EXPECT_EQ(Rejected("timeout"), 1);
}

TEST_F(ServerTest, EndsASlowBodyWith408) {
  Start({.body_window = milliseconds(50)});
  EXPECT_THAT(Raw("POST /v1/datasets:register HTTP/1.1\r\nHost: localhost\r\n"
                  "Content-Length: 60000\r\n\r\n{"),
              StartsWith("HTTP/1.1 408"));
}

TEST_F(ServerTest, GivesUpOnAHandlerAtItsDeadline) {
  Start({.request_timeout = milliseconds(50)});
  EXPECT_THAT(Ask("GET", "/v1/search?q=a"), StartsWith("HTTP/1.1 504"));
  leave_.release();
}

TEST_F(ServerTest, TakesAShorterDeadlineFromTheClient) {
  Start();
  EXPECT_THAT(Ask("GET", "/v1/search?q=a", "Lineward-Timeout-Ms: 30\r\n"),
              StartsWith("HTTP/1.1 504"));
  leave_.release();
}

TEST_F(ServerTest, BoundsRequestsInFlight) {
  Start({.workers = 1, .in_flight_max = 1});
  RawSocket first(server_->port());
  first.Send("GET /v1/search?q=a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  entered_.acquire();
  const std::string refused = Ask("GET", "/v1/version");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
  leave_.release();
  EXPECT_THAT(first.ReadAll(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, BoundsConnectionsPerAddress) {
  Start({.per_address_max = 1});
  RawSocket first(server_->port());
  first.Send("GET /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n").ReadUntil("}\n");
  EXPECT_EQ(Raw(""), "");
  EXPECT_EQ(Rejected("per_ip"), 1);
}

TEST_F(ServerTest, BoundsTheRateOfAnIdentity) {
  Start({.requests_per_s = 0.001, .request_burst = 2});
  EXPECT_THAT(Ask("GET", "/v1/decisions/a"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask("GET", "/v1/decisions/a"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask("GET", "/v1/decisions/a"), StartsWith("HTTP/1.1 429"));
  EXPECT_EQ(Rejected("rate"), 1);
}

TEST_F(ServerTest, WithoutAuthenticationServesLoopbackNamesOnly) {
  Start();
  EXPECT_THAT(Raw("GET /v1/version HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 421"));
  EXPECT_THAT(Raw("GET /v1/version HTTP/1.1\r\nHost: 127.0.0.1:80\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, AsksForAToken) {
  Start({}, true);
  EXPECT_THAT(Ask("GET", "/v1/version"), StartsWith("HTTP/1.1 200"));
  const std::string refused = Ask("GET", "/v1/decisions/a");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(refused, HasSubstr("WWW-Authenticate: Bearer\r\n"));
  const std::string with = "Authorization: Bearer " + kToken + "\r\n";
  EXPECT_THAT(Ask("GET", "/v1/decisions/a", with), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask("POST", "/v1/datasets:register", with + "Content-Length: 2\r\n", "{}"),
              StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(Ask("GET", "/v1/decisions/a", with + with), HasSubstr("AUTH_AMBIGUOUS"));
}

TEST_F(ServerTest, EndsStreamsWhenItDrains) {
  Start();
  RawSocket socket(server_->port());
  socket.Send("GET /v1/decisions:watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string start = socket.ReadUntil("2\n\r\n");
  EXPECT_THAT(start, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(server_->Drain(milliseconds(5000)));
  EXPECT_EQ(socket.ReadAll(), "4\r\nend\n\r\n0\r\n\r\n");
}

TEST_F(ServerTest, FinishesRequestsAndClosesIdleSocketsWhenItDrains) {
  Start();
  RawSocket idle(server_->port());
  idle.Send("GET /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n").ReadUntil("}\n");
  RawSocket busy(server_->port());
  busy.Send("GET /v1/search?q=a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  entered_.acquire();
  bool is_drained = false;
  {
    const std::jthread drain([&] { is_drained = server_->Drain(milliseconds(5000)); });
    EXPECT_EQ(idle.ReadAll(), "");  // the drain has begun
    leave_.release();
    EXPECT_THAT(busy.ReadAll(), HasSubstr("Connection: close\r\n"));
  }
  EXPECT_TRUE(is_drained);
}

TEST_F(ServerTest, TellsWhenThePortIsInUse) {
  Start();
  Server second({.listen = fmt::format("127.0.0.1:{}", server_->port())},
                {.handlers = &handlers_, .authenticator = authenticator_.get()});
  const absl::Status status = second.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(base::ReasonOf(status), "LISTEN_FAILED");
  EXPECT_THAT(std::string(base::MessageOf(status)), HasSubstr("Address already in use"));
}

TEST_F(ServerTest, SpeaksWithOurClient) {
  Start();
  Client client({.endpoint = fmt::format("http://127.0.0.1:{}", server_->port())});
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.Call(Method::kPost, "/v1/datasets:register", "{\"a\":1}");
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "<{\"a\":1}>");
  }
  std::string lines;
  const absl::Status streamed =
      client.Stream("/v1/decisions:watch", milliseconds(5000), [&lines](std::string_view piece) {
        lines += piece;
        return lines.size() < 6;
      });
  EXPECT_TRUE(streamed.ok()) << streamed;
  EXPECT_EQ(lines, "0\n1\n2\n");
  const absl::Status refused =
      client.Stream("/v1/decisions:watch?x=1", milliseconds(5000), [](auto) { return true; });
  EXPECT_EQ(base::ReasonOf(refused), "QUERY_INVALID");
}

TEST(Client, TellsADeadEndpointFromAHangingOneAndGarbage) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string endpoint = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
  EXPECT_EQ(Client({.endpoint = endpoint}).Call(Method::kGet, "/").status().code(),
            absl::StatusCode::kUnavailable);
  ASSERT_EQ(listen(fd, 1), 0);
  EXPECT_EQ(Client({.endpoint = endpoint, .timeout = milliseconds(50)})
                .Call(Method::kGet, "/")
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
  std::jthread garbage([fd] {
    for (int i = 0; i < 2; ++i) {
      const int connection = accept(fd, nullptr, nullptr);
      const std::string_view text = "no http at all\r\n\r\n";
      send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      close(connection);
    }
  });
  // The connection that timed out above may be the first one that is accepted.
  EXPECT_EQ(Client({.endpoint = endpoint}).Call(Method::kGet, "/").status().code(),
            absl::StatusCode::kUnavailable);
  shutdown(fd, SHUT_RDWR);
  garbage.join();
  close(fd);
  EXPECT_EQ(Client({.endpoint = "ftp://x"}).Call(Method::kGet, "/").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lineward::http

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "http/src/forward.h"
#include "lineward/base/status.h"
#include "lineward/http/server.h"

namespace lineward::http {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::Pair;

// A writer that keeps what it was asked and answers with `answer`.
class ForwarderTest : public testing::Test {
 protected:
  void SetUp() override {
    handlers_.Add(Method::kPost, "/v1/datasets:register",
                  [this](const Request& request) -> absl::StatusOr<Response> {
                    asked_.emplace();
                    asked_->target = request.target;
                    asked_->headers = request.headers;
                    asked_->body = request.body;
                    if (refusal_.ok()) {
                      Response response;
                      response.status = 201;
                      response.body = "{\"name\":\"x\"}";
                      response.headers.emplace_back("Location", "/v1/datasets/default/x");
                      return response;
                    }
                    return refusal_;
                  });
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    server_ = std::make_unique<Server>(options, ServerParts{.handlers = &handlers_,
                                                            .authenticator = authenticator_.get(),
                                                            .metrics = &metrics_});
    ASSERT_TRUE(server_->Start().ok());
    address_ = "127.0.0.1:" + std::to_string(server_->port());
  }
  Request Asked(std::vector<Header> headers = {}) const {
    Request request;
    request.method = Method::kPost;
    request.target = "/v1/datasets:register?validate_only=true";
    request.headers = std::move(headers);
    request.body = "{\"name\":\"x\"}";
    request.request_id = "r-1";
    request.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    return request;
  }

  Handlers handlers_;
  std::unique_ptr<Authenticator> authenticator_ = Authenticator::None();
  telemetry::MetricRegistry registry_;
  ServerMetrics metrics_{&registry_};
  absl::Status refusal_;
  std::optional<Request> asked_;
  std::unique_ptr<Server> server_;
  std::string address_;
  Forwarder forwarder_;
};

TEST_F(ForwarderTest, PassesTheRequestOnAsItCame) {
  const auto answer = forwarder_.Forward(
      Asked({{"authorization", "Bearer t"}, {"traceparent", "00-1"}, {"cookie", "c"}}), address_);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_TRUE(asked_.has_value());
  EXPECT_EQ(asked_->target, "/v1/datasets:register?validate_only=true");
  EXPECT_EQ(asked_->body, "{\"name\":\"x\"}");
  EXPECT_THAT(asked_->headers, Contains(Pair("authorization", "Bearer t")));
  EXPECT_THAT(asked_->headers, Contains(Pair("traceparent", "00-1")));
  EXPECT_THAT(asked_->headers, Contains(Pair("x-request-id", "r-1")));
  EXPECT_THAT(asked_->headers, Contains(Pair("lineward-forwarded", "1")));
  EXPECT_THAT(asked_->headers, testing::Not(Contains(Pair("cookie", testing::_))));
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "{\"name\":\"x\"}");
  EXPECT_THAT(answer->headers, Contains(Pair("location", "/v1/datasets/default/x")));
}

TEST_F(ForwarderTest, ARefusalComesBackAsItIs) {
  refusal_ = base::AlreadyExists("CONTENT_CONFLICT", "`x` is registered with another type");
  for (int i = 0; i < 2; ++i) {
    const auto answer = forwarder_.Forward(Asked(), address_);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status, 409);
    EXPECT_EQ(answer->content_type, "application/problem+json");
    EXPECT_NE(answer->body.find("CONTENT_CONFLICT"), std::string::npos);
  }
}

TEST_F(ForwarderTest, PassesNothingOnTwice) {
  const auto answer = forwarder_.Forward(Asked({{"lineward-forwarded", "1"}}), address_);
  EXPECT_EQ(base::ReasonOf(answer.status()), "NO_WRITER");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(asked_.has_value());
}

TEST_F(ForwarderTest, AWriterThatIsGoneIsNoWriter) {
  server_.reset();
  const auto answer = forwarder_.Forward(Asked(), address_);
  EXPECT_EQ(base::ReasonOf(answer.status()), "NO_WRITER");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ForwarderTest, WithoutTimeItAsksNobody) {
  Request late = Asked();
  late.deadline = std::chrono::steady_clock::now();
  const auto answer = forwarder_.Forward(late, address_);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(asked_.has_value());
}

TEST(OnWriter, WithoutARegistryNothingIsReady) {
  const Handler handler = OnWriter([] { return nullptr; }, {}, std::make_shared<Forwarder>(),
                                   [](const Request&) { return Response{}; });
  EXPECT_EQ(base::ReasonOf(handler(Request{}).status()), "NOT_READY");
}

}  // namespace
}  // namespace lineward::http

#include "lineward/http/problem.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"

namespace lineward::http {
namespace {

TEST(HttpStatusOf, FollowsTheCode) {
  EXPECT_EQ(HttpStatusOf(base::InvalidArgument("X", "x")), 400);
  EXPECT_EQ(HttpStatusOf(base::NotFound("X", "x")), 404);
  EXPECT_EQ(HttpStatusOf(base::AlreadyExists("X", "x")), 409);
  EXPECT_EQ(HttpStatusOf(base::ResourceExhausted("X", "x")), 503);
  EXPECT_EQ(HttpStatusOf(base::Unauthenticated("X", "x")), 401);
  EXPECT_EQ(HttpStatusOf(base::PermissionDenied("X", "x")), 403);
  EXPECT_EQ(HttpStatusOf(base::DataLoss("X", "x")), 500);
  EXPECT_EQ(HttpStatusOf(base::Unknown("X", "x")), 504);
  EXPECT_EQ(HttpStatusOf(base::Unimplemented("X", "x")), 501);
}

TEST(HttpStatusOf, FollowsTheReasonWhereTheCodeIsTooCoarse) {
  EXPECT_EQ(HttpStatusOf(base::InvalidArgument("BODY_TOO_LARGE", "x")), 413);
  EXPECT_EQ(HttpStatusOf(base::InvalidArgument("ENCODING_UNSUPPORTED", "x")), 415);
  EXPECT_EQ(HttpStatusOf(base::NotFound("DECISION_EXPIRED", "x")), 410);
  EXPECT_EQ(HttpStatusOf(base::ResourceExhausted("RATE_LIMITED", "x")), 429);
}

TEST(ProblemResponse, TellsTheWholeStory) {
  const absl::Status status = WithViolation(
      base::InvalidArgument("PURPOSE_UNKNOWN", "dataset `clicks`: unknown purpose `dpv:X`"),
      "grants[0].purposes[1]", "nearest: `dpv:Y`");
  const Response response = ProblemResponse(status, "r-1");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            "{\"type\":\"urn:lineward:error:PURPOSE_UNKNOWN\",\"title\":\"purpose unknown\","
            "\"status\":400,\"code\":\"INVALID_ARGUMENT\",\"reason\":\"PURPOSE_UNKNOWN\","
            "\"domain\":\"lineward\",\"detail\":\"dataset `clicks`: unknown purpose `dpv:X`\","
            "\"violations\":[{\"field\":\"grants[0].purposes[1]\","
            "\"message\":\"nearest: `dpv:Y`\"}],\"request_id\":\"r-1\","
            "\"docs\":\"/docs/errors#PURPOSE_UNKNOWN\",\"retry_after\":0}\n");
}

TEST(ProblemResponse, SaysWhenToComeBack) {
  const Response response = ProblemResponse(base::Unavailable("NO_WRITER", "x"), "r");
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0], Header("Retry-After", "1"));
}

TEST(StatusOfProblem, IsTheInverseOfProblemResponse) {
  const absl::Status sent = base::NotFound("MODEL_NOT_FOUND", "model `a` \"b\"");
  const Response response = ProblemResponse(sent, "r");
  const absl::Status back = StatusOfProblem(response.status, response.body);
  EXPECT_EQ(back.code(), sent.code());
  EXPECT_EQ(base::ReasonOf(back), "MODEL_NOT_FOUND");
  EXPECT_EQ(base::MessageOf(back), base::MessageOf(sent));
}

TEST(StatusOfProblem, TakesNoGarbageForAnAnswer) {
  EXPECT_EQ(StatusOfProblem(200, "<html>").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StatusOfProblem(500, "{\"reason\":1}").code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace lineward::http

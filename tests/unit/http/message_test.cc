#include "lineward/http/message.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

Request WithQuery(std::string name, std::string value) {
  Request request;
  request.query.emplace_back(std::move(name), std::move(value));
  return request;
}

TEST(Request, ReadsIntegersWithinTheirBounds) {
  EXPECT_EQ(*WithQuery("n", "7").QueryInt("n", 1, 0, 10), 7);
  EXPECT_EQ(*Request().QueryInt("n", 1, 0, 10), 1);
  for (const char* text : {"", "11", "-1", "x", "7 ", "1e3"}) {
    EXPECT_EQ(base::ReasonOf(WithQuery("n", text).QueryInt("n", 1, 0, 10).status()), kQueryInvalid)
        << text;
  }
}

TEST(Request, ReadsBooleansByTheirTwoWords) {
  EXPECT_TRUE(*WithQuery("b", "true").QueryBool("b", false));
  EXPECT_FALSE(*WithQuery("b", "false").QueryBool("b", true));
  EXPECT_TRUE(*Request().QueryBool("b", true));
  EXPECT_EQ(base::ReasonOf(WithQuery("b", "1").QueryBool("b", false).status()), kQueryInvalid);
}

TEST(Request, ReadsTimesOfRfc3339) {
  const auto time = WithQuery("t", "2026-11-01T00:00:00.5Z").QueryTime("t", absl::UnixEpoch());
  ASSERT_TRUE(time.ok());
  EXPECT_EQ(TimeText(*time), "2026-11-01T00:00:00.5Z");
  EXPECT_EQ(base::ReasonOf(WithQuery("t", "yesterday").QueryTime("t", absl::UnixEpoch()).status()),
            kQueryInvalid);
}

TEST(Request, GivesAllValuesOfARepeatedParameter) {
  Request request = WithQuery("by", "outcome");
  request.query.emplace_back("by", "reason");
  EXPECT_EQ(request.Queries("by"), (std::vector<std::string_view>{"outcome", "reason"}));
  EXPECT_EQ(request.Query("by"), "outcome");
}

TEST(Json, IsWrittenInTheOrderInWhichMembersWereSet) {
  document::Json inner;
  inner.Append("x\"");
  document::Json json;
  json.Set("z", 1);
  json.Set("a", std::move(inner));
  EXPECT_EQ(WriteJson(json), R"({"z":1,"a":["x\""]})");
}

TEST(Json, ABodyIsAnObject) {
  Request request;
  request.body = R"({"a":1})";
  EXPECT_TRUE(JsonBody(request).ok());
  for (const char* body : {"[]", "1", "", "{\"a\":1,\"a\":2}"}) {
    request.body = body;
    EXPECT_EQ(base::ReasonOf(JsonBody(request).status()), "JSON_INVALID") << body;
  }
}

}  // namespace
}  // namespace lineward::http

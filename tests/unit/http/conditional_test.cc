#include "http/src/conditional.h"

#include <gtest/gtest.h>

namespace lineward::http {
namespace {

Response Tagged() {
  Response response;
  response.body = "{}";
  response.headers.emplace_back("ETag", "\"5\"");
  return response;
}

int StatusFor(std::string_view if_none_match, Response response = Tagged(),
              Method method = Method::kGet) {
  Request request;
  request.method = method;
  request.headers.emplace_back("if-none-match", if_none_match);
  AnswerConditionally(request, &response);
  EXPECT_EQ(response.status == 304, response.body.empty());
  return response.status;
}

TEST(Conditional, TheTagThatIsHeldGivesNoBody) {
  for (const char* held : {"\"5\"", "W/\"5\"", "\"4\", \"5\"", "*"}) {
    EXPECT_EQ(StatusFor(held), 304) << held;
  }
}

TEST(Conditional, AnotherTagOrNoneGivesTheBody) {
  for (const char* held : {"", "\"4\"", "5", "\"55\""}) EXPECT_EQ(StatusFor(held), 200) << held;
}

TEST(Conditional, WithoutATagOfOursTheBodyIsGiven) {
  Response untagged = Tagged();
  untagged.headers.clear();
  EXPECT_EQ(StatusFor("*", std::move(untagged)), 200);
}

TEST(Conditional, WritesAndErrorsAreLeftAlone) {
  EXPECT_EQ(StatusFor("*", Tagged(), Method::kPost), 200);
  Response missing = Tagged();
  missing.status = 404;
  EXPECT_EQ(StatusFor("*", std::move(missing)), 404);
}

}  // namespace
}  // namespace lineward::http

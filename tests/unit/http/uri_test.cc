#include "lineward/http/uri.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"

namespace lineward::http {
namespace {

TEST(ParseTarget, SplitsBeforeItDecodes) {
  const auto target = ParseTarget("/v1/datasets/s3%3A%2F%2Flake/clicks");
  ASSERT_TRUE(target.ok()) << target.status();
  ASSERT_EQ(target->segments.size(), 4u);
  EXPECT_EQ(target->segments[2], "s3%3A%2F%2Flake");
  EXPECT_EQ(target->verb, "");
}

TEST(ParseTarget, TakesTheVerbAfterTheLastUnencodedColon) {
  const auto target = ParseTarget("/v1/policySets/sha256%3Aab:explain?x=1");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->segments[2], "sha256%3Aab");
  EXPECT_EQ(target->verb, "explain");
}

TEST(ParseTarget, DecodesTheQuery) {
  const auto target = ParseTarget("/a?filter=x%20%3D%20%22b%26c%22&by=d+e&flag&&empty=");
  ASSERT_TRUE(target.ok()) << target.status();
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"filter", "x = \"b&c\""}, {"by", "d e"}, {"flag", ""}, {"empty", ""}};
  EXPECT_EQ(target->query, expected);
}

TEST(ParseTarget, RefusesWhatIsNoOriginForm) {
  for (const char* text : {"", "*", "http://x/a", "/a#b", "/a?x=%g1"}) {
    const auto target = ParseTarget(text);
    EXPECT_EQ(base::ReasonOf(target.status()), "REQUEST_MALFORMED") << text;
  }
}

TEST(ParseTarget, BoundsTheNumberOfParameters) {
  std::string text = "/a?";
  for (int i = 0; i < 100; ++i) text += "x&";
  EXPECT_TRUE(ParseTarget(text).ok());
  EXPECT_FALSE(ParseTarget(text + "x").ok());
}

}  // namespace
}  // namespace lineward::http

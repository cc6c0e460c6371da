#include "lineward/document/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lineward/base/status.h"

namespace lineward::document {
namespace {

std::string Number(double value) {
  std::string out;
  AppendJsonNumber(&out, value);
  return out;
}

std::string Again(std::string_view text) {
  const absl::StatusOr<Json> value = ParseJson(text);
  return value.ok() ? Canonical(*value) : std::string(base::MessageOf(value.status()));
}

// RFC 8785, appendix B.
TEST(Json, WritesNumbersAsTheTableOfTheRfc) {
  EXPECT_EQ(Number(0.0), "0");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(5e-324), "5e-324");
  EXPECT_EQ(Number(-5e-324), "-5e-324");
  EXPECT_EQ(Number(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(Number(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(Number(295147905179352830000.0), "295147905179352830000");
  EXPECT_EQ(Number(9.999999999999997e22), "9.999999999999997e+22");
  EXPECT_EQ(Number(1e23), "1e+23");
  EXPECT_EQ(Number(999999999999999700000.0), "999999999999999700000");
  EXPECT_EQ(Number(1e21), "1e+21");
  EXPECT_EQ(Number(9.999999999999997e-7), "9.999999999999997e-7");
  EXPECT_EQ(Number(0.000001), "0.000001");
  EXPECT_EQ(Number(333333333.3333332), "333333333.3333332");
  EXPECT_EQ(Number(-0.0000033333333333333333), "-0.0000033333333333333333");
  EXPECT_EQ(Number(1424953923781206.2), "1424953923781206.2");
}

// RFC 8785, section 3.2.3.
TEST(Json, SortsMembersByUtf16CodeUnits) {
  EXPECT_EQ(Again(R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew","1":"One",)"
                  R"("\ud83d\ude00":"Emoji","\u0080":"Control","\u00f6":"Latin"})"),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\",\"\xC3\xB6\":"
            "\"Latin\",\"\xE2\x82\xAC\":\"Euro Sign\",\"\xF0\x9F\x98\x80\":\"Emoji\","
            "\"\xEF\xAC\xB3\":\"Hebrew\"}");
}

TEST(Json, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(Again(R"("\u000f\u000a\"\\\/\u0041\u20ac\b")"),
            "\"\\u000f\\n\\\"\\\\/A\xE2\x82\xAC\\b\"");
}

TEST(Json, KeepsWholeNumbersExact) {
  EXPECT_EQ(Again("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(Again("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(Again("[1.0,1e2,-0]"), "[1,100,0]");
}

TEST(Json, RefusesWhatTheRfcDoes) {
  for (std::string_view text : {"",
                                "{",
                                "[1,]",
                                "{\"a\":1,}",
                                "01",
                                "1.",
                                "+1",
                                ".5",
                                "NaN",
                                "'a'",
                                "\"\t\"",
                                "\"\\x\"",
                                "\"\\u12\"",
                                "\"\\ud800\"",
                                "\"\\udc00\"",
                                "1 2",
                                "{\"a\":1,\"a\":2}",
                                "1e999",
                                "\"a",
                                "{a:1}",
                                "tru",
                                "\"\xC3(\"",
                                "-"}) {
    const absl::StatusOr<Json> value = ParseJson(text);
    EXPECT_FALSE(value.ok()) << text;
    EXPECT_EQ(base::ReasonOf(value.status()), "JSON_INVALID") << text;
  }
}

TEST(Json, NamesLineAndColumnOfAnError) { EXPECT_EQ(Again("{\n \"a\" 1}"), "2:6: `:` is missing"); }

TEST(Json, RefusesDepthAboveTheLimitAndTakesTheLimit) {
  EXPECT_TRUE(ParseJson("[[1]]", 3).ok());
  EXPECT_FALSE(ParseJson("[[1]]", 2).ok());
  EXPECT_FALSE(ParseJson(std::string(100000, '[')).ok());
}

TEST(Json, FindsSetsAndReplacesMembers) {
  Json value;
  value.Set("b", 1).Set("a", Json().Append("x").Append(true)).Set("b", 2.5);
  EXPECT_EQ(Canonical(value), R"({"a":["x",true],"b":2.5})");
  EXPECT_EQ(value.Find("b")->AsDouble(), 2.5);
  EXPECT_EQ(value.Find("c"), nullptr);
}

TEST(Json, ShowsPeopleTheSameContent) {
  EXPECT_EQ(Pretty(*ParseJson(R"({"b":[1,{}],"a":[]})")),
            "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": []\n}");
}

TEST(JsonDeathTest, StopsAtANumberThatIsNotFinite) {
  EXPECT_DEATH(Canonical(Json(std::numeric_limits<double>::infinity())), "not finite");
}

}  // namespace
}  // namespace lineward::document

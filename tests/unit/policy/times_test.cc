#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/policy/source.h"

namespace lineward::policy {
namespace {

TEST(ParseTime, CountsMicrosecondsSince1970) {
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseTime("1970-01-02T00:00:01Z"), 86'401'000'000);
  EXPECT_EQ(ParseTime("1969-12-31T23:59:59.999999Z"), -1);
  EXPECT_EQ(ParseTime("2027-01-01T00:00:00Z"), 1'798'761'600'000'000);
}

TEST(ParseTime, TakesUpToSixFractionDigits) {
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.5Z"), 500'000);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.000001Z"), 1);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.0000001Z"), std::nullopt);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.Z"), std::nullopt);
}

TEST(ParseTime, KnowsLeapDaysAndRefusesDatesThatDoNotExist) {
  EXPECT_EQ(*ParseTime("2024-03-01T00:00:00Z") - *ParseTime("2024-02-28T00:00:00Z"),
            2 * 86'400'000'000);
  EXPECT_EQ(ParseTime("2023-02-29T00:00:00Z"), std::nullopt);
  EXPECT_EQ(ParseTime("1900-02-29T00:00:00Z"), std::nullopt);
  EXPECT_EQ(ParseTime("2026-13-01T00:00:00Z"), std::nullopt);
  EXPECT_EQ(ParseTime("2026-01-01T24:00:00Z"), std::nullopt);
  EXPECT_EQ(ParseTime("2026-01-01T00:00:60Z"), std::nullopt);
}

TEST(ParseTime, RefusesEveryOtherSpelling) {
  for (const char* text :
       {"", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01T12:00:00+00:00",
        "2026-03-01 12:00:00Z", "2026-03-01t12:00:00z", "2026-3-01T12:00:00Z",
        "2026-03-01T12:00:00Z ", "+2026-03-01T12:00:00Z", "0000-01-01T00:00:00Z"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

TEST(FormatTime, WritesTheShortestFractionThatReadsBack) {
  EXPECT_EQ(FormatTime(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime(500'000), "1970-01-01T00:00:00.5Z");
  EXPECT_EQ(FormatTime(1), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(FormatTime(-1), "1969-12-31T23:59:59.999999Z");
  for (int64_t time : {int64_t{1'772'366'400'120'000}, int64_t{-1'000'001}, int64_t{951'782'400}}) {
    EXPECT_EQ(ParseTime(FormatTime(time)), time);
  }
}

}  // namespace
}  // namespace lineward::policy

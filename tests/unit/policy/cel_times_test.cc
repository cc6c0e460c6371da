#include <gtest/gtest.h>

#include "policy/src/cel/times.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelTimes, ReadsTimestamps) {
  EXPECT_EQ(Evaluated("timestamp('2026-02-28T23:59:59.5+01:30')"),
            "timestamp(\"2026-02-28T22:29:59.5Z\")");
  EXPECT_EQ(Evaluated("int(timestamp('1969-12-31T23:59:59Z'))"), "-1");
  for (std::string_view text :
       {"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.0123456789Z", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+1:00",
        ""}) {
    EXPECT_EQ(ToText(ParseTimestamp(text)), "failure(malformed text)") << text;
  }
  EXPECT_EQ(ToText(ParseTimestamp("0001-01-01T00:00:00+00:01")), "failure(out of range)");
  EXPECT_EQ(ToText(ParseTimestamp("10000-01-01T00:00:00Z")), "failure(out of range)");
}

TEST(CelTimes, ReadsDurations) {
  EXPECT_EQ(DurationText(ParseDuration("1h30m1.5s")), "5401.5s");
  EXPECT_EQ(DurationText(ParseDuration("-1.5h")), "-5400s");
  EXPECT_EQ(DurationText(ParseDuration("250ms")), "0.25s");
  EXPECT_EQ(DurationText(ParseDuration("1us1ns")), "0.000001001s");
  EXPECT_EQ(DurationText(ParseDuration("0")), "0s");
  EXPECT_EQ(DurationText(ParseDuration("-9223372036854775808ns")), "-9223372036.854775808s");
  for (std::string_view text : {"", "-", "1", "1x", "h", ".s", "1h ", "--1s"}) {
    EXPECT_EQ(ToText(ParseDuration(text)), "failure(malformed text)") << text;
  }
  for (std::string_view text :
       {"9223372036854775808ns", "3000000h", "99999999999999999999999999s"}) {
    EXPECT_EQ(ToText(ParseDuration(text)), "failure(out of range)") << text;
  }
}

TEST(CelTimes, StaysInYearsOneTo9999) {
  EXPECT_EQ(Evaluated("timestamp('9999-12-31T23:59:59.999999999Z') + duration('1ns')"),
            "failure(out of range) at 44");
  EXPECT_EQ(Evaluated("timestamp('0001-01-01T00:00:00Z') - duration('1ns')"),
            "failure(out of range) at 34");
  EXPECT_EQ(Evaluated("timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')"),
            "failure(overflow) at 34");
  EXPECT_EQ(Evaluated("duration('9000000000s') + duration('9000000000s')"),
            "failure(overflow) at 24");
}

TEST(CelTimes, ReadsTheCalendar) {
  const std::string leap = "timestamp('2024-02-29T23:31:20.123456789Z')";
  EXPECT_EQ(Evaluated("[" + leap + ".getFullYear(), " + leap + ".getMonth(), " + leap +
                      ".getDate(), " + leap + ".getDayOfMonth(), " + leap + ".getDayOfWeek(), " +
                      leap + ".getDayOfYear(), " + leap + ".getHours(), " + leap +
                      ".getMinutes(), " + leap + ".getSeconds(), " + leap + ".getMilliseconds()]"),
            "[2024, 1, 29, 28, 4, 59, 23, 31, 20, 123]");
  EXPECT_EQ(Evaluated("timestamp('2026-11-22T00:00:00Z').getDayOfWeek()"), "0");
}

TEST(CelTimes, ReadsFixedZonesAndNamedOnesOnlyWithAHelper) {
  EXPECT_EQ(Evaluated("timestamp('2026-01-01T23:00:00Z').getHours('02:00')"), "1");
  EXPECT_EQ(Evaluated("timestamp('2026-01-01T23:00:00Z').getMinutes('-09:30')"), "30");
  EXPECT_EQ(Evaluated("timestamp('2026-01-01T23:00:00Z').getHours('UTC')"), "23");
  EXPECT_EQ(Evaluated("timestamp('2026-01-01T23:00:00Z').getHours('Asia/Tokyo')"),
            "failure(malformed text) at 34");
  const Activation helped{
      {}, nullptr, [](std::string_view, int64_t) -> std::optional<int32_t> { return 9 * 3600; }};
  EXPECT_EQ(TimeField(Function::kGetHours, Value::Timestamp(0, 0), "Asia/Tokyo", helped).as_int(),
            9);
}

TEST(CelTimes, TellsDurationsInTotals) {
  EXPECT_EQ(Evaluated("[duration('90m').getHours(), duration('90m').getMinutes(), "
                      "duration('90m').getSeconds(), duration('1.25s').getMilliseconds()]"),
            "[1, 90, 5400, 250]");
}

}  // namespace
}  // namespace lineward::policy::cel

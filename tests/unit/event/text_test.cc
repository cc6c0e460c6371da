#include "event/src/text.h"

#include <gtest/gtest.h>

#include <string>

namespace lineward::event {
namespace {

TEST(Text, ScanTellsEachByteAtEachPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    const uint8_t wanted = byte >= 0x80                 ? kTextNonAscii
                           : byte < 0x20 || byte == 127 ? kTextControl
                                                        : 0;
    for (size_t size = 1; size <= 40; ++size) {
      for (size_t at = 0; at < size; ++at) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        EXPECT_EQ(ScanText(text), wanted) << byte << " at " << at << " of " << size;
        EXPECT_EQ(IsPlain(text), wanted == 0) << byte << " at " << at << " of " << size;
      }
    }
  }
  EXPECT_EQ(ScanText(""), 0);
  EXPECT_TRUE(IsPlain(""));
  EXPECT_EQ(ScanText("a\xc3\xa9\\\n aaaaaaaa"), kTextNonAscii | kTextControl);
}

TEST(Text, MatchesPlaces) {
  for (const char* good : {"DE", "DE-B", "DE-BY", "GB-ENG", "US-1A2"}) {
    EXPECT_TRUE(IsJurisdiction(good)) << good;
  }
  for (const char* bad :
       {"", "D", "de", "DEU", "DE-", "DE-by", "DE_BY", "DE-ABCD", "DE-B ", "1E"}) {
    EXPECT_FALSE(IsJurisdiction(bad)) << bad;
  }
}

TEST(Text, ReadsTimes) {
  EXPECT_EQ(ParseTimeMicros("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseTimeMicros("2000-02-29T23:59:59.999999999Z"), 951868799999999);
  EXPECT_EQ(ParseTimeMicros("2100-01-01T00:00:00+00:00"), kTimeEndUs);
  EXPECT_EQ(ParseTimeMicros("2026-03-01T12:00:00.1+23:59"), 1772280060100000);
  EXPECT_EQ(ParseTimeMicros("0001-01-01T00:00:00Z"), -62135596800000000);
}

TEST(Text, RefusesOtherTimes) {
  for (const char* bad : {"",
                          "2026-03-01",
                          "2026-03-01T12:00:00",
                          "2026-03-01t12:00:00Z",
                          "2026-03-01T12:00:00z",
                          "2026-03-01 12:00:00Z",
                          "2026-02-29T12:00:00Z",
                          "2100-02-29T12:00:00Z",
                          "2026-13-01T12:00:00Z",
                          "2026-00-01T12:00:00Z",
                          "2026-01-00T12:00:00Z",
                          "2026-04-31T12:00:00Z",
                          "2026-03-01T24:00:00Z",
                          "2026-03-01T12:60:00Z",
                          "2026-03-01T23:59:60Z",
                          "2026-03-01T12:00:00.Z",
                          "2026-03-01T12:00:00.1234567890Z",
                          "2026-03-01T12:00:00.1",
                          "2026-03-01T12:00:00ZZ",
                          "2026-03-01T12:00:00+24:00",
                          "2026-03-01T12:00:00+01:60",
                          "2026-03-01T12:00:00+0100",
                          "2026-03-01T12:00:00+01",
                          "+026-03-01T12:00:00Z",
                          "2026-3-01T12:00:00Z",
                          "2026-03-01T12:00Z",
                          "2026-03-01T12:00:00,5Z",
                          "2026-03-01T12:00:00Z "}) {
    EXPECT_FALSE(ParseTimeMicros(bad).has_value()) << bad;
  }
}

TEST(Text, ReadsWholeNumbersExactly) {
  EXPECT_EQ(ParseUint32("-0"), 0u);
  EXPECT_EQ(ParseUint32("42949672950e-1"), 4294967295u);
  EXPECT_EQ(ParseUint32("0.4294967295e10"), 4294967295u);
  EXPECT_FALSE(ParseUint32("4294967295.00000000000000001").has_value());
  EXPECT_FALSE(ParseUint32("18446744073709551616").has_value());
  EXPECT_FALSE(ParseUint32("0.1").has_value());
  EXPECT_EQ(ParseInt32("-2147483648"), INT32_MIN);
  EXPECT_EQ(ParseInt32("2147483647"), INT32_MAX);
  EXPECT_FALSE(ParseInt32("2147483648").has_value());
  EXPECT_FALSE(ParseInt32("-2147483649").has_value());
}

TEST(Text, ReadsDoublesUnlessInfinite) {
  EXPECT_EQ(ParseDouble("0.1"), 0.1);
  EXPECT_EQ(ParseDouble("-0.1"), -0.1);
  EXPECT_EQ(ParseDouble("123456789012.345"), 123456789012.345);
  EXPECT_EQ(ParseDouble("0.12345678901234"), 0.12345678901234);
  EXPECT_EQ(ParseDouble("0.123456789012345678"), 0.123456789012345678);
  EXPECT_EQ(ParseDouble("42"), 42.0);
  EXPECT_EQ(ParseDouble("1.7976931348623157e308"), 1.7976931348623157e308);
  EXPECT_FALSE(ParseDouble("1e309").has_value());
  EXPECT_FALSE(ParseDouble("-1e400").has_value());
  EXPECT_EQ(ParseDouble("1e-400"), 0.0);
  EXPECT_EQ(ParseDouble("5e-324"), 5e-324);
}

}  // namespace
}  // namespace lineward::event

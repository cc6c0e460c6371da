#include "lineward/config/values.h"

#include <gtest/gtest.h>

namespace lineward::config {
namespace {

TEST(Values, DurationsNeedAUnit) {
  EXPECT_EQ(DurationOf("50ms").value(), absl::Milliseconds(50));
  EXPECT_EQ(DurationOf("30d").value(), absl::Hours(720));
  for (const char* text : {"", "50", "ms", "1.5s", "-1s", "50 ms", "1h30m"}) {
    EXPECT_FALSE(DurationOf(text).ok()) << text;
  }
}

TEST(Values, DurationsPrintInTheLargestUnitThatDividesThem) {
  EXPECT_EQ(DurationText(absl::Seconds(90)), "90s");
  EXPECT_EQ(DurationText(absl::Hours(24)), "24h");
  EXPECT_EQ(DurationText(absl::Hours(72)), "3d");
  EXPECT_EQ(DurationText(absl::ZeroDuration()), "0s");
}

TEST(Values, SizesNeedAUnitAndFitIn63Bits) {
  EXPECT_EQ(ParseByteSize("256KiB").value(), KiB(256));
  EXPECT_EQ(ParseByteSize("0B").value(), Bytes(0));
  for (const char* text : {"256", "1KB", "9223372036854775807KiB", "-1B"}) {
    EXPECT_FALSE(ParseByteSize(text).ok()) << text;
  }
  EXPECT_EQ(FormatByteSize(GiB(10)), "10GiB");
  EXPECT_EQ(FormatByteSize(Bytes(1025)), "1025B");
}

TEST(Values, AddressesAreHostAndPort) {
  EXPECT_EQ(ParseAddress("[::1]:80").value(), (Address{"::1", 80}));
  EXPECT_EQ(FormatAddress({"::1", 80}), "[::1]:80");
  EXPECT_TRUE(ParseAddress("127.0.0.1:0").value().is_loopback());
  EXPECT_FALSE(ParseAddress("0.0.0.0:80").value().is_loopback());
  for (const char* text : {"localhost", ":80", "::1:80", "h:65536", "h:"}) {
    EXPECT_FALSE(ParseAddress(text).ok()) << text;
  }
}

}  // namespace
}  // namespace lineward::config

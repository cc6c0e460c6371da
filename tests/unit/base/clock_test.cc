#include "lineward/base/clock.h"

#include <gtest/gtest.h>

namespace lineward::base {
namespace {

TEST(SystemClock, MonotonicTimeNeverGoesBack) {
  const auto first = SystemClock().Monotonic();
  EXPECT_GE(SystemClock().Monotonic(), first);
}

TEST(SystemClock, WallTimeIsOfThisCentury) {
  EXPECT_GT(SystemClock().Now(), absl::FromUnixSeconds(1'700'000'000));
  EXPECT_LT(SystemClock().Now(), absl::FromUnixSeconds(4'102'444'800));
}

}  // namespace
}  // namespace lineward::base

#include "lineward/base/backoff.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace lineward::base {
namespace {

TEST(Backoff, DoublesFromTenMillisecondsToFiveSeconds) {
  Backoff backoff("seat");
  double wanted_ms = 10;
  for (int i = 0; i < 20; ++i) {
    const double pause_ms = absl::ToDoubleMilliseconds(backoff.Next());
    EXPECT_GE(pause_ms, 0.8 * wanted_ms) << i;
    EXPECT_LE(pause_ms, 1.2 * wanted_ms) << i;
    wanted_ms = wanted_ms >= 2'560 ? 5'000 : wanted_ms * 2;
  }
}

TEST(Backoff, BeginsAnewAfterASuccess) {
  Backoff backoff("seat");
  for (int i = 0; i < 5; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), absl::Milliseconds(12));
}

TEST(Backoff, SpreadsAFleet) {
  const auto pauses = [](std::string_view seed) {
    Backoff backoff(seed);
    return std::vector<absl::Duration>{backoff.Next(), backoff.Next(), backoff.Next()};
  };
  EXPECT_EQ(pauses("seat-0"), pauses("seat-0"));
  EXPECT_NE(pauses("seat-0"), pauses("seat-1"));
}

TEST(WaitFor, LastsAsLongAsItWasTold) {
  const auto begun = std::chrono::steady_clock::now();
  WaitFor(absl::Milliseconds(20), std::stop_token());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(20));
}

TEST(WaitFor, EndsWhenItIsStopped) {
  std::stop_source source;
  std::jthread stopper([&source] { source.request_stop(); });
  WaitFor(absl::Hours(1), source.get_token());
  EXPECT_TRUE(source.stop_requested());
}

}  // namespace
}  // namespace lineward::base

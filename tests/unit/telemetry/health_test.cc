#include "lineward/telemetry/health.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace lineward::telemetry {
namespace {

TEST(LoopWatch, LiveFailsWhileALoopIsSilentBeyondTheLimit) {
  support::ManualClock clock;
  Health health(&clock, std::chrono::seconds(10));
  LoopWatch watch(&health, "gate-0");
  LoopWatch other(&health, "gate-1");
  clock.Advance(absl::Seconds(10));
  EXPECT_TRUE(health.Live().is_ok);
  other.Tick();
  clock.Advance(absl::Seconds(1));
  const HealthReport report = health.Live();
  EXPECT_FALSE(report.is_ok);
  EXPECT_EQ(report.checks.at(0).name, "loop/gate-0");
  EXPECT_EQ(report.checks.at(0).cause, "no tick for 11 s (limit 10 s)");
  EXPECT_TRUE(report.checks.at(1).is_ok);
  watch.Tick();
  EXPECT_TRUE(health.Live().is_ok);
}

TEST(LoopWatch, ALongOperationHasALimitOfItsOwnUpToTheNextTick) {
  support::ManualClock clock;
  Health health(&clock);
  LoopWatch watch(&health, "gate-0");
  watch.TickBefore(kNeighbourLimit);
  clock.Advance(absl::Seconds(60));
  EXPECT_TRUE(health.Live().is_ok);
  clock.Advance(absl::Seconds(1));
  EXPECT_FALSE(health.Live().is_ok);
  watch.Tick();
  clock.Advance(absl::Seconds(11));
  EXPECT_FALSE(health.Live().is_ok);
}

TEST(LoopWatch, AShorterOperationDoesNotTightenTheLimit) {
  support::ManualClock clock;
  Health health(&clock);
  LoopWatch watch(&health, "gate-0");
  watch.TickBefore(std::chrono::seconds(1));
  clock.Advance(absl::Seconds(10));
  EXPECT_TRUE(health.Live().is_ok);
}

TEST(LoopWatch, ALoopThatEndedIsNotWaitedFor) {
  support::ManualClock clock;
  Health health(&clock);
  {
    const LoopWatch watch(&health, "gate-0");
  }
  clock.Advance(absl::Seconds(11));
  EXPECT_TRUE(health.Live().is_ok);
  EXPECT_TRUE(health.Live().checks.empty());
}

TEST(LoopWatch, WatchesNothingWithoutHealth) { LoopWatch(nullptr, "gate-0").Tick(); }

TEST(Health, ReadySaysWhatARoleWaitsFor) {
  Health health;
  health.SetNotReady("gate", "control barrier: lineward.policies 812/4031");
  health.SetReady("ledger");
  EXPECT_FALSE(health.Ready().is_ok);
  EXPECT_TRUE(health.Ready("ledger").is_ok);
  EXPECT_EQ(health.Ready("gate").checks.at(0).cause, "control barrier: lineward.policies 812/4031");
  EXPECT_FALSE(health.Started().is_ok);
  health.SetReady("gate");
  EXPECT_TRUE(health.Ready().is_ok);
  EXPECT_TRUE(health.Started().is_ok);
}

TEST(Health, NothingIsReadyWhileDraining) {
  Health health;
  health.SetReady("ledger");
  health.SetDraining();
  EXPECT_FALSE(health.Ready("ledger").is_ok);
  EXPECT_TRUE(health.Live().is_ok);
}

TEST(Health, AnUnknownRoleIsNotReady) { EXPECT_FALSE(Health().Ready("gaet").is_ok); }

}  // namespace
}  // namespace lineward::telemetry

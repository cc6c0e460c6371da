#include "lineward/base/fault.h"

#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/child_test.h"

namespace lineward::base {
namespace {

using support::ChildResult;
using support::RunChildTest;

#ifdef LINEWARD_FAULT_POINTS

// The body: passes a point three times; fails unless the second passage alone is refused.
TEST(FaultChild, DISABLED_SecondPassageIsUnavailable) {
  EXPECT_TRUE(FaultPoint("here").ok());
  EXPECT_TRUE(FaultPoint("elsewhere").ok());
  const absl::Status refused = FaultPoint("here");
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(FaultPoint("here").ok());
}

TEST(FaultChild, DISABLED_PassesTwice) {
  EXPECT_TRUE(FaultPoint("here").ok());
  EXPECT_TRUE(FaultPoint("here").ok());
}

TEST(FaultChild, DISABLED_IsSabotaged) { EXPECT_TRUE(IsSabotaged("offsets")); }

ChildResult InChild(const std::string& body, const std::string& variable,
                    const std::string& value) {
  return RunChildTest("FaultChild.DISABLED_" + body, {{variable, value}});
}

TEST(FaultPoint, DoesNothingUnlessAsked) {
  EXPECT_EQ(InChild("PassesTwice", "LINEWARD_FAULT", "").exit_code, 0);
  EXPECT_EQ(InChild("PassesTwice", "LINEWARD_FAULT", "elsewhere:1:kill").exit_code, 0);
  EXPECT_EQ(InChild("PassesTwice", "LINEWARD_FAULT", "here:3:kill").exit_code, 0);
}

TEST(FaultPoint, FailsTheNthPassageAloneWithTheCodeAskedFor) {
  EXPECT_EQ(
      InChild("SecondPassageIsUnavailable", "LINEWARD_FAULT", "here:2:fail=UNAVAILABLE").exit_code,
      0);
  EXPECT_NE(InChild("SecondPassageIsUnavailable", "LINEWARD_FAULT", "").exit_code, 0)
      << "without the fault the body fails";
}

TEST(FaultPoint, KillsTheProcessAtThatPassage) {
  EXPECT_EQ(InChild("PassesTwice", "LINEWARD_FAULT", "here:2:kill").signal, SIGKILL);
}

TEST(FaultPoint, StopsTheProcessForAMalformedVariable) {
  for (const char* bad : {"here", "here:1", "here:0:kill", "here:x:kill", "here:1:explode",
                          "here:1:fail=SOMETIMES"}) {
    EXPECT_EQ(InChild("PassesTwice", "LINEWARD_FAULT", bad).signal, SIGABRT) << bad;
  }
}

TEST(Sabotage, IsSwitchedOnByItsNameAlone) {
  EXPECT_EQ(InChild("IsSabotaged", "LINEWARD_SABOTAGE", "offsets").exit_code, 0);
  EXPECT_NE(InChild("IsSabotaged", "LINEWARD_SABOTAGE", "offset").exit_code, 0);
  EXPECT_NE(InChild("IsSabotaged", "LINEWARD_SABOTAGE", "").exit_code, 0);
}

#else

TEST(FaultPoint, IsNotInThisBuild) {
  EXPECT_TRUE(FaultPoint("here").ok());
  EXPECT_FALSE(IsSabotaged("offsets"));
}

#endif

}  // namespace
}  // namespace lineward::base

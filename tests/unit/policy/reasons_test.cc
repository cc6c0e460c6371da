#include "lineward/policy/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace lineward::policy {
namespace {

TEST(Reasons, KeepTheCodesOfTheDesign) {
  EXPECT_EQ(ReasonOfCode(0), Reason::kPermitted);
  EXPECT_EQ(ReasonOfCode(100), Reason::kNoBinding);
  EXPECT_EQ(ReasonOfCode(203), Reason::kPurposeUnknown);
  EXPECT_EQ(ReasonOfCode(303), Reason::kModelRevoked);
  EXPECT_EQ(ReasonOfCode(402), Reason::kPurposeNotAllowed);
  EXPECT_EQ(ReasonOfCode(511), Reason::kConsentUnknown);
  EXPECT_EQ(ReasonOfCode(610), Reason::kPlaceUnknown);
  EXPECT_EQ(ReasonOfCode(710), Reason::kEngineUnavailable);
  EXPECT_EQ(ReasonOfCode(802), Reason::kDefaultDeny);
  EXPECT_EQ(ReasonOfCode(901), Reason::kObligationUnsupported);
}

TEST(Reasons, HaveOneNameAndOneCodeEach) {
  std::set<std::string_view> names;
  int last = -1;
  for (const ReasonRow& row : kReasons) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_GT(static_cast<int>(row.reason), last) << row.name;
    last = static_cast<int>(row.reason);
    EXPECT_EQ(ReasonName(row.reason), row.name);
    EXPECT_EQ(ReasonOf(row.name), row.reason);
  }
}

TEST(Reasons, OfRefusalsAreThoseOfAStep) {
  for (const ReasonRow& row : kReasons) {
    const int step = static_cast<int>(row.reason) / 100;
    EXPECT_TRUE(row.reason == Reason::kPermitted || (step >= 1 && step <= 9)) << row.name;
  }
}

TEST(Reasons, KnowNothingElse) {
  EXPECT_EQ(ReasonOf("permitted"), std::nullopt);
  EXPECT_EQ(ReasonOf(""), std::nullopt);
  EXPECT_EQ(ReasonOfCode(1), std::nullopt);
  EXPECT_EQ(ReasonOfCode(65'636), std::nullopt) << "100 beyond 16 bits";
  EXPECT_EQ(ReasonName(static_cast<Reason>(999)), "");
}

}  // namespace
}  // namespace lineward::policy

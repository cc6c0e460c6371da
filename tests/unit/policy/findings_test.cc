#include "lineward/policy/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::policy {
namespace {

TEST(Findings, AreToldWithPlaceCodeAndRule) {
  Findings findings;
  findings.Error(102, "recs.yaml", {14, 9}, "unknown purpose `x`");
  findings.Warn(216, "a.yaml", {2, 1}, "is prohibited", "recs@8/ok");
  findings.Error(101, "", {}, "no file of kind Taxonomy");
  EXPECT_EQ(ToText(findings.list[0]), "recs.yaml:14:9: LP102: unknown purpose `x`");
  EXPECT_EQ(ToText(findings.list[1]), "a.yaml:2:1: warning LP216: rule `recs@8/ok`: is prohibited");
  EXPECT_EQ(ToText(findings.list[2]), "LP101: no file of kind Taxonomy");
}

TEST(Findings, CountErrorsAndNotWarnings) {
  Findings findings;
  EXPECT_FALSE(findings.has_errors());
  findings.Warn(214, "a", {1, 1}, "w");
  EXPECT_FALSE(findings.has_errors());
  findings.Error(101, "a", {1, 1}, "e");
  EXPECT_TRUE(findings.has_errors());
  EXPECT_EQ(findings.error_count(), 1u);
}

TEST(Findings, StandByFilePlaceAndCodeWhateverTheOrderFound) {
  Findings findings;
  findings.Error(103, "b", {1, 1}, "");
  findings.Error(102, "a", {2, 1}, "");
  findings.Error(110, "a", {1, 5}, "");
  findings.Error(101, "a", {1, 5}, "");
  std::vector<std::string> told;
  for (const Finding& finding : findings.Sorted()) told.push_back(ToText(finding));
  EXPECT_THAT(told, testing::ElementsAre(
                        "a:1:5: LP101: ", "a:1:5: LP110: ", "a:2:1: LP102: ", "b:1:1: LP103: "));
  EXPECT_EQ(findings.list[0].code, 103) << "the order found is kept";
}

}  // namespace
}  // namespace lineward::policy

#include "lineward/policy/declaration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::policy {
namespace {

TEST(Processing, HasOneBitEach) {
  EXPECT_EQ(Only(Processing::kTrain), 1);
  EXPECT_EQ(Only(Processing::kProfile), 2);
  EXPECT_EQ(Only(Processing::kServe), 4);
  EXPECT_EQ(Only(Processing::kEvaluate), 8);
  EXPECT_EQ(kAllProcessings, 1 + 2 + 4 + 8);
}

TEST(Grant, IsForEveryProcessingAndAsksForConsentUntilSaidOtherwise) {
  const Grant grant;
  EXPECT_EQ(grant.processing, kAllProcessings);
  EXPECT_EQ(grant.basis, Basis::kConsent);
}

TEST(Declaration, TellsUndeclaredFromNothingAllowed) {
  Declaration declaration;
  EXPECT_FALSE(declaration.grants.has_value());
  declaration.grants.emplace();
  EXPECT_TRUE(declaration.grants.has_value());
  EXPECT_TRUE(declaration.grants->empty());
}

}  // namespace
}  // namespace lineward::policy

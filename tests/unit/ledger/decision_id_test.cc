#include "lineward/ledger/decision_id.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/ledger/reasons.h"

namespace lineward::ledger {
namespace {

TEST(DecisionId, IsReadFromTheRight) {
  const auto id = ParseDecisionId("my-promotions-3-10442");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->topic, "my-promotions");
  EXPECT_EQ(id->partition, 3u);
  EXPECT_EQ(id->offset, 10442u);
  EXPECT_EQ(id->epoch, 1u);
}

TEST(DecisionId, LaterEpochsHaveAPrefix) {
  const auto id = ParseDecisionId("e2~promotions-0-7");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->epoch, 2u);
  EXPECT_EQ(id->topic, "promotions");
  EXPECT_EQ(PrintDecisionId(*id), "e2~promotions-0-7");
}

TEST(DecisionId, RefusesWhatItWouldNotPrint) {
  for (const char* text :
       {"", "promotions", "promotions-3", "-3-4", "promotions-03-4", "promotions-3-04",
        "promotions-3--4", "promotions-3-", "e1~promotions-3-4", "e~promotions-3-4",
        "prom otions-3-4", "promotions-2147483648-1", "promotions-1-9223372036854775808"}) {
    EXPECT_EQ(base::ReasonOf(ParseDecisionId(text).status()), kDecisionIdInvalid) << text;
  }
}

}  // namespace
}  // namespace lineward::ledger

#include "lineward/event/decision_id.h"

#include <gtest/gtest.h>

namespace lineward::event {
namespace {

TEST(DecisionId, ReadsFromTheRightSoThatTopicsMayHoldDashes) {
  const auto id = ParseDecisionId("eu-west-1-promotions-3-10442");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->topic, "eu-west-1-promotions");
  EXPECT_EQ(id->partition, 3);
  EXPECT_EQ(id->offset, 10442);
  EXPECT_EQ(id->epoch, 1u);
}

TEST(DecisionId, WritesWhatItReads) {
  for (const char* text : {"promotions-0-0", "e2~a-b-2147483647-9223372036854775807"}) {
    const auto id = ParseDecisionId(text);
    ASSERT_TRUE(id.has_value()) << text;
    std::string written;
    AppendDecisionId(&written, *id);
    EXPECT_EQ(written, text);
  }
}

TEST(DecisionId, RefusesEveryOtherSpelling) {
  for (const char* text :
       {"", "-", "--", "promotions", "promotions-3", "-3-1", "promotions-03-1", "promotions-3-01",
        "promotions-3-1 ", "promotions-3-", "promotions--1", "promotions-2147483648-1",
        "promotions-3-9223372036854775808", "e1~promotions-3-1", "e0~promotions-3-1",
        "e02~promotions-3-1", "E2~promotions-3-1", "~promotions-3-1", "e~promotions-3-1"}) {
    EXPECT_FALSE(ParseDecisionId(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace lineward::event

#include "ledger/src/filter.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/ledger/reasons.h"

namespace lineward::ledger {
namespace {

std::string Message(std::string_view filter) {
  const auto parsed = ParseFilter(filter, /*may_read_subject=*/true);
  EXPECT_FALSE(parsed.ok()) << filter;
  EXPECT_EQ(base::ReasonOf(parsed.status()), kFilterInvalid);
  return std::string(base::MessageOf(parsed.status()));
}

FilterNode Parsed(std::string_view filter) {
  const auto parsed = ParseFilter(filter, /*may_read_subject=*/true);
  EXPECT_TRUE(parsed.ok()) << filter << ": " << parsed.status();
  return parsed.ok() && *parsed ? **parsed : FilterNode();
}

TEST(ParseFilter, EmptyLetsEverythingThrough) {
  EXPECT_FALSE(ParseFilter("", false)->has_value());
  EXPECT_FALSE(ParseFilter("  ", false)->has_value());
}

TEST(ParseFilter, ReadsComparisonsAndTheirJoins) {
  const FilterNode node = Parsed("outcome = BLOCK AND (reason:PURPOSE_NOT_ALLOWED OR NOT rule=a)");
  EXPECT_EQ(node.kind, FilterNode::Kind::kAnd);
  ASSERT_EQ(node.children.size(), 2u);
  EXPECT_EQ(node.children[0].text, "BLOCK");
  EXPECT_EQ(node.children[1].kind, FilterNode::Kind::kOr);
  EXPECT_EQ(node.children[1].children[0].comparison, Comparison::kHas);
  EXPECT_EQ(node.children[1].children[1].kind, FilterNode::Kind::kNot);
}

TEST(ParseFilter, ReadsQuotedValuesPrefixesPresenceAndTimes) {
  EXPECT_EQ(Parsed(R"(surface = "home feed")").text, "home feed");
  EXPECT_EQ(Parsed(R"(surface = "a\"b")").text, "a\"b");
  EXPECT_TRUE(Parsed("model = rank*").is_prefix);
  EXPECT_TRUE(Parsed("event_id:*").is_presence);
  EXPECT_EQ(Parsed("decided_at >= 2026-03-01T12:00:00Z").time_us, 1'772'366'400'000'000);
}

TEST(ParseFilter, AsksForParenthesesBetweenAndAndOr) {
  EXPECT_EQ(Message("outcome=ALLOW AND topic=a OR topic=b"),
            "filter: column 27: `AND` and `OR` on one level need parentheses");
}

TEST(ParseFilter, NamesPlaceAndNearestName) {
  EXPECT_EQ(Message("outcom = BLOCK"),
            "filter: column 1: unknown field `outcom` (nearest: `outcome`)");
  EXPECT_EQ(
      Message("outcome = BLOK").find("filter: column 11: unknown value `BLOK` (nearest: `BLOCK`"),
      0u);
}

TEST(ParseFilter, RefusesWhatHasNoMeaning) {
  EXPECT_NE(Message("surface < a").find("has no order"), std::string::npos);
  EXPECT_NE(Message("decided_at = yesterday").find("is no time"), std::string::npos);
  EXPECT_NE(Message("(outcome = ALLOW").find("is not closed"), std::string::npos);
  EXPECT_NE(Message("topic = \"a").find("is not closed"), std::string::npos);
  EXPECT_NE(Message("topic").find("operator is missing"), std::string::npos);
  EXPECT_NE(Message("topic =").find("value is missing"), std::string::npos);
  EXPECT_NE(Message("topic = a b").find("unexpected"), std::string::npos);
  EXPECT_NE(Message("subject != a").find("whole value"), std::string::npos);
}

TEST(ParseFilter, IsBoundedInBytesDepthAndComparisons) {
  EXPECT_NE(Message("topic = " + std::string(kFilterBytesMax, 'a')).find("limit 2048"),
            std::string::npos);
  std::string nested;
  for (int i = 0; i < kFilterDepthMax; ++i) nested += "(";
  EXPECT_NE(Message(nested + "topic=a").find("deeper than 8"), std::string::npos);
  std::string nots;
  for (int i = 0; i < 100; ++i) nots += "NOT ";
  EXPECT_NE(Message(nots + "topic=a").find("deeper than 8"), std::string::npos);
  std::string many = "topic=a";
  for (int i = 0; i < kFilterComparisonsMax; ++i) many += " AND topic=a";
  EXPECT_NE(Message(many).find("more than 32"), std::string::npos);
}

TEST(ParseFilter, SubjectNeedsItsPermission) {
  EXPECT_TRUE(ParseFilter("subject = p1", true).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(ParseFilter("subject = p1", false).status()));
}

}  // namespace
}  // namespace lineward::ledger

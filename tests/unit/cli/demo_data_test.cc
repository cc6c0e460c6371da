#include "tools/lineward/demo_data.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/support/shared_data.h"

namespace lineward::cli {
namespace {

using document::Json;

constexpr const char* kTime = "2026-03-01T12:00:00Z";

TEST(DemoData, IsTheSameEachTime) {
  const auto a = DemoPromotions(kTime);
  const auto b = DemoPromotions(kTime);
  ASSERT_EQ(a.size(), kDemoPromotions);
  for (size_t i = 0; i < a.size(); ++i) ASSERT_EQ(a[i].event, b[i].event) << i;
  EXPECT_EQ(DemoRegistrations(), DemoRegistrations());
}

TEST(DemoData, HasEveryReasonAndMostlyAllows) {
  std::map<DemoKind, size_t> kinds;
  for (const DemoPromotion& promotion : DemoPromotions(kTime)) ++kinds[promotion.kind];
  EXPECT_EQ(kinds.size(), 8u);
  EXPECT_GT(kinds[DemoKind::kAllowed], kDemoPromotions / 2);
  for (const auto& [kind, count] : kinds) EXPECT_GE(count, 5u) << static_cast<int>(kind);
}

TEST(DemoData, TwoHundredPeopleSaidSomethingOnce) {
  const Json consents = DemoConsents(kTime);
  std::set<std::string> people;
  for (const Json& item : consents.Find("items")->items()) {
    EXPECT_TRUE(people.insert(item.Find("subject")->AsText()).second);
  }
  EXPECT_EQ(people.size(), kDemoPeople);
}

TEST(DemoData, EveryPromotionIsOfSomebodyWhoWasAsked) {
  std::set<std::string> surfaces;
  for (const DemoPromotion& promotion : DemoPromotions(kTime)) {
    EXPECT_EQ(promotion.key, promotion.event.Find("subject_id")->AsText());
    surfaces.insert(promotion.event.Find("surface")->AsText());
  }
  EXPECT_EQ(surfaces, (std::set<std::string>{"home_feed", "product_page", "search_results"}));
}

TEST(DemoData, TheShippedPoliciesAreInTheBinary) {
  std::set<std::string> names;
  for (const DemoFile& file : DemoPolicies()) {
    names.emplace(file.name);
    EXPECT_TRUE(file.content.find("apiVersion: lineward/v1") != std::string_view::npos)
        << file.name;
  }
  EXPECT_TRUE(names.contains("taxonomy.yaml"));
  EXPECT_TRUE(names.contains("bindings.yaml"));
}

// The kinds say in words what must happen to each promotion; the transcript says what the engine
// did.
TEST(DemoPromotions, TheTranscriptCountsWhatTheKindsPromise) {
  size_t allowed = 0;
  size_t quarantined = 0;
  const auto promotions = DemoPromotions("2026-03-01T12:00:00Z");
  for (const DemoPromotion& promotion : promotions) {
    allowed += promotion.kind == DemoKind::kAllowed ? 1 : 0;
    quarantined += promotion.kind == DemoKind::kUnknownModel ||
                           promotion.kind == DemoKind::kUnknownPlace ||
                           promotion.kind == DemoKind::kMalformed
                       ? 1
                       : 0;
  }
  std::string transcript = support::ReadFile(LINEWARD_SOURCE_DIR "/tests/integration/demo.txt");
  std::erase(transcript, ',');
  const std::string counts = fmt::format("✓ ALLOW {}     ? QUARANTINE {}     ✗ BLOCK {}", allowed,
                                         quarantined, promotions.size() - allowed - quarantined);
  EXPECT_NE(transcript.find(counts), std::string::npos) << counts;
}

}  // namespace
}  // namespace lineward::cli

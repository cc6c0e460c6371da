#include "policy/src/case_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

using testing::ElementsAre;

TEST(FillFacts, InternsWhatTheNamesSay) {
  const PolicySet set = MustCompile(SmallFiles());
  CaseFacts to;
  to.named.decision_time_us = 5;
  to.named.purpose = "tcf:1";
  to.named.subject_class = "minor";
  to.named.subject_place = "US-NY";
  to.named.fields = {{"n", "3"}, {"d", "nan"}, {"gone", "1"}};
  FillFacts(set, &to);
  EXPECT_EQ(to.facts.decision_time_us, 5);
  EXPECT_EQ(to.facts.event_time_us, kAbsentTimeUs);
  EXPECT_EQ(to.facts.purpose.bit, set.Purpose("dpv:D").bit);
  EXPECT_EQ(to.facts.subject_class, SubjectClass::kMinor);
  EXPECT_EQ(set.place_id(to.facts.subject_place), "US");
  EXPECT_EQ(to.facts.processing_place, kUnknownPlace);
  const size_t n = *set.EventFieldIndex("n");
  EXPECT_EQ(to.facts.fields_present, 1u << n) << "what does not parse is absent";
  EXPECT_EQ(to.facts.fields[n].whole, 3);
}

TEST(FillFacts, PointsOnlyToWhatIsNamed) {
  const PolicySet set = MustCompile(SmallFiles());
  CaseFacts to;
  FillFacts(set, &to);
  EXPECT_EQ(to.facts.model, nullptr);
  EXPECT_EQ(to.facts.consent, nullptr);
  to.named.model.emplace();
  to.named.consent.emplace();
  FillFacts(set, &to);
  EXPECT_EQ(to.facts.model, &to.model);
  EXPECT_EQ(to.facts.consent, &to.consent);
}

TEST(MergeLineage, IntersectsWhatIsAllowedAndUnitesTheRest) {
  NamedLineage into;
  into.status = LineageStatus::kKnown;
  into.allowed = {"dpv:B", "dpv:D"};
  into.categories = {"a"};
  into.retain_until_us = 9;
  NamedLineage more;
  more.status = LineageStatus::kRevoked;
  more.allowed = {"dpv:C", "dpv:D"};
  more.categories = {"c"};
  more.retain_until_us = 5;
  more.regions = {{"EU"}};
  more.is_incomplete = true;
  MergeLineage(more, &into);
  EXPECT_EQ(into.status, LineageStatus::kRevoked);
  EXPECT_THAT(into.allowed, ElementsAre("dpv:D"));
  EXPECT_THAT(into.categories, ElementsAre("a", "c"));
  EXPECT_EQ(into.retain_until_us, 5);
  EXPECT_EQ(into.regions.size(), 1u);
  EXPECT_TRUE(into.is_incomplete);
}

TEST(MergeLineage, GivesTheSameInBitsAsByNames) {
  const PolicySet set = MustCompile(SmallFiles());
  NamedLineage a;
  a.status = LineageStatus::kKnown;
  a.allowed = {"dpv:A", "dpv:B", "dpv:D"};
  a.labels = {"l1"};
  NamedLineage b;
  b.status = LineageStatus::kKnown;
  b.allowed = {"dpv:B", "dpv:C"};
  b.incomplete = {"dpv:C"};
  b.regions = {{"DE", "EU", "FR"}, {"JP"}};
  LineageFacts bits = InternLineage(set, a);
  MergeLineage(InternLineage(set, b), &bits);
  MergeLineage(b, &a);
  const LineageFacts by_names = InternLineage(set, a);
  EXPECT_EQ(bits.allowed, by_names.allowed);
  EXPECT_EQ(bits.labels, by_names.labels);
  EXPECT_EQ(bits.incomplete, by_names.incomplete);
  EXPECT_EQ(bits.regions, by_names.regions);
  EXPECT_TRUE(bits.regions[1].Has(set.Place("JP")));
}

}  // namespace
}  // namespace lineward::policy

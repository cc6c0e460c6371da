#include "event/src/collector.h"

#include <gtest/gtest.h>

#include <string>

namespace lineward::event {
namespace {

TEST(KeySet, FindsTheFirstRepeatInFewAndInMany) {
  for (const int count : {2, 8, 9, 1000}) {
    KeySet keys;
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back("k" + std::to_string(i));
    for (int i = 0; i < count; ++i) keys.Add(names[static_cast<size_t>(i)], static_cast<size_t>(i));
    EXPECT_EQ(keys.Close(0), std::nullopt) << count;
    for (int i = 0; i < count; ++i) keys.Add(names[static_cast<size_t>(i)], static_cast<size_t>(i));
    keys.Add(names.front(), 5000);
    EXPECT_EQ(keys.Close(0), 5000u) << count;
  }
}

TEST(KeySet, ClosesTheInnermostObjectAlone) {
  KeySet keys;
  keys.Add("a", 1);
  const size_t mark = keys.Mark();
  keys.Add("a", 2);
  EXPECT_EQ(keys.Close(mark), std::nullopt);
  keys.Add("a", 3);
  EXPECT_EQ(keys.Close(0), 3u);
}

TEST(Collector, NotesEachViolationOnce) {
  Collector collector;
  for (int i = 0; i < 1000; ++i) collector.Violate(Cause::kBadValue, kSources, 7);
  ASSERT_EQ(collector.SortedViolations().size(), 1u);
  EXPECT_EQ(collector.SortedViolations()[0], (DecodeError{Cause::kBadValue, kSources, 7}));
}

TEST(Collector, PutsTheViolationOfNoFieldLast) {
  Collector collector;
  collector.Violate(Cause::kDuplicateField, 0, 1);
  collector.Violate(Cause::kDuplicateField, kTenant, 2);
  collector.Violate(Cause::kUtf8, kTraceparent, 3);
  const auto sorted = collector.SortedViolations();
  ASSERT_EQ(sorted.size(), 3u);
  EXPECT_EQ(sorted[0].cause, Cause::kUtf8);
  EXPECT_EQ(sorted[1].field, kTenant);
  EXPECT_EQ(sorted[2].field, 0);
}

}  // namespace
}  // namespace lineward::event

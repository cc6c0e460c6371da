#include "policy/src/naive_when.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/when_cases.h"

namespace lineward::policy {
namespace {

TEST(NaiveWhen, ReadsFactsAsTheDesignSays) {
  for (const WhenCase& each : WhenCases()) {
    for (bool forbids : {true, false}) {
      SmallCase small(WhenFiles(each.text, forbids));
      WhenFacts facts(&small);
      each.change(&facts);
      const NamedVerdict verdict =
          EvaluateNaive(small.set.source(), NameFacts(small.set, small.facts), nullptr);
      EXPECT_EQ(Answer(verdict, forbids), forbids ? each.in_forbid : each.in_permit)
          << each.text << (forbids ? " in a forbid" : " in a permit");
    }
  }
}

TEST(NaiveWhen, TakesAFieldForWhatItsTypeMakesOfIt) {
  NamedFacts facts;
  facts.fields = {{"n", "01"}, {"t", "1970-01-01T00:00:01Z"}, {"d", "1e3"}, {"b", "TRUE"}};
  EXPECT_EQ(naive::FieldOf({"n", FieldType::kInt}, facts), std::nullopt);
  EXPECT_EQ(naive::FieldOf({"t", FieldType::kTimestamp}, facts), "1000000");
  EXPECT_EQ(naive::FieldOf({"d", FieldType::kDouble}, facts), "1e3");
  EXPECT_EQ(naive::FieldOf({"b", FieldType::kBool}, facts), std::nullopt);
  EXPECT_EQ(naive::FieldOf({"s", FieldType::kString}, facts), std::nullopt);
}

// What a trace says of the rule `it`: `matched`, or its failed keys; then why it has no answer.
std::string Traced(std::string_view text, bool forbids) {
  SmallCase small(WhenFiles(text, forbids));
  Trace trace;
  EvaluateNaive(small.set.source(), NameFacts(small.set, small.facts), &trace);
  for (const TraceRule& rule : trace.rules) {
    if (rule.id != "p@1/it") continue;
    std::string told = rule.matched ? "matched" : "";
    for (const std::string& key : rule.failed) told += key;
    return told + (rule.error.empty() ? "" : ": " + rule.error);
  }
  return "not told";
}

TEST(Trace, NamesAConditionThatIsFalseOrFailed) {
  EXPECT_EQ(Traced("event.surface == 's1'", true), "matched");
  EXPECT_EQ(Traced("event.surface == 's2'", true), "when");
  EXPECT_EQ(Traced("event.surface == 's1' && 1 / 0 == 1", true),
            "matched: division by zero at 1:28");
  EXPECT_EQ(Traced("event.surface == 's1' && 1 / 0 == 1", false), "when: division by zero at 1:28");
}

}  // namespace
}  // namespace lineward::policy

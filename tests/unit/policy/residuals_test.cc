#include "policy/src/residuals.h"

#include <gtest/gtest.h>

#include "lineward/base/strings.h"
#include "policy/src/when.h"
#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

// A set with required fields; `f` has every type.
constexpr std::string_view kVocabulary =
    "labels: [l1, l2]\nplaces: {EU: {DE: {}}}\n"
    "event_fields: {b: {type: bool}, d: {type: double}, n: {type: int}, o: {type: int, optional: "
    "true}, s: {type: string}, t: {type: timestamp}}\n";

class Compiled {
 public:
  explicit Compiled(const std::vector<std::string>& expressions) {
    std::string rules;
    for (size_t i = 0; i < expressions.size(); ++i) {
      const bool permits = expressions[i].starts_with("permit ");
      rules += "- id: r" + std::to_string(i) + "\n  effect: " + (permits ? "permit" : "forbid") +
               "\n  when: >-\n    " + expressions[i].substr(permits ? 7 : 0) + "\n";
    }
    std::vector<SourceFile> files = SmallFiles(rules);
    files[1] = File("Vocabulary", kVocabulary);
    set.source = MustParse(files);
    set.labels = {{"l1", 0}, {"l2", 1}};
    Residuals residuals(&set);
    whens.resize(expressions.size());
    for (const Rule& rule : set.source.policies[0].rules) {  // not in the order of the file
      whens[static_cast<size_t>(*base::ParseInt64(rule.id.substr(1)))] = residuals.Compile(rule);
    }
  }

  PolicySet::Impl set;
  std::vector<CompiledWhen> whens;
};

// The keys and what is left of one expression: `purpose l1 n=3|4 +residual`.
std::string Told(const std::string& expression) {
  Compiled compiled({expression});
  const CompiledWhen& when = compiled.whens[0];
  std::string text;
  if (when.has_purpose) text += "purposes:" + std::to_string(when.purposes.size()) + " ";
  for (uint8_t label : when.labels) text += compiled.set.source.vocabulary.labels[label] + " ";
  for (const CompiledCondition& condition : when.conditions) {
    text += compiled.set.source.vocabulary.event_fields[condition.field].name + "=";
    for (int64_t whole : condition.wholes) text += std::to_string(whole) + ";";
    for (const std::string& each : condition.texts) text += each + ";";
    text += " ";
  }
  return text + (when.residual == kNoResidual ? "alone" : "and a residual");
}

TEST(Residuals, TakeWhatCannotFailForKeys) {
  EXPECT_EQ(Told("purpose.under(event.purpose, 'dpv:B')"), "purposes:2 alone");
  EXPECT_EQ(Told("purpose.under(event.purpose, 'dpv:A') && purpose.under(event.purpose, 'tcf:1')"),
            "purposes:1 alone");
  EXPECT_EQ(Told("lineage.any('l1') && lineage.any('l2')"), "l1 l2 alone");
  EXPECT_EQ(Told("event.n == 3"), "n=3; alone");
  EXPECT_EQ(Told("-3 == event.n"), "n=-3; alone");
  EXPECT_EQ(Told("event.n in [3, 2 + 2]"), "n=3;4; alone");
  EXPECT_EQ(Told("event.s in ['x', 'y' + 'z']"), "s=x;yz; alone");
  EXPECT_EQ(Told("event.b == true"), "b=1; alone");
  EXPECT_EQ(Told("event.t == timestamp('1970-01-01T00:00:01.5Z')"), "t=1500000; alone");
  EXPECT_EQ(Told("event.n in []"), "n= alone");
}

// A time finer than µs is none that a field can have.
TEST(Residuals, KeepAKeyThatNoValueHas) {
  EXPECT_EQ(Told("event.t == timestamp('1970-01-01T00:00:01.0000005Z')"), "t= alone");
}

TEST(Residuals, LeaveWhatMayFailOrIsNoKey) {
  for (const char* rest :
       {"event.n > 3", "event.n != 3", "has(event.o) && event.o == 3", "event.n == event.n",
        "event.n == 1 / 0", "event.n == 3 || event.n == 4", "purpose.under('dpv:D', 'dpv:B')",
        "purpose.under(event.purpose, event.s)", "event.surface == 'home'", "event.d > 0.5",
        "!lineage.any('l1')", "consent('dpv:A')", "in_region('EU')", "true",
        "purpose.under(event.purpose, 'dpv:' + 'gone')", "lineage.any('l' + '9')"}) {
    EXPECT_EQ(Told(rest), "and a residual") << rest;
  }
}

TEST(Residuals, SplitAConjunctionWhereverItsKeysStand) {
  EXPECT_EQ(Told("event.d > 0.5 && event.n == 3 && lineage.any('l1') && event.n < 9"),
            "l1 n=3; and a residual");
}

// What may spend the budget comes first: if it does, the keys behind it no longer matter.
TEST(Residuals, LeaveKeysBehindWhatMaySpendTheBudget) {
  EXPECT_EQ(Told("[1, 2].all(x, x > 0) && event.n == 3"), "and a residual");
  EXPECT_EQ(Told("event.n == 3 && [1, 2].all(x, x > 0)"), "n=3; and a residual");
  EXPECT_EQ(Told("event.s.contains('x') && event.n == 3"), "and a residual");
  EXPECT_EQ(Told("event.s == event.surface && event.n == 3"), "and a residual");
  EXPECT_EQ(Told("event.surface == 'home' && event.n == 3"), "n=3; and a residual");
  EXPECT_EQ(Told("event.surface.startsWith('h') && 'l1' in model.labels && event.n == 3"),
            "n=3; and a residual");
}

TEST(Residuals, AreSharedByRulesThatSayTheSame) {
  const Compiled compiled({"event.d > 0.5 && lineage.any('l1')",
                           "lineage.any('l2') && event.d > 0.5", "permit event.d > 0.5",
                           "event.d > 0.6", "event.d >= 0.5"});
  EXPECT_EQ(compiled.whens[0].residual, compiled.whens[1].residual);
  EXPECT_EQ(compiled.whens[0].residual, compiled.whens[2].residual);
  EXPECT_NE(compiled.whens[0].residual, compiled.whens[3].residual);
  EXPECT_NE(compiled.whens[0].residual, compiled.whens[4].residual);
  EXPECT_EQ(compiled.set.residuals.size(), 3u);
}

// In a forbid one place is enough, a permit needs both.
TEST(Residuals, WithInRegionAreSharedWithinOneEffect) {
  const Compiled compiled(
      {"in_region('EU')", "in_region('EU')", "permit in_region('EU')", "permit in_region('EU')"});
  EXPECT_EQ(compiled.whens[0].residual, compiled.whens[1].residual);
  EXPECT_NE(compiled.whens[0].residual, compiled.whens[2].residual);
  EXPECT_EQ(compiled.whens[2].residual, compiled.whens[3].residual);
}

// The oracle counts the steps of the keys too.
TEST(Residuals, WithMacrosHaveTheStepsThatTheirKeysLeave) {
  const Compiled compiled({"event.n == 3 && [1].all(x, x > 0)", "[1].all(x, x > 0)"});
  const auto steps = [&](size_t i) {
    return compiled.set.residuals[compiled.whens[i].residual].steps;
  };
  EXPECT_EQ(steps(0), cel::kStepsMax - 4);
  EXPECT_EQ(steps(1), uint64_t{cel::kStepsMax});
}

TEST(Residuals, TellWhichVariablesTheyRead) {
  const Compiled compiled({"event.d > 0.5 && event.n == 3", "has(event.o)"});
  EXPECT_EQ(compiled.set.variables_read,
            1u << (when::kFirstField + 1) | 1u << (when::kFirstField + 3));
}

}  // namespace
}  // namespace lineward::policy

#include <gtest/gtest.h>

#include "policy/src/cel/limits.h"
#include "policy/src/cel/profile.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

// The codes and messages of an expression that the whole language takes.
std::string Refused(std::string_view expression) {
  Problems problems;
  World world;
  const auto ast = Check(expression, world.env, &problems);
  EXPECT_TRUE(ast.has_value()) << (problems.empty() ? "" : ToText(problems[0]));
  if (!ast) return "";
  CheckProfile(*ast, world.env, &problems);
  std::string text;
  for (const Problem& problem : problems) {
    text += (text.empty() ? "" : "; ") + std::to_string(problem.code) + " " + ToText(problem);
  }
  return text;
}

TEST(CelProfile, TakesWhatAuthorsMayWrite) {
  for (std::string_view expression :
       {"rank > 1 && event.surface in ['home', 'search']", "share > 0.3",
        "model.labels.exists(l, l.startsWith('s') && [1].all(x, x < rank))",
        "timestamp('2026-01-01T00:00:00Z').getHours() >= 8", "event.surface.matches('^h.*e$')",
        "duration('1h') < duration('2h')", "string(rank) == '3'", "has(event.rank)",
        "{'home': 1}[event.surface] == 1", "model.labels != []", "near(rank, 2)"}) {
    EXPECT_EQ(Refused(expression), "") << expression;
  }
}

TEST(CelProfile, WantsBool) { EXPECT_EQ(Refused("rank + 1"), "106 1:6: `when` is int, not bool"); }

TEST(CelProfile, RefusesTypesBytesAndDyn) {
  EXPECT_EQ(Refused("dyn(1) == 1"), "107 1:1: `dyn` is not available in policies");
  EXPECT_EQ(Refused("size(b'a') == 1"), "107 1:6: bytes are not available in policies");
  EXPECT_TRUE(Refused("type(1) == int").starts_with("107 1:1: types as values"));
  EXPECT_TRUE(Refused("size(bytes('a')) == 1").starts_with("107 1:6: bytes"));
  EXPECT_TRUE(Refused("rank in [1, 'a']").starts_with("107 1:9: items of different types"));
  EXPECT_TRUE(Refused("'a' in {'a': 1, 'b': 'c'}").starts_with("107 1:8: items of different"));
}

TEST(CelProfile, RefusesWhatHasNoTypeBeforehand) {
  EXPECT_EQ(Refused("near([[], ['a']][1][0], 1)"),
            "107 1:20: the type of this is known only when it is evaluated");
  EXPECT_EQ(Refused("[] == model.labels"), "");
}

TEST(CelProfile, RefusesZonesAndDoublesThatAreComparedOrShown) {
  EXPECT_EQ(Refused("timestamp('2026-01-01T00:00:00Z').getHours('Asia/Tokyo') == 8"),
            "107 1:35: time zones are not available in policies: times are read in UTC");
  EXPECT_EQ(Refused("share == 0.3"),
            "107 1:7: doubles are not compared for equality: use `<`, `<=`, `>`, `>=`");
  EXPECT_EQ(Refused("[share] != [0.1]").substr(0, 9), "107 1:9: ");
  EXPECT_EQ(Refused("share in [0.3]").substr(0, 9), "107 1:7: ");
  EXPECT_EQ(Refused("string(share) != ''"),
            "107 1:1: `string` of a double is not available in policies");
}

TEST(CelProfile, RefusesMacrosInThreeLevels) {
  EXPECT_EQ(Refused("[1].all(a, [1].all(b, [1].all(c, a == b && b == c)))"),
            "107 1:27: macros nested 3 deep, at most 2");
}

TEST(CelProfile, WantsAShortLiteralPattern) {
  EXPECT_EQ(Refused("event.surface.matches(place)"),
            "107 1:23: the pattern of `matches` is a literal");
  EXPECT_EQ(Refused("event.surface.matches('" + std::string(256, 'x') + "')"), "");
  EXPECT_EQ(Refused("event.surface.matches('" + std::string(257, 'x') + "')"),
            "107 1:23: a pattern of 257 characters, at most 256");
  EXPECT_EQ(Refused("event.surface.matches('a(')"),
            "109 1:23: `a(` is no regular expression: missing ): a(");
}

// Such a pattern would go through RE2, which takes a lock.
TEST(CelProfile, WantsAPatternThatRunsWithoutRe2) {
  EXPECT_EQ(Refused("event.surface.matches('(?i)a')"),
            "107 1:23: `(?i)a` has what patterns of policies may not: flags, classes by name "
            "(`\\pL`, `[:alpha:]`), octal escapes, or more than 1024 states");
  EXPECT_EQ(Refused("event.surface.matches('[Aa]')"), "");
}

TEST(CelProfile, BoundsTheSizeOfAnExpression) {
  const auto padded = [](size_t bytes) { return "true" + std::string(bytes - 4, ' '); };
  EXPECT_EQ(Refused(padded(4'096)), "");
  EXPECT_EQ(Refused(padded(4'097)), "107 1:1: 4097 bytes, at most 4096");
  std::string list = "[1";
  for (int i = 1; i < 509; ++i) list += ",1";
  EXPECT_EQ(Refused("1 in " + list + "]"), "");  // 509 ones, the list, the other 1, `in`
  EXPECT_EQ(Refused("1 in " + list + ",1]"), "107 1:1: 513 nodes, at most 512");
}

TEST(CelProfile, TellsUnguardedOptionalsToo) {
  EXPECT_TRUE(Refused("event.rank > 1").starts_with("108 1:1: `event.rank` is optional"));
}

}  // namespace
}  // namespace lineward::policy::cel

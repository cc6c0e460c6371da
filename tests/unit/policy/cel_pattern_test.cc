#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>
#include <string>
#include <vector>

#include "policy/src/cel/pattern.h"
#include "tests/support/seed.h"

namespace lineward::policy::cel {
namespace {

const std::vector<std::string> kTexts = {
    "",     "a",    "b",         "ab",  "abc",  "aab", "ABC",
    "a\nb", "\n",   "_a-b.",     "x9",  "12.5", "été", "\xF0\x9F\x90\xB1",
    " a ",  "aaaa", "home_feed", "a|b", "(a)",  "^$",  "a]",
    "-",    "\t",   "\\",        "é",   "a1_",  "-a-"};

// Whether both say the same of every text.
void ExpectAsRe2(const std::string& pattern) {
  const re2::RE2 re2(pattern, re2::RE2::Quiet);
  ASSERT_TRUE(re2.ok()) << pattern;
  const auto machine = Pattern::Of(pattern);
  ASSERT_TRUE(machine.has_value()) << pattern;
  for (const std::string& text : kTexts) {
    EXPECT_EQ(machine->IsIn(text), re2::RE2::PartialMatch(text, re2)) << pattern << " in " << text;
  }
}

TEST(CelPattern, MeansWhatRe2Means) {
  for (const char* pattern : {"",
                              "a",
                              "ab",
                              "a|b",
                              "a|",
                              "|",
                              "()",
                              "(a|b)c",
                              "(?:a|b)+c",
                              "(?P<x>a)b",
                              "a*",
                              "a+b",
                              "ba?",
                              "a*?b",
                              "a{2}",
                              "a{2,}b",
                              "a{0,1}$",
                              "^a{1,3}$",
                              "a{0}",
                              "(a*)*b",
                              "(a|b*)+$",
                              "(|a)+",
                              "(^a)+",
                              "^",
                              "$",
                              "^$",
                              "^^a",
                              "a$|^b",
                              "\\Aa",
                              "b\\z",
                              ".",
                              "^.$",
                              "^..$",
                              "a.b",
                              "[ab]",
                              "[^a]",
                              "^[^a]$",
                              "[a-c]+$",
                              "[]a]",
                              "[^]a]",
                              "[a-]",
                              "[-a]",
                              "[\\]]",
                              "[\\d_]",
                              "[^\\d]",
                              "[\\D]",
                              "[a-c\\s]",
                              "\\d",
                              "\\D",
                              "\\s",
                              "\\S",
                              "^\\w+$",
                              "\\W",
                              "\\bа?",
                              "\\ba",
                              "a\\b",
                              "\\Ba",
                              "a\\B",
                              "\\.",
                              "\\(a\\)",
                              "\\x61",
                              "\\x{e9}",
                              "é",
                              "[é-ê]",
                              "[^é]",
                              "\\n",
                              "\\t",
                              "\\\\",
                              "\\|",
                              "\\^\\$",
                              "^[0-9]+\\.[0-9]+$",
                              "\xF0\x9F\x90\xB1",
                              "(a)(b)",
                              "(a(b(c)))",
                              "x|y|[0-9]"}) {
    ExpectAsRe2(pattern);
  }
}

TEST(CelPattern, LeavesToRe2WhatItDoesNotKnow) {
  for (const char* pattern : {"(?i)a", "(?s:.)", "\\pL", "\\p{Greek}", "[[:alpha:]]", "\\Qa.b\\E",
                              "\\C", "\\123", "a{", "[\\pL]", "a{1000}{2}", "((a{30}){30}){30}"}) {
    EXPECT_FALSE(Pattern::Of(pattern).has_value()) << pattern;
  }
}

TEST(CelPattern, HasABoundForItsStates) {
  EXPECT_EQ(Pattern::Of("a{1000}")->states(), 1'001u);
  EXPECT_FALSE(Pattern::Of("[a-z]{1000}[a-z]{24}").has_value());
  EXPECT_FALSE(Pattern::Of("(){1000}(){1000}" + std::string(65, '(') + std::string(65, ')')));
  EXPECT_FALSE(Pattern::Of("(((){1000}){1000}){1000}").has_value());
}

// `(a*)*b` and its like take time linear in the text.
TEST(CelPattern, IsLinearWhereBacktrackingIsNot) {
  const std::string text(20'000, 'a');
  EXPECT_FALSE(Pattern::Of("^(a*)*b$")->IsIn(text));
  EXPECT_FALSE(Pattern::Of("^(a|aa)+$")->IsIn(text + "b"));
  EXPECT_TRUE(Pattern::Of("^(a|aa)+$")->IsIn(text));
}

TEST(CelPattern, MatchesNoBrokenUtf8) {
  EXPECT_FALSE(Pattern::Of(".")->IsIn("\xFF"));
  EXPECT_FALSE(Pattern::Of("[^a]")->IsIn("\xC3"));
  EXPECT_FALSE(Pattern::Of("^.+$")->IsIn("a\xE2\x82"));
}

std::string RandomPattern(std::mt19937_64* random, int depth) {
  static const std::vector<std::string> kAtoms = {"a",   "b",        ".",   "[ab]", "[^a]",
                                                  "\\w", "\\b",      "^",   "$",    "c",
                                                  "\\d", "[a-c1-9]", "\\s", "é",    "\\B"};
  const auto pick = [&](size_t count) { return (*random)() % count; };
  std::string pattern;
  for (size_t i = pick(4); i > 0; --i) {
    std::string atom = depth > 0 && pick(3) == 0 ? "(" + RandomPattern(random, depth - 1) + ")"
                                                 : kAtoms[pick(kAtoms.size())];
    static const std::vector<std::string> kRepeats = {"",  "",    "",      "*", "+",
                                                      "?", "{2}", "{1,3}", "*?"};
    pattern += atom + kRepeats[pick(kRepeats.size())];
    if (pick(6) == 0) pattern += "|";
  }
  return pattern;
}

TEST(CelPattern, AgreesWithRe2OnRandomPatterns) {
  std::mt19937_64 random(support::Seed());
  int compared = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string pattern = RandomPattern(&random, 3);
    if (!Pattern::Of(pattern).has_value()) continue;
    ExpectAsRe2(pattern);
    ++compared;
  }
  EXPECT_GT(compared, 2'900);
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include "policy/src/cel/texts.h"
#include "tests/unit/policy/cel_world.h"

namespace lineward::policy::cel {
namespace {

TEST(CelTexts, CountsCodePoints) {
  EXPECT_EQ(Evaluated("[size('\xC3\xBF\xF0\x9F\x90\xB1'), size(b'\xC3\xBF'), 'ab'.size()]"),
            "[2, 2, 2]");
  EXPECT_EQ(Evaluated("[size([1, 2]), size({1: 2})]"), "[2, 1]");
}

TEST(CelTexts, FindsParts) {
  EXPECT_EQ(Evaluated("event.surface.contains('om') && event.surface.startsWith('ho') && "
                      "event.surface.endsWith('me')"),
            "true");
  EXPECT_EQ(Evaluated("''.contains('') && !''.startsWith('a') && !'a'.endsWith('ba')"), "true");
}

TEST(CelTexts, MatchesAnyPartOfAText) {
  EXPECT_EQ(Evaluated("event.surface.matches('o') && !event.surface.matches('^o')"), "true");
  EXPECT_EQ(Evaluated("matches(event.surface, 'h.m')"), "true");
  EXPECT_EQ(Evaluated("place.matches('a')"), "failure(the fact is unknown) at 0");
}

TEST(CelTexts, FailsOnABadPatternWhenItIsReached) {
  EXPECT_EQ(Evaluated("event.surface.matches('a(')"), "failure(bad regular expression) at 14");
  EXPECT_EQ(Evaluated("true || event.surface.matches('a(')"), "true");
  EXPECT_EQ(Evaluated("event.surface.matches(event.surface + '(')"),
            "failure(bad regular expression) at 14");
}

TEST(CelTexts, RefusesAPatternThatIsTooLarge) {
  EXPECT_FALSE(CompileRegex("((a{100}){100}){100}").re2->ok());
  EXPECT_FALSE(IsRegexSize(std::string(1'025, 'a')));
  EXPECT_EQ(Evaluated("event.surface.matches('" + std::string(1'025, 'a') + "')"),
            "failure(bad regular expression) at 14");
}

}  // namespace
}  // namespace lineward::policy::cel

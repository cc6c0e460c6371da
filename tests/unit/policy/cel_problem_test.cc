#include <gtest/gtest.h>

#include "policy/src/cel/problem.h"

namespace lineward::policy::cel {
namespace {

TEST(CelProblem, CountsLinesAndBytesFromOne) {
  EXPECT_EQ(PlaceOf("ab\ncd", 0), (document::Place{1, 1}));
  EXPECT_EQ(PlaceOf("ab\ncd", 2), (document::Place{1, 3}));
  EXPECT_EQ(PlaceOf("ab\ncd", 3), (document::Place{2, 1}));
  EXPECT_EQ(PlaceOf("ab\ncd", 99), (document::Place{2, 3}));
  EXPECT_EQ(PlaceOf("", 0), (document::Place{1, 1}));
}

TEST(CelProblem, ReadsAsPlaceAndMessage) {
  EXPECT_EQ(ToText({kNotAnExpression, {2, 7}, "unknown name `x`"}), "2:7: unknown name `x`");
}

}  // namespace
}  // namespace lineward::policy::cel

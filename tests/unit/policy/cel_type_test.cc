#include <gtest/gtest.h>

#include "policy/src/cel/type.h"

namespace lineward::policy::cel {
namespace {

Type Of(std::string_view text) { return Type::Parse(text).value(); }

TEST(CelType, ReadsAndWritesItsNames) {
  for (std::string_view text : {"int", "dyn", "list(string)", "map(string, list(double))",
                                "map(A, B)", "timestamp", "null"}) {
    EXPECT_EQ(ToText(Of(text)), text);
  }
  for (std::string_view text : {"", "integer", "list", "list()", "list(int", "map(int)", "int)"}) {
    EXPECT_EQ(Type::Parse(text), std::nullopt) << text;
  }
}

TEST(CelType, FitsWhereEveryPartFits) {
  EXPECT_TRUE(IsAssignable(Of("dyn"), Of("int")));
  EXPECT_TRUE(IsAssignable(Of("list(int)"), Of("list(dyn)")));
  EXPECT_FALSE(IsAssignable(Of("int"), Of("uint")));
  EXPECT_FALSE(IsAssignable(Of("list(int)"), Of("list(string)")));
  EXPECT_FALSE(IsAssignable(Of("map(int, int)"), Of("map(int, string)")));
}

TEST(CelType, JoinsToTheWiderOrToDyn) {
  EXPECT_EQ(ToText(Join(Of("int"), Of("int"))), "int");
  EXPECT_EQ(ToText(Join(Of("int"), Of("string"))), "dyn");
  EXPECT_EQ(ToText(Join(Of("list(dyn)"), Of("list(int)"))), "list(dyn)");
  EXPECT_EQ(ToText(Join(Of("map(int, int)"), Of("map(int, dyn)"))), "map(int, dyn)");
}

TEST(CelType, LooksIntoListsAndMaps) {
  EXPECT_TRUE(Of("map(string, list(double))").Holds(TypeKind::kDouble));
  EXPECT_FALSE(Of("map(string, list(int))").Holds(TypeKind::kDouble));
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include "policy/src/cel/library.h"

namespace lineward::policy::cel {
namespace {

TEST(CelLibrary, FindsTheOverloadsOfANameInItsForm) {
  EXPECT_EQ(OverloadsOf("size", Form::kGlobal).size(), 4u);
  EXPECT_EQ(OverloadsOf("size", Form::kMember).size(), 4u);
  EXPECT_EQ(OverloadsOf("contains", Form::kGlobal).size(), 0u);
  EXPECT_EQ(OverloadsOf("+", Form::kOperator).size(), 9u);
  EXPECT_TRUE(OverloadsOf("+", Form::kGlobal).empty());
}

TEST(CelLibrary, HasOneFunctionPerNameAndForm) {
  for (Form form : {Form::kOperator, Form::kGlobal, Form::kMember}) {
    for (std::string_view name : FunctionNames(form)) {
      for (const Overload& overload : OverloadsOf(name, form)) {
        EXPECT_EQ(overload.function, OverloadsOf(name, form)[0].function) << name;
        EXPECT_GE(overload.parameters.size(), 1u) << name;
        EXPECT_LE(overload.parameters.size(), 2u) << name;
      }
    }
  }
}

TEST(CelLibrary, NamesEachFunctionOnce) {
  const std::vector<std::string_view> names = FunctionNames(Form::kGlobal);
  EXPECT_EQ(names.size(), 12u);
  EXPECT_EQ(names.front(), "bool");
}

}  // namespace
}  // namespace lineward::policy::cel

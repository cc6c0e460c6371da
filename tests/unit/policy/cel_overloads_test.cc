#include <gtest/gtest.h>

#include "policy/src/cel/overloads.h"

namespace lineward::policy::cel {
namespace {

std::string Result(std::string_view name, std::vector<std::string_view> types) {
  std::vector<Type> arguments;
  for (std::string_view type : types) arguments.push_back(Type::Parse(type).value());
  const std::optional<Type> result = ResultOf(OverloadsOf(name, Form::kOperator), arguments);
  return result ? ToText(*result) : "none";
}

TEST(CelOverloads, ChoosesByTheTypesOfTheArguments) {
  EXPECT_EQ(Result("+", {"int", "int"}), "int");
  EXPECT_EQ(Result("+", {"timestamp", "duration"}), "timestamp");
  EXPECT_EQ(Result("-", {"timestamp", "timestamp"}), "duration");
  EXPECT_EQ(Result("+", {"int", "string"}), "none");
  EXPECT_EQ(Result("%", {"double", "double"}), "none");
  EXPECT_EQ(Result("<", {"int", "double"}), "bool");
  EXPECT_EQ(Result("<", {"list(int)", "list(int)"}), "none");
}

TEST(CelOverloads, BindsParametersAlike) {
  EXPECT_EQ(Result("==", {"int", "uint"}), "none");
  EXPECT_EQ(Result("==", {"list(int)", "list(int)"}), "bool");
  EXPECT_EQ(Result("in", {"string", "list(int)"}), "none");
  EXPECT_EQ(Result("[]", {"map(string, int)", "string"}), "int");
  EXPECT_EQ(Result("+", {"list(dyn)", "list(int)"}), "list(dyn)");
}

TEST(CelOverloads, GivesDynWhereSeveralFit) {
  EXPECT_EQ(Result("+", {"dyn", "dyn"}), "dyn");
  EXPECT_EQ(Result("*", {"dyn", "int"}), "int");
  EXPECT_EQ(Result("==", {"dyn", "int"}), "bool");
}

TEST(CelOverloads, ListsAFewSignatures) {
  EXPECT_EQ(SignaturesHint(OverloadsOf("contains", Form::kMember)), " (takes (string, string))");
  EXPECT_EQ(SignaturesHint(OverloadsOf("string", Form::kGlobal)), "");
}

TEST(CelOverloads, KnowsWhatCanBeAKey) {
  EXPECT_TRUE(IsKey(TypeKind::kString));
  EXPECT_TRUE(IsKey(Type()));
  EXPECT_FALSE(IsKey(TypeKind::kDouble));
  EXPECT_FALSE(IsKey(TypeKind::kNull));
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "policy/src/cel/value.h"

namespace lineward::policy::cel {
namespace {

TEST(CelValue, HasSixteenBytesAndIsNullAtFirst) {
  EXPECT_EQ(sizeof(Value), 16u);
  EXPECT_TRUE(Value().is(Kind::kNull));
}

TEST(CelValue, ReadsAsItIsWritten) {
  const std::array<Value, 2> items = {Value::Int(-1), Value::String("a")};
  EXPECT_EQ(ToText(Value()), "null");
  EXPECT_EQ(ToText(Value::Uint(7)), "7u");
  EXPECT_EQ(ToText(Value::Double(1)), "1.0");
  EXPECT_EQ(ToText(Value::Double(1e300)), "1e+300");
  EXPECT_EQ(ToText(Value::List(items)), "[-1, \"a\"]");
  EXPECT_EQ(ToText(Value::Map(items)), "{-1: \"a\"}");
  EXPECT_EQ(ToText(Value::Bytes("x")), "b\"x\"");
  EXPECT_EQ(ToText(Value::Timestamp(0, 5)), "timestamp(\"1970-01-01T00:00:00.000000005Z\")");
  EXPECT_EQ(ToText(Value::Duration(1'500'000'000)), "duration(\"1.5s\")");
  EXPECT_EQ(ToText(Value::TypeNamed("int")), "int");
}

TEST(CelValue, KnowsTheNameOfItsType) {
  EXPECT_EQ(TypeNameOf(Value()), "null_type");
  EXPECT_EQ(TypeNameOf(Value::Timestamp(0, 0)), "google.protobuf.Timestamp");
  EXPECT_EQ(TypeNameOf(Value::TypeNamed("int")), "type");
}

TEST(CelValue, KeepsTheFirstPlaceOfAFailure) {
  const Value failure = Value::Failed(Failure::kOverflow);
  EXPECT_EQ(failure.offset(), std::nullopt);
  EXPECT_EQ(failure.PlacedAt(0).offset(), 0u);
  EXPECT_EQ(failure.PlacedAt(4).PlacedAt(9).offset(), 4u);
  EXPECT_EQ(failure.PlacedAt(4).failure(), Failure::kOverflow);
  EXPECT_EQ(Value::Int(0).PlacedAt(4).as_int(), 0);
}

TEST(CelValue, TellsEveryFailureInItsOwnWords) {
  std::vector<std::string_view> texts;
  for (int i = 0; i <= static_cast<int>(Failure::kBudgetSpent); ++i) {
    const std::string_view text = FailureText(static_cast<Failure>(i));
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(std::count(texts.begin(), texts.end(), text), 0) << text;
    texts.push_back(text);
  }
}

}  // namespace
}  // namespace lineward::policy::cel

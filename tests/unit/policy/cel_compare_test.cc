#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "policy/src/cel/compare.h"

namespace lineward::policy::cel {
namespace {

class CelCompare : public testing::Test {
 protected:
  void SetUp() override { scratch_.Begin(0); }
  bool Equal(const Value& a, const Value& b) {
    const std::optional<bool> forwards = AreEqual(a, b, &scratch_);
    EXPECT_EQ(forwards, AreEqual(b, a, &scratch_));
    return forwards.value();
  }
  bool Less(const Value& a, const Value& b) { return Order(a, b, &scratch_).value() < 0; }

  Scratch scratch_;
};

TEST_F(CelCompare, FindsEqualNumbersOfDifferentKinds) {
  EXPECT_TRUE(Equal(Value::Int(1), Value::Uint(1)));
  EXPECT_TRUE(Equal(Value::Int(1), Value::Double(1)));
  EXPECT_TRUE(Equal(Value::Uint(1), Value::Double(1)));
  EXPECT_FALSE(Equal(Value::Int(-1), Value::Uint(UINT64_MAX)));
  EXPECT_FALSE(Equal(Value::Int(1), Value::Double(1.5)));
  EXPECT_FALSE(Equal(Value::Int(1), Value::String("1")));
  EXPECT_FALSE(Equal(Value(), Value::Bool(false)));
}

TEST_F(CelCompare, IsExactWhereDoublesAreNot) {
  EXPECT_FALSE(Equal(Value::Int(INT64_MAX), Value::Double(9223372036854775808.0)));
  EXPECT_FALSE(Equal(Value::Int((int64_t{1} << 53) + 1), Value::Double(9007199254740992.0)));
  EXPECT_TRUE(Equal(Value::Int(INT64_MIN), Value::Double(-9223372036854775808.0)));
  EXPECT_FALSE(Equal(Value::Uint(UINT64_MAX), Value::Double(18446744073709551616.0)));
}

TEST_F(CelCompare, KeepsNanApart) {
  const Value nan = Value::Double(std::nan(""));
  EXPECT_FALSE(Equal(nan, nan));
  EXPECT_FALSE(Equal(nan, Value::Int(0)));
  EXPECT_EQ(Order(nan, Value::Int(0), &scratch_), std::partial_ordering::unordered);
}

TEST_F(CelCompare, OrdersWhatHasAnOrder) {
  EXPECT_TRUE(Less(Value::Int(-1), Value::Uint(0)));
  EXPECT_TRUE(Less(Value::Double(-0.5), Value::Int(0)));
  EXPECT_TRUE(Less(Value::Int(3), Value::Double(3.5)));
  EXPECT_TRUE(Less(Value::Bool(false), Value::Bool(true)));
  EXPECT_TRUE(Less(Value::String("a"), Value::String("\xCE\xB1")));
  EXPECT_TRUE(Less(Value::String("ab"), Value::String("abc")));
  EXPECT_TRUE(Less(Value::Timestamp(5, 1), Value::Timestamp(5, 2)));
  EXPECT_TRUE(Less(Value::Timestamp(-5, 9), Value::Timestamp(5, 0)));
  EXPECT_TRUE(Less(Value::Duration(-1), Value::Duration(0)));
  EXPECT_EQ(Order(Value(), Value(), &scratch_), std::nullopt);
  EXPECT_EQ(Order(Value::Int(1), Value::String("1"), &scratch_), std::nullopt);
}

TEST_F(CelCompare, ComparesMapsInAnyOrder) {
  const std::vector<Value> ab = {Value::Int(1), Value::String("a"), Value::Int(2), Value()};
  const std::vector<Value> ba = {Value::Uint(2), Value(), Value::Double(1), Value::String("a")};
  const std::vector<Value> other = {Value::Uint(2), Value(), Value::Double(1), Value::String("b")};
  EXPECT_TRUE(Equal(Value::Map(ab), Value::Map(ba)));
  EXPECT_FALSE(Equal(Value::Map(ab), Value::Map(other)));
}

TEST_F(CelCompare, StopsAtTheBoundOnWork) {
  // A list that holds the last one twice, forty times over: 2^40 comparisons without a bound.
  std::vector<std::vector<Value>> lists(41);
  lists[0] = {Value::Int(1)};
  for (size_t i = 1; i < lists.size(); ++i) {
    lists[i] = {Value::List(lists[i - 1]), Value::List(lists[i - 1])};
  }
  EXPECT_EQ(AreEqual(Value::List(lists[40]), Value::List(lists[40]), &scratch_), std::nullopt);
  EXPECT_TRUE(scratch_.is_exhausted());
}

}  // namespace
}  // namespace lineward::policy::cel

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "decision/src/fields.h"

namespace lineward::decision {
namespace {

std::string Id(std::string_view text) {
  std::string bytes;
  AppendId(text, &bytes);
  return base::ToHex(bytes);
}

std::string FromHex(std::string_view text) { return base::FromHex(text).value(); }

TEST(Id, TakesTheHighestFormThatGivesTheTextBack) {
  EXPECT_EQ(Id("r-81f2/3"), "00" + base::ToHex("r-81f2/3"));
  EXPECT_EQ(Id("01234567-89ab-cdef-0123-456789abcdef"), "010123456789abcdef0123456789abcdef");
  EXPECT_EQ(Id("0123456789abcdef0123456789abcdef"), "020123456789abcdef0123456789abcdef");
  EXPECT_EQ(Id("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), "03" + std::string(32, 'f'));
  EXPECT_EQ(Id("0000000000000000000000000Z"), "03" + std::string(30, '0') + "1f");
  EXPECT_EQ(Id("0"), "0400");
  EXPECT_EQ(Id("300"), "04ac02");
  EXPECT_EQ(Id("999999999999999999"), "04ffff8fbbbad6adf00d");
}

TEST(Id, AnyOtherSpellingIsText) {
  for (std::string_view text :
       {"01234567-89AB-cdef-0123-456789abcdef", "0123456789ABCDEF0123456789abcdef",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "7ZZZZZZZZZZZZZZZZZZZZZZZZI", "7zzzzzzzzzzzzzzzzzzzzzzzzz",
        "00", "-1", "1000000000000000000", "1.0"}) {
    EXPECT_EQ(Id(text).substr(0, 2), "00") << text;
    EXPECT_EQ(ReadId(FromHex(Id(text))), text);
  }
}

TEST(Id, ReadsBackEveryForm) {
  for (std::string_view text :
       {"r", "01234567-89ab-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV", "42", "0"}) {
    EXPECT_EQ(ReadId(FromHex(Id(text))), text);
  }
}

TEST(Id, RefusesASecondSpelling) {
  EXPECT_FALSE(ReadId(FromHex("00" + base::ToHex("42"))).has_value());
  EXPECT_FALSE(ReadId(FromHex("04ffffffffffffffffff01")).has_value());
  EXPECT_FALSE(ReadId(FromHex("0500")).has_value());
  EXPECT_FALSE(ReadId(FromHex("010123")).has_value());
  EXPECT_FALSE(ReadId(FromHex("00")).has_value());
  EXPECT_FALSE(ReadId("").has_value());
}

TEST(FactValue, ReadsBackEachType) {
  const FactValue values[] = {
      {.type = FactType::kBool, .integer = 1},
      {.type = FactType::kInt, .integer = std::numeric_limits<int64_t>::min()},
      {.type = FactType::kDouble, .number = -0.5},
      {.type = FactType::kString, .text = "a"},
      {.type = FactType::kString, .text = ""},
      {.type = FactType::kTimestamp, .integer = 1'772'366'400'120'000}};
  for (const FactValue& value : values) {
    std::string bytes;
    AppendFactValue(value, &bytes);
    EXPECT_EQ(ReadFactValue(bytes), value) << base::ToHex(bytes);
  }
}

TEST(FactValue, RefusesOtherTypesAndLengths) {
  for (std::string_view hex : {"", "00", "0102", "010100", "02", "03000000", "04ff", "0600"}) {
    EXPECT_FALSE(ReadFactValue(FromHex(hex)).has_value()) << hex;
  }
}

TEST(FieldReader, RefusesFieldsOutOfOrder) {
  std::string bytes;
  AppendUvField(&bytes, 2, 7);
  AppendUvField(&bytes, 2, 7);
  FieldReader fields(bytes);
  EXPECT_EQ(fields.Next()->number, 2u);
  EXPECT_FALSE(fields.Next().has_value());
  EXPECT_FALSE(fields.ok());
}

TEST(UvBytes, CountsWhatAppendUvWrites) {
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{16383},
                         uint64_t{16384}, std::numeric_limits<uint64_t>::max()}) {
    std::string bytes;
    base::AppendUv(&bytes, value);
    EXPECT_EQ(UvBytes(value), bytes.size()) << value;
  }
}

}  // namespace
}  // namespace lineward::decision

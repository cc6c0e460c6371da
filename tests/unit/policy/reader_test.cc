#include "policy/src/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/policy/builders.h"

namespace lineward::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ReaderTest : public testing::Test {
 protected:
  document::YamlNode Map(std::string_view yaml) {
    return *document::ParseYaml(yaml, {kFileBytesMax, 32}).root;
  }
  std::string Told() const { return AllFindings(findings); }

  Findings findings;
  Reader in{&findings, "f.yaml", 0, false};
};

TEST(Ids, BeginWithALetterOrDigitAndHave64CharactersAtMost) {
  for (const char* id : {"a", "9", "A.b_c-d", "x--"}) EXPECT_TRUE(IsId(id)) << id;
  for (const char* id : {"", ".a", "-a", "_a", "a b", "a/b", "a@1", "ä"}) EXPECT_FALSE(IsId(id));
  EXPECT_TRUE(IsId(std::string(64, 'a')));
  EXPECT_FALSE(IsId(std::string(65, 'a')));
}

TEST(Ids, OfPolicyVersionsEndInDigits) {
  for (const char* pid : {"recs@8", "a.b@0", "a@007"}) EXPECT_TRUE(IsPid(pid)) << pid;
  for (const char* pid : {"recs", "recs@", "@8", "recs@8a", "recs@-1", "a@1@2", "a b@1"}) {
    EXPECT_FALSE(IsPid(pid)) << pid;
  }
  EXPECT_FALSE(IsPid("a@1234567890123456789")) << "19 digits may not fit int64";
}

TEST(Doubles, AreFiniteJsonNumbers) {
  EXPECT_EQ(ParseDouble("0.5"), 0.5);
  EXPECT_EQ(ParseDouble("1e5"), 100'000.0);
  EXPECT_EQ(ParseDouble("-12"), -12.0);
  EXPECT_TRUE(std::signbit(*ParseDouble("-0")));
  for (const char* text : {"", "nan", "inf", "1e999", "+1", ".5", "5.", "01", "1 ", " 1", "0x1",
                           "true", "1,5", "[1]"}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << text;
  }
}

TEST(Doubles, AreWrittenShortest) {
  EXPECT_EQ(FormatDouble(100'000.0), "1e+05");
  EXPECT_EQ(FormatDouble(0.1), "0.1");
  EXPECT_EQ(FormatDouble(-0.0), "-0");
  EXPECT_EQ(FormatDouble(1e300), "1e+300");
}

TEST_F(ReaderTest, NamesAnUnknownKeyWithTheNearest) {
  constexpr std::string_view kKeys[] = {"rules", "owner"};
  EXPECT_TRUE(in.Map(Map("ruels: x\n"), "a Policy", kKeys));
  EXPECT_EQ(Told(), "f.yaml:1:1: LP101: a Policy has no key `ruels` (nearest: `rules`)\n");
}

TEST_F(ReaderTest, FindsAKeyWithoutAValueAndAListInPlaceOfAMap) {
  constexpr std::string_view kKeys[] = {"rules"};
  EXPECT_TRUE(in.Map(Map("rules:\n"), "a Policy", kKeys));
  EXPECT_FALSE(in.Map(Map("[a]\n"), "a Policy", kKeys));
  EXPECT_EQ(Told(),
            "f.yaml:1:1: LP101: a Policy must be a map, found a list\n"
            "f.yaml:1:1: LP101: key `rules` has no value\n");
}

TEST_F(ReaderTest, TakesAnAbsentKeyAndMissesARequiredOne) {
  const document::YamlNode map = Map("a: 1\n");
  EXPECT_EQ(in.Text(map, "b"), std::nullopt);
  EXPECT_TRUE(in.List(map, "b").empty());
  EXPECT_EQ(Told(), "");
  EXPECT_EQ(in.Text(map, "b", true), std::nullopt);
  EXPECT_EQ(Told(), "f.yaml:1:1: LP101: key `b` is missing\n");
}

TEST_F(ReaderTest, HoldsWholeNumbersWithinTheirBounds) {
  const document::YamlNode map = Map("a: 10000\nb: 10001\nc: 1.0\nd: -1\n");
  EXPECT_EQ(in.Int(map, "a", 0, 10'000), 10'000);
  EXPECT_EQ(Told(), "");
  EXPECT_EQ(in.Int(map, "b", 0, 10'000), std::nullopt);
  EXPECT_EQ(in.Int(map, "c", 0, 10'000), std::nullopt);
  EXPECT_EQ(in.Int(map, "d", 0, INT64_MAX), std::nullopt);
  EXPECT_EQ(Told(),
            "f.yaml:2:4: LP101: `b`: `10001` is no whole number from 0 to 10000\n"
            "f.yaml:3:4: LP101: `c`: `1.0` is no whole number from 0 to 10000\n"
            "f.yaml:4:4: LP101: `d`: `-1` is no whole number of at least 0\n");
}

TEST_F(ReaderTest, TakesTrueAndFalseAloneForABool) {
  const document::YamlNode map = Map("a: true\nb: yes\n");
  EXPECT_TRUE(in.Bool(map, "a", false));
  EXPECT_TRUE(in.Bool(map, "absent", true));
  EXPECT_TRUE(in.Bool(map, "b", true)) << "the default stands in";
  EXPECT_EQ(Told(), "f.yaml:2:4: LP101: `b`: `yes` is none of `true`, `false`\n");
}

TEST_F(ReaderTest, ReadsTimesAsTextAndInCanonicalBytesAsMicroseconds) {
  const document::YamlNode map = Map("a: 1970-01-01T00:00:01Z\nb: 1000000\n");
  EXPECT_EQ(in.Time(map, "a"), 1'000'000);
  EXPECT_EQ(in.Time(map, "b"), std::nullopt);
  EXPECT_THAT(Told(), HasSubstr("`1000000` is no time such as 2027-01-01T00:00:00Z"));
  Reader canonical(&findings, "c", 0, true);
  EXPECT_EQ(canonical.Time(map, "b"), 1'000'000);
  EXPECT_EQ(canonical.Time(map, "a"), std::nullopt);
}

TEST_F(ReaderTest, TakesAWindowWithOneEndAndRefusesOneWithNone) {
  const Window open = in.WindowOf(Map("w: {until: 1970-01-01T00:00:01Z}\n"), "w");
  EXPECT_TRUE(open.Has(INT64_MIN));
  EXPECT_TRUE(open.Has(999'999));
  EXPECT_FALSE(open.Has(1'000'000));
  EXPECT_EQ(Told(), "");
  in.WindowOf(Map("w: {}\n"), "w");
  EXPECT_EQ(Told(), "f.yaml:1:4: LP101: `w` needs `from` or `until`\n");
}

TEST_F(ReaderTest, SortsTextsAndDropsDoubles) {
  EXPECT_THAT(in.Texts(Map("t: [b, a, b]\n"), "t"), ElementsAre("a", "b"));
  EXPECT_EQ(Told(), "");
  EXPECT_THAT(in.Texts(Map("t: [a, {}]\n"), "t"), ElementsAre("a"));
  EXPECT_EQ(Told(), "f.yaml:1:8: LP101: `t` holds text, found a map\n");
}

TEST_F(ReaderTest, Takes64ValuesAndRefusesOneMore) {
  const auto list = [](int count) {
    std::string text = "t: [";
    for (int i = 0; i < count; ++i) text += "v" + std::to_string(i) + ", ";
    return text + "]\n";
  };
  in.Texts(Map(list(64)), "t");
  EXPECT_EQ(Told(), "");
  in.Texts(Map(list(65)), "t", false, false);
  EXPECT_EQ(Told(), "");
  in.Texts(Map(list(65)), "t");
  EXPECT_EQ(Told(), "f.yaml:1:4: LP110: `t` has 65 values, at most 64 are taken\n");
}

}  // namespace
}  // namespace lineward::policy

#include "policy/src/scalar_places.h"

#include <gtest/gtest.h>

#include <string>

#include "lineward/document/yaml.h"

namespace lineward::policy {
namespace {

std::string Told(document::Place place) {
  return std::to_string(place.line) + ":" + std::to_string(place.column);
}

// The place of the first `mark` in the value of `k` of a file.
std::string PlaceOf(const std::string& file, std::string_view mark) {
  const document::YamlDocument document = document::ParseYaml(file);
  EXPECT_TRUE(document.ok()) << file;
  const document::YamlNode& node = *document.root->Find("k");
  const size_t offset = node.text.find(mark);
  EXPECT_NE(offset, std::string::npos) << node.text;
  return Told(PlaceInScalar(file, node.place, node.text, offset));
}

TEST(PlaceInScalar, IsThatOfTheByteInPlainText) {
  EXPECT_EQ(PlaceOf("k: a == bad\n", "bad"), "1:9");
  EXPECT_EQ(PlaceOf("a: 1\n\nk: a == bad # no\n", "bad"), "3:9");
  EXPECT_EQ(PlaceOf("{a: x, k: a == bad}\n", "bad"), "1:16");
  EXPECT_EQ(PlaceOf("k: a\n   && b  \n    && bad\n", "bad"), "3:8");
}

TEST(PlaceInScalar, FollowsQuotesAndEscapes) {
  EXPECT_EQ(PlaceOf("k: 'a == bad'\n", "bad"), "1:10");
  EXPECT_EQ(PlaceOf("k: 'a == ''x'' || bad'\n", "bad"), "1:19");
  EXPECT_EQ(PlaceOf("k: \"a == \\\"x\\\" || bad\"\n", "bad"), "1:19");
  EXPECT_EQ(PlaceOf("k: \"\\x41\\u00e9\\t == bad\"\n", "bad"), "1:21");
  EXPECT_EQ(PlaceOf("k: 'a\n\n  || bad'\n", "bad"), "3:6");
  EXPECT_EQ(PlaceOf("k: \"a \\\n  || bad\"\n", "bad"), "2:6");
}

TEST(PlaceInScalar, FollowsBlocks) {
  EXPECT_EQ(PlaceOf("k: |\n  a ||\n  bad\n", "bad"), "3:3");
  EXPECT_EQ(PlaceOf("k: |-\n  a ||\n\n    b || bad\n", "bad"), "4:10");
  EXPECT_EQ(PlaceOf("k: >\n  a ||\n  b || bad\n", "bad"), "3:8");
  EXPECT_EQ(PlaceOf("k: >-\n\n  a ||\n\n  b ||\n    c ||\n  bad\n", "bad"), "7:3");
  EXPECT_EQ(PlaceOf("k: |2\n   a ||\n  bad\n", "bad"), "3:3");
  EXPECT_EQ(PlaceOf("l:\n- x\nk: | # an expression\n    bad\n", "bad"), "4:5");
}

TEST(PlaceInScalar, CountsBytesOfOtherAlphabetsAndKnowsLineEndsOfWindows) {
  EXPECT_EQ(PlaceOf("k: 'é == bad'\n", "bad"), "1:11");
  EXPECT_EQ(PlaceOf("a: 1\r\nk: |\r\n  a ||\r\n  bad\r\n", "bad"), "4:3");
  EXPECT_EQ(PlaceOf("\xEF\xBB\xBFk: 'a == bad'\r\n", "bad"), "1:10");
}

TEST(PlaceInScalar, IsTheStartWhereTheFileSaysSomethingElse) {
  EXPECT_EQ(Told(PlaceInScalar("k: abc\n", {1, 4}, "abd", 3)), "1:4");
  EXPECT_EQ(Told(PlaceInScalar("k: abc\n", {1, 4}, "abc", 2)), "1:6");
  EXPECT_EQ(Told(PlaceInScalar("k: abc\n", {7, 4}, "abc", 2)), "7:4");
  EXPECT_EQ(Told(PlaceInScalar("", {1, 1}, "abc", 2)), "1:1");
  EXPECT_EQ(Told(PlaceInScalar("k: |", {1, 4}, "abc", 2)), "1:4");
}

TEST(PlaceInScalar, IsBehindTheTextForAnOffsetBehindIt) {
  EXPECT_EQ(Told(PlaceInScalar("k: 'ab'\n", {1, 4}, "ab", 9)), "1:7");
}

}  // namespace
}  // namespace lineward::policy

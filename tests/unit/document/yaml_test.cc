#include "lineward/document/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lineward::document {
namespace {

using testing::HasSubstr;

YamlNode Read(std::string_view text) {
  YamlDocument document = ParseYaml(text);
  EXPECT_TRUE(document.ok()) << (document.problems.empty() ? "no root"
                                                           : document.problems[0].message);
  return document.root.value_or(YamlNode{});
}

// "line:column message" of the first problem.
std::string Problem(std::string_view text, const YamlLimits& limits = {}) {
  const YamlDocument document = ParseYaml(text, limits);
  if (document.problems.empty()) return "none";
  const YamlProblem& problem = document.problems[0];
  return std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column) + " " +
         problem.message;
}

std::string Text(const YamlNode& node, std::string_view key) {
  const YamlNode* value = node.Find(key);
  if (value == nullptr) return "<absent>";
  return value->is_text() ? value->text
                          : std::string("<") + std::string(KindName(value->kind)) + ">";
}

TEST(Yaml, GivesEachValueItsPlace) {
  const YamlNode root = Read("a: 1\nlist:\n- x\n- {b: y}\n");
  EXPECT_EQ(root.Find("a")->place, (Place{1, 4}));
  EXPECT_EQ(root.entries[1].place, (Place{2, 1}));
  EXPECT_EQ(root.Find("list")->items[1].Find("b")->place, (Place{4, 7}));
}

TEST(Yaml, LeavesAScalarTheTextItIs) {
  const YamlNode root = Read("a: NO\nb: 1.10\nc: null\nd: ~\ne: 'null'\nf: \"\"\nNULL: Null\n");
  EXPECT_EQ(Text(root, "a"), "NO");
  EXPECT_EQ(Text(root, "b"), "1.10");
  EXPECT_EQ(Text(root, "c"), "null");
  EXPECT_EQ(Text(root, "d"), "~");
  EXPECT_EQ(Text(root, "e"), "null");
  EXPECT_EQ(Text(root, "f"), "");
  EXPECT_EQ(Text(root, "NULL"), "Null");
}

TEST(Yaml, TellsAKeyWithoutValueFromTheWordNull) {
  EXPECT_EQ(Text(Read("a:\nnull: 1\n"), "a"), "<nothing>");
  EXPECT_EQ(Text(Read("a:\nnull: 1\n"), "null"), "1");
  EXPECT_EQ(Text(*Read("a:\n  b:\nnull: 1\n").Find("a"), "b"), "<nothing>");
  EXPECT_EQ(Text(Read("{a: , null: 1}"), "a"), "<nothing>");
  EXPECT_EQ(Text(Read("{a: null}"), "a"), "null");
  EXPECT_EQ(Text(Read("a: null"), "a"), "null");
  EXPECT_EQ(Text(Read("a:"), "a"), "<nothing>");
  EXPECT_TRUE(Read("-\n- null\n").items[0].is_empty());
  EXPECT_EQ(Read("-\n- null\n").items[1].text, "null");
}

TEST(Yaml, RefusesAnAnchorAnAliasAndATag) {
  EXPECT_THAT(Problem("a: &x 1\n"), HasSubstr("1:4 anchors"));
  EXPECT_THAT(Problem("a: &x {b: 1}\n"), HasSubstr("1:4 anchors"));
  EXPECT_THAT(Problem("a: *x\n"), HasSubstr("1:4"));
  EXPECT_THAT(Problem("a: !!str 1\n"), HasSubstr("1:4 tags"));
  EXPECT_THAT(Problem("a: ! 1\n"), HasSubstr("1:4 tags"));
  EXPECT_THAT(Problem("a: !x [1]\n"), HasSubstr("1:4 tags"));
}

TEST(Yaml, RefusesAnAliasBombAtItsFirstAnchor) {
  std::string bomb = "a0: &a0 [x,x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + before + ",*a" +
            before + "]\n";
  }
  EXPECT_THAT(Problem(bomb), HasSubstr("1:5 anchors"));
}

TEST(Yaml, RefusesAMergeKey) { EXPECT_THAT(Problem("a: {<<: {b: 1}}\n"), HasSubstr("merge")); }

TEST(Yaml, RefusesASecondDocument) {
  EXPECT_THAT(Problem("a: 1\n---\nb: 1\n"), HasSubstr("second document"));
  EXPECT_EQ(Problem("---\na: 1\n"), "none");
  EXPECT_EQ(Problem("a: 1\n...\n"), "none");
}

TEST(Yaml, ReportsEveryDuplicateKeyAndKeepsTheFirst) {
  const YamlDocument document = ParseYaml("a: 1\na: 2\nb: {c: 1, c: 2}\n");
  ASSERT_EQ(document.problems.size(), 2u);
  EXPECT_EQ(document.problems[0].place, (Place{2, 1}));
  EXPECT_EQ(document.problems[0].message, "key `a` stands twice, first in line 1");
  EXPECT_EQ(document.problems[1].place, (Place{3, 11}));
  EXPECT_EQ(Text(*document.root, "a"), "1");
}

TEST(Yaml, RefusesAKeyThatIsNoText) {
  EXPECT_THAT(Problem("? [a]\n: 1\n"), HasSubstr("a key must be text, found a list"));
  EXPECT_THAT(Problem(": 1\n"), HasSubstr("a key must be text, found nothing"));
}

TEST(Yaml, TakesABomAndCrlf) {
  const YamlNode root = Read(
      "\xEF\xBB\xBF"
      "a: x\r\nb: y\r\n");
  EXPECT_EQ(Text(root, "a"), "x");
  EXPECT_EQ(Text(root, "b"), "y");
  EXPECT_EQ(root.Find("b")->place, (Place{2, 4}));
}

TEST(Yaml, RefusesTabsInIndentationButNotBehindIt) {
  EXPECT_EQ(Problem("a:\n\tb: 1\n"), "2:2 a tab in the indentation");
  EXPECT_EQ(Problem("a:\n  \tb: 1\n"), "2:4 a tab in the indentation");
  EXPECT_EQ(Problem("a: \"x\ty\"\t# z\n"), "none");
}

TEST(Yaml, RefusesNulAndOtherControlCharacters) {
  EXPECT_EQ(Problem(std::string_view("a: x\0y\n", 7)), "1:5 control character 0x00");
  EXPECT_EQ(Problem("a: 1\rb: 2\n"), "1:5 control character 0x0d");
  EXPECT_THAT(Problem("a: \"x\\0y\"\n"), HasSubstr("1:4 text with a NUL"));
}

TEST(Yaml, RefusesInvalidUtf8AndNamesTheLine) {
  EXPECT_EQ(Problem("a: 1\nb: \xC3(\n"), "2:1 not UTF-8");
  EXPECT_EQ(Problem("a: J\xC3\xB6rg\n"), "none");
}

TEST(Yaml, RefusesDepthAboveTheLimitAndTakesTheLimit) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + "x" + std::string(depth, ']');
  };
  EXPECT_EQ(Problem(nested(32)), "none");
  EXPECT_EQ(Problem(nested(33)), "1:33 deeper than 32 levels");
  EXPECT_TRUE(ParseYaml(nested(33)).problems[0].is_limit);
}

TEST(Yaml, RefusesAFileAboveTheLimitAndTakesTheLimit) {
  std::string text = "a: x\n";
  text += "#" + std::string((1 << 20) - text.size() - 1, 'c');
  EXPECT_EQ(Problem(text), "none");
  text += "c";
  EXPECT_EQ(Problem(text), "1:1 file of 1048577 bytes, at most 1048576 are taken");
}

TEST(Yaml, RefusesWhatIsNoYaml) {
  EXPECT_THAT(Problem("a: [1\n"), HasSubstr("not YAML"));
  EXPECT_EQ(Problem(""), "1:1 an empty file");
  EXPECT_EQ(Problem("# only a comment\n"), "1:1 an empty file");
}

TEST(Yaml, FoldsABlockText) {
  EXPECT_EQ(Text(Read("a: >-\n  one\n  two\nb: |\n  x\n  y\n"), "a"), "one two");
  EXPECT_EQ(Text(Read("b: |\n  x\n  y\n"), "b"), "x\ny\n");
}

}  // namespace
}  // namespace lineward::document

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/policy/source.h"
#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

using testing::HasSubstr;

std::vector<SourceFile> With(SourceFile file) {
  std::vector<SourceFile> files = SmallFiles();
  files.push_back(std::move(file));
  return files;
}

TEST(Source, NeedsOneTaxonomyAndOneVocabulary) {
  std::vector<SourceFile> files = SmallFiles();
  EXPECT_EQ(FindingsIn(files), "");
  files.erase(files.begin());
  EXPECT_EQ(FindingsIn(files), "LP101: no file of kind Taxonomy\n");
  EXPECT_EQ(FindingsIn({}), "LP101: no file of kind Taxonomy\nLP101: no file of kind Vocabulary\n");
  SourceFile second = File("Vocabulary", kSmallVocabulary);
  second.name = "Zweites.yaml";
  EXPECT_EQ(FindingsIn(With(second)),
            "Zweites.yaml:1:1: LP101: a second Vocabulary, the first is in Vocabulary.yaml\n");
}

TEST(Source, NamesAnUnknownKindAndAnotherVersion) {
  EXPECT_EQ(FindingsIn(With({"x.yaml", "apiVersion: lineward/v1\nkind: Polcy\n"})),
            "x.yaml:2:7: LP101: `kind`: `Polcy` is unknown (nearest: `Policy`)\n");
  EXPECT_EQ(FindingsIn(With(
                {"x.yaml", "apiVersion: lineward/v2\nkind: Policy\npolicy: a@1\nrules: []\n"})),
            "x.yaml:1:13: LP101: `apiVersion`: `lineward/v2` is not `lineward/v1`\n");
  EXPECT_EQ(FindingsIn(With({"x.yaml", "[a]\n"})),
            "x.yaml:1:1: LP101: a file must be a map, found a list\n");
}

TEST(Source, RefusesYamlOutsideTheSubset) {
  const std::string head = "apiVersion: lineward/v1\nkind: Policy\npolicy: a@1\n";
  for (const std::string& bytes :
       {head + "rules: []\nrules: []\n", head + "rules: &a []\n", head + "rules: *a\n",
        head + "rules: !!seq []\n", head + "rules: []\n---\na: b\n", head + "rules:\n\t- a\n",
        head + std::string("owner: a\0b\nrules: []\n", 20), head + "owner: \xff\nrules: []\n"}) {
    EXPECT_THAT(FindingsIn(With({"x.yaml", bytes})), HasSubstr("LP101: ")) << bytes;
  }
  EXPECT_EQ(FindingsIn(With({"x.yaml", head + "rules: []\n"})), "");
}

TEST(Source, TakesAByteOrderMarkAndCarriageReturns) {
  std::vector<SourceFile> files = SmallFiles();
  const std::string id = MustParse(files).id;
  for (SourceFile& file : files) {
    std::string changed = "\xEF\xBB\xBF";
    for (char c : file.bytes) changed += c == '\n' ? std::string("\r\n") : std::string(1, c);
    file.bytes = changed;
  }
  EXPECT_EQ(MustParse(files).id, id);
}

TEST(Source, LimitsTheSizeAndDepthOfAFile) {
  const std::string head = "apiVersion: lineward/v1\nkind: Policy\npolicy: a@1\nrules: []\n";
  const auto padded = [&](size_t size) {
    return head + "#" + std::string(size - head.size() - 1, 'x');
  };
  EXPECT_EQ(FindingsIn(With({"x.yaml", padded(kFileBytesMax)})), "");
  EXPECT_THAT(FindingsIn(With({"x.yaml", padded(kFileBytesMax + 1)})), HasSubstr("LP110: "));
  const auto nested = [&](int depth) {
    return head + "owner: " + std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']') + "\n";
  };
  EXPECT_THAT(FindingsIn(With({"x.yaml", nested(31)})), Not(HasSubstr("LP110: ")));
  EXPECT_THAT(FindingsIn(With({"x.yaml", nested(32)})), HasSubstr("LP110: "));
}

TEST(Source, LimitsTheNumberOfFilesAndTheirBytes) {
  std::vector<SourceFile> files = SmallFiles();
  while (files.size() < kFilesMax) {
    const std::string name = "p" + std::to_string(files.size());
    files.push_back(
        {name, "apiVersion: lineward/v1\nkind: Policy\npolicy: " + name + "@1\nrules: []\n"});
  }
  EXPECT_EQ(FindingsIn(files), "");
  files.push_back({"one-more", ""});
  EXPECT_THAT(FindingsIn(files), HasSubstr("LP110: 513 files, at most 512 are taken"));
  EXPECT_THAT(FindingsIn(With({"x.yaml", std::string(kSourceBytesMax, '#')})),
              HasSubstr("LP110: "));
}

TEST(Source, TellsAllFindingsOfAllFilesAtOnce) {
  Findings findings;
  const auto source =
      Parse(With({"x.yaml", "apiVersion: lineward/v1\nkind: Policy\npolicy: nothing\nrules: x\n"}),
            &findings);
  EXPECT_EQ(AllFindings(findings),
            "x.yaml:3:9: LP101: `policy`: `nothing` is no policy version such as `recs@8`\n"
            "x.yaml:4:8: LP101: `rules` must be a list, found text\n");
  EXPECT_EQ(source.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(base::ReasonOf(source.status()), kPolicySetInvalid);
  EXPECT_THAT(std::string(source.status().message()), HasSubstr("(and 1 more)"));
}

// SHA-256 of the 23 bytes "lineward-policy-set/v1\0" alone and with "{}", by sha256sum.
TEST(SetId, IsTheDigestOfPrefixAndBytes) {
  EXPECT_EQ(SetId(""), "ps-a509b3cd47821cdc943c5bc418cdc2b1bfc74885f2d3de0725b491aadd56f0e8");
  EXPECT_EQ(SetId("{}"), "ps-90e3a2f382a8b0f5549cf0a9bae976eb202143b0c9fcd5ccb11074a28d61b201");
}

TEST(ParseCanonical, RefusesBytesThatSayNothingOrSomethingElse) {
  const std::string canonical = MustParse(SmallFiles()).canonical;
  const auto told = [](std::string_view bytes) {
    Findings findings;
    const auto source = ParseCanonical(bytes, &findings);
    EXPECT_TRUE(source.ok() || base::ReasonOf(source.status()) == kPolicySetInvalid);
    return source.ok() ? "" : std::string(source.status().message());
  };
  EXPECT_EQ(told(canonical), "");
  EXPECT_THAT(told(""), HasSubstr("canonical bytes of a policy set"));
  EXPECT_THAT(told("{}"), HasSubstr("engine ``, not 1"));
  EXPECT_THAT(told(" " + canonical), HasSubstr("not in canonical form"));
  EXPECT_THAT(told(canonical.substr(0, canonical.size() / 2)), HasSubstr("canonical bytes"));
  std::string other = canonical;
  other.replace(other.find("\"engine\":\"1\""), 12, "\"engine\":\"2\"");
  EXPECT_THAT(told(other), HasSubstr("engine `2`, not 1"));
}

}  // namespace
}  // namespace lineward::policy

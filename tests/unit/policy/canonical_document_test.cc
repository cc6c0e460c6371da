// The worked example of docs/formats/policy-set-v1.md, read from the document.

#include <gtest/gtest.h>

#include "lineward/policy/source.h"
#include "tests/unit/policy/builders.h"

namespace lineward::policy {
namespace {

// The contents of the document's blocks of one language.
std::vector<std::string> Blocks(const std::string& document, const std::string& language) {
  std::vector<std::string> blocks;
  const std::string open = "```" + language + "\n";
  for (size_t at = document.find(open); at != std::string::npos; at = document.find(open, at)) {
    at += open.size();
    blocks.push_back(document.substr(at, document.find("```", at) - at));
  }
  return blocks;
}

std::string Joined(const std::string& block) {
  std::string text = block;
  std::erase(text, '\n');
  return text;
}

TEST(PolicySetDocument, ItsFilesGiveItsBytesAndItsId) {
  const std::string document =
      support::ReadFile(std::string(LINEWARD_SOURCE_DIR) + "/docs/formats/policy-set-v1.md");
  std::vector<SourceFile> files;
  for (const std::string& text : Blocks(document, "yaml")) {
    files.push_back({std::to_string(files.size()) + ".yaml", text});
  }
  ASSERT_EQ(files.size(), 4u);
  const Source source = MustParse(files);
  EXPECT_EQ(source.canonical, Joined(Blocks(document, "json").at(0)));
  EXPECT_EQ(source.id, Joined(Blocks(document, "text").at(0)));
}

}  // namespace
}  // namespace lineward::policy

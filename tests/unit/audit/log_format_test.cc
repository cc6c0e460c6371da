// The worked example of docs/formats/log-v1.md, read from the document.

#include <gtest/gtest.h>

#include <string>

#include "lineward/audit/entry.h"
#include "lineward/audit/log_tree.h"
#include "lineward/base/strings.h"
#include "tests/support/shared_data.h"

namespace lineward::audit {
namespace {

// The text of the block fenced as `name`.
std::string Fenced(const std::string& document, const std::string& name) {
  const std::string open = "\n```" + name + "\n";
  const size_t start = document.find(open);
  if (start == std::string::npos) return "";
  const size_t first = start + open.size();
  return document.substr(first, document.find("```", first) - first);
}

std::string Hex(const crypto::Digest& digest) { return base::ToHex(crypto::AsBytes(digest)); }

TEST(LogFormat, TheDocumentsExampleIsWhatWeCompute) {
  const std::string document =
      support::ReadFile(std::string(LINEWARD_SOURCE_DIR) + "/docs/formats/log-v1.md");
  const std::string genesis = Fenced(document, "genesis");
  const std::string header = Fenced(document, "header");
  ASSERT_FALSE(genesis.empty());
  ASSERT_FALSE(header.empty());
  const auto parsed = ParseGenesis(genesis);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(PrintGenesis(*parsed), genesis);
  EXPECT_EQ(parsed->origin, DecisionLogOrigin("lineward.example/test", 8, 1));

  LogTree tree;
  tree.Append(genesis);
  const std::string first_root = Hex(tree.Root());
  tree.Append(header);
  EXPECT_EQ(Fenced(document, "hashes"), "leaf 0 " + Hex(crypto::LeafHash(genesis)) + "\nleaf 1 " +
                                            Hex(crypto::LeafHash(header)) + "\nroot 1 " +
                                            first_root + "\nroot 2 " + Hex(tree.Root()) + "\n");
}

}  // namespace
}  // namespace lineward::audit

#include "lineward/crypto/merkle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lineward/base/strings.h"

namespace lineward::crypto {
namespace {

std::vector<Digest> Leaves(size_t count, std::string_view format_prefix) {
  std::vector<Digest> leaves;
  for (size_t i = 0; i < count; ++i) {
    leaves.push_back(LeafHash(std::string(format_prefix) + std::to_string(i) + "\n"));
  }
  return leaves;
}

// The definition of RFC 6962, section 2.1, word for word: the tests' own oracle.
Digest Naive(std::span<const Digest> leaves) {
  if (leaves.empty()) return Sha256Of("");
  if (leaves.size() == 1) return leaves[0];
  size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  const Digest left = Naive(leaves.first(split));
  const Digest right = Naive(leaves.subspan(split));
  return Sha256Of("\x01" + std::string(AsBytes(left)) + std::string(AsBytes(right)));
}

// Audit design, section 11.
TEST(Merkle, MatchesTheRfc6962ReferenceTree) {
  std::vector<Digest> leaves;
  for (const char* hex : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                          "606162636465666768696a6b6c6d6e6f"}) {
    leaves.push_back(LeafHash(base::FromHex(hex).value()));
  }
  EXPECT_EQ(base::ToHex(AsBytes(TreeRoot(leaves))),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

TEST(Merkle, MatchesTheDesignsBlockOf1000Rows) {
  EXPECT_EQ(base::ToBase64(AsBytes(TreeRoot(Leaves(1000, "row ")))),
            "bhE/waZhlTx6f7BJgLdAjA7NXAtEyBNDHCQZxXmSDj4=");
}

TEST(Merkle, MatchesTheDesignsLogRoots) {
  RightEdge edge;
  for (uint64_t i = 0; i < 70000; ++i) {
    if (edge.size() == 256) {
      EXPECT_EQ(base::ToBase64(AsBytes(edge.Root())),
                "Tf5aWB3V6be/hJ2KnmR1J038/0RZIvYu0LAUreKF4JQ=");
    }
    if (edge.size() == 65561) {
      EXPECT_EQ(base::ToBase64(AsBytes(edge.Root())),
                "7BxDA1jtoZjEjJXRq7tFqMNDmNVyoforclY2aXkQeLU=");
    }
    edge.Append(LeafHash("lineward-vector/v1\n" + std::to_string(i) + "\n"));
  }
  EXPECT_EQ(base::ToBase64(AsBytes(edge.Root())), "uaPzZVzlX9GtX7VgpqICM9sic3+Kgcbawsul4H/z0Ek=");
}

TEST(Merkle, EmptyTreeIsTheHashOfNothing) {
  EXPECT_EQ(base::ToHex(AsBytes(EmptyRoot())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(RightEdge().Root(), EmptyRoot());
}

TEST(Merkle, EverySizeEqualsTheRecursiveDefinition) {
  const std::vector<Digest> leaves = Leaves(130, "x");
  RightEdge edge;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    EXPECT_EQ(edge.Root(), Naive(std::span(leaves).first(size))) << size;
    if (size < leaves.size()) edge.Append(leaves[size]);
  }
}

TEST(RightEdge, GoesOnFromItsHashes) {
  const std::vector<Digest> leaves = Leaves(107, "y");
  RightEdge edge;
  for (size_t i = 0; i < 75; ++i) edge.Append(leaves[i]);
  auto resumed = RightEdge::From(edge.size(), {edge.hashes().begin(), edge.hashes().end()});
  ASSERT_TRUE(resumed.ok());
  for (size_t i = 75; i < leaves.size(); ++i) resumed->Append(leaves[i]);
  EXPECT_EQ(resumed->Root(), Naive(leaves));
}

TEST(RightEdge, RefusesAWrongNumberOfHashes) {
  EXPECT_FALSE(RightEdge::From(3, {Digest{}}).ok());
  EXPECT_TRUE(RightEdge::From(4, {Digest{}}).ok());
}

}  // namespace
}  // namespace lineward::crypto

#include "lineward/audit/log_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "lineward/audit/reasons.h"
#include "lineward/base/status.h"

namespace lineward::audit {
namespace {

std::string Entry(uint64_t i) { return "entry " + std::to_string(i); }

// The definition of RFC 6962, section 2.1, as it stands there.
crypto::Digest NaiveRoot(uint64_t first, uint64_t end) {
  if (first == end) return crypto::EmptyRoot();
  if (end - first == 1) return crypto::LeafHash(Entry(first));
  uint64_t split = 1;
  while (split * 2 < end - first) split *= 2;
  return crypto::NodeHash(NaiveRoot(first, first + split), NaiveRoot(first + split, end));
}

// Keeps runs as a store would.
struct Levels {
  std::map<uint8_t, std::vector<crypto::Digest>> hashes;

  void Take(LogTree& tree) {
    for (const HashRun& run : tree.TakeRuns()) {
      auto& level = hashes[run.level];
      ASSERT_EQ(run.first, level.size()) << "level " << int{run.level};
      level.insert(level.end(), run.hashes.begin(), run.hashes.end());
    }
  }
  HashReader Reader() const {
    return [this](uint8_t level, uint64_t first,
                  uint64_t count) -> absl::StatusOr<std::vector<crypto::Digest>> {
      std::vector<crypto::Digest> found;
      const auto it = hashes.find(level);
      for (uint64_t i = first; it != hashes.end() && i < first + count; ++i) {
        if (i < it->second.size()) found.push_back(it->second[i]);
      }
      return found;
    };
  }
};

TEST(LogTree, RootIsThatOfTheDefinition) {
  LogTree tree;
  EXPECT_EQ(tree.Root(), crypto::EmptyRoot());
  for (uint64_t n = 1; n <= 70; ++n) {
    tree.Append(Entry(n - 1));
    EXPECT_EQ(tree.Root(), NaiveRoot(0, n)) << n;
  }
}

TEST(LogTree, GoesOnFromItsEdge) {
  LogTree tree;
  for (uint64_t i = 0; i < 300; ++i) tree.Append(Entry(i));
  auto again = LogTree::From(tree.size(), {tree.edge().begin(), tree.edge().end()});
  ASSERT_TRUE(again.ok());
  tree.Append(Entry(300));
  again->Append(Entry(300));
  EXPECT_EQ(again->Root(), tree.Root());
}

TEST(LogTree, RefusesAnEdgeThatDoesNotFitTheSize) {
  EXPECT_FALSE(LogTree::From(3, {crypto::EmptyRoot()}).ok());
}

TEST(LogTree, RunsTileEachLevel) {
  LogTree tree;
  Levels levels;
  for (uint64_t i = 0; i < 66'000; ++i) {
    tree.Append(Entry(i));
    if (i % 777 == 0) levels.Take(tree);
  }
  levels.Take(tree);
  EXPECT_EQ(levels.hashes[0].size(), 66'000u);
  EXPECT_EQ(levels.hashes[1].size(), 257u);
  EXPECT_EQ(levels.hashes[2].size(), 1u);
  EXPECT_EQ(levels.hashes[1][1], NaiveRoot(256, 512));
}

TEST(RootAt, GivesEachEarlierRoot) {
  LogTree tree;
  Levels levels;
  std::map<uint64_t, crypto::Digest> roots = {{0, tree.Root()}};
  const std::set<uint64_t> sizes = {1, 2, 255, 256, 257, 511, 700, 1000};
  for (uint64_t i = 0; i < 1000; ++i) {
    tree.Append(Entry(i));
    if (sizes.contains(i + 1)) roots[i + 1] = tree.Root();
  }
  levels.Take(tree);
  for (const auto& [size, root] : roots) {
    const auto found = RootAt(size, levels.Reader());
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, root) << size;
  }
}

TEST(RootAt, SaysWhenHashesAreMissing) {
  LogTree tree;
  Levels levels;
  for (uint64_t i = 0; i < 10; ++i) tree.Append(Entry(i));
  levels.Take(tree);
  EXPECT_EQ(base::ReasonOf(RootAt(11, levels.Reader()).status()), kLogHashesMissing);
}

}  // namespace
}  // namespace lineward::audit

// I6 for blocks: equal row lists give equal raw sections, rows and roots, whatever the build, the
// zstd level and the process. The golden is the Python reader's.

#include "tests/conformance/formats/block_digest.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <set>
#include <string>

#include "tests/support/shared_data.h"

namespace lineward::decision {
namespace {

constexpr int kProcesses = 5;

// What `block_digest` of this build prints with these arguments.
std::string RunDigest(const std::string& arguments) {
  const std::string command =
      std::string(LINEWARD_BINARY_DIR) + "/bin/block_digest " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string told;
  char buffer[4096];
  for (size_t size = 0; (size = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    told.append(buffer, size);
  }
  return pclose(pipe) == 0 ? told : "failed: " + told;
}

std::set<std::string> RunFiveTimes(const std::string& arguments) {
  std::set<std::string> told;
  for (int i = 0; i < kProcesses; ++i) told.insert(RunDigest(arguments));
  return told;
}

TEST(BlockDigest, IsTheSecondReaders) {
  const DigestOptions options{.lists = 10'000};
  EXPECT_EQ(PrintDigests(options, DigestOfRandomBlocks(options)),
            support::ReadFile(std::string(LINEWARD_SOURCE_DIR) +
                              "/tests/conformance/formats/block_digest.txt"));
}

TEST(BlockDigest, DoesNotDependOnTheLevelOfCompression) {
  const BlockDigests fast = DigestOfRandomBlocks({.lists = 1'000, .zstd_level = 1});
  const BlockDigests small = DigestOfRandomBlocks({.lists = 1'000, .zstd_level = 9});
  EXPECT_EQ(fast.sections, small.sections);
  EXPECT_EQ(fast.rows, small.rows);
  EXPECT_EQ(fast.roots, small.roots);
  EXPECT_NE(fast.messages, small.messages) << "the second level was not used";
}

TEST(BlockDigest, IsOneInFiveProcesses) {
  const std::set<std::string> told = RunFiveTimes("500 1");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told.begin()->rfind("lists 500\nseed 1\n", 0), 0u) << *told.begin();
}

// The control: a row made in the order of a hash table is found out by the same five processes.
TEST(BlockDigest, DiffersBetweenProcessesIfAHashTableGivesTheOrder) {
  const std::set<std::string> told = RunFiveTimes("500 1 1 hashed");
  EXPECT_GE(told.size(), 2u);
  for (const std::string& each : told) EXPECT_EQ(each.rfind("lists 500\nseed 1\n", 0), 0u) << each;
}

}  // namespace
}  // namespace lineward::decision

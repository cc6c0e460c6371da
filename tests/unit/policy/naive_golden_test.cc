// Policy design, 15.6: the oracle's decisions over 50 random policy sets stand in a file; the
// compiled path gives the same in every build, whatever the order of files, rules and bindings.
// LINEWARD_POLICY_FACTS=10000 looks at 10,000 facts of each set instead of 200.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "lineward/crypto/sha256.h"
#include "tests/support/shared_data.h"
#include "tests/unit/policy/pairs.h"

namespace lineward::policy {
namespace {

constexpr const char kGolden[] = LINEWARD_SOURCE_DIR "/tests/conformance/policy/golden.txt";
constexpr int kSets = 50;
constexpr int kFew = 200;
constexpr int kMany = 10'000;
constexpr uint64_t kSeed = 7;  // of the golden file: LINEWARD_SEED does not change it

int FactsPerSet() {
  const char* const text = std::getenv("LINEWARD_POLICY_FACTS");
  return text != nullptr && std::string_view(text) == "10000" ? kMany : kFew;
}

// What a set is named, and the digests of its verdicts after `kFew` and after `kMany` facts.
struct Digests {
  std::string id;
  std::string few;
  std::string many;
};

enum class Decider { kCompiled, kNaive };

std::vector<SourceFile> AsWritten(std::vector<SourceFile> files) { return files; }

// Shuffles the entries `- {...}` that stand below one another, and the files; renames the files.
std::vector<SourceFile> Shuffled(std::vector<SourceFile> files) {
  std::mt19937_64 random(kSeed);
  for (SourceFile& file : files) {
    std::vector<std::string> head;
    std::vector<std::string> entries;
    std::istringstream lines(file.bytes);
    for (std::string line; std::getline(lines, line);) {
      (line.starts_with("- ") ? entries : head).push_back(line);
    }
    std::shuffle(entries.begin(), entries.end(), random);
    file.bytes.clear();
    for (const std::string& line : head) file.bytes += line + "\n";
    for (const std::string& line : entries) file.bytes += line + "\n";
  }
  std::shuffle(files.begin(), files.end(), random);
  for (size_t i = 0; i < files.size(); ++i) files[i].name = std::to_string(i) + ".yaml";
  return files;
}

std::vector<SourceFile> WithOneRuleMore(std::vector<SourceFile> files) {
  for (SourceFile& file : files) {
    if (file.name == "P1.yaml") file.bytes += "- {id: one-more, effect: forbid}\n";
  }
  return files;
}

template <typename Change>
std::vector<Digests> Decide(Decider decider, int sets, int facts_per_set, const Change& change) {
  Scratch scratch;
  std::vector<Digests> all;
  for (int i = 0; i < sets; ++i) {
    RandomSets random(kSeed + static_cast<uint64_t>(i));
    Findings findings;
    const auto source = Parse(change(random.Files()), &findings);
    EXPECT_TRUE(source.ok()) << AllFindings(findings);
    if (!source.ok()) return all;
    const auto set = Compile(*source, &findings);
    EXPECT_TRUE(set.ok()) << AllFindings(findings);
    if (!set.ok()) return all;
    Digests& digests = all.emplace_back(Digests{set->id(), "", ""});
    std::string told;
    for (int j = 0; j < facts_per_set; ++j) {
      const auto facts = random.Case(*set);
      Verdict verdict;
      if (decider == Decider::kCompiled) set->Evaluate(facts->facts, &scratch, &verdict);
      told += Told(decider == Decider::kCompiled
                       ? NameVerdict(*set, verdict)
                       : EvaluateNaive(set->source(), facts->named, nullptr)) +
              "\n";
      if (j + 1 == kFew) digests.few = crypto::Sha256Hex(told);
    }
    if (facts_per_set == kMany) digests.many = crypto::Sha256Hex(told);
  }
  return all;
}

std::vector<Digests> ReadGolden() {
  std::vector<Digests> all;
  std::istringstream lines(support::ReadFile(kGolden));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    Digests digests;
    words >> digests.id >> digests.few >> digests.many;
    all.push_back(digests);
  }
  return all;
}

// The oracle writes it, the compiled path never.
void WriteGolden() {
  std::ofstream file(kGolden);
  file << "# What the oracle decides (tests/unit/policy/naive_golden_test.cc): the id of each of "
          "50\n"
          "# policy sets, SHA-256 of its first 200 verdicts, and of all 10,000.\n";
  for (const Digests& set : Decide(Decider::kNaive, kSets, kMany, AsWritten)) {
    file << set.id << " " << set.few << " " << set.many << "\n";
  }
}

void ExpectGolden(const std::vector<Digests>& decided) {
  const std::vector<Digests> golden = ReadGolden();
  ASSERT_EQ(golden.size(), size_t{kSets});
  ASSERT_EQ(decided.size(), golden.size());
  for (size_t i = 0; i < golden.size(); ++i) {
    EXPECT_EQ(decided[i].id, golden[i].id) << "set " << i;
    EXPECT_EQ(decided[i].few, golden[i].few) << "set " << i;
    if (decided[i].many.empty()) continue;
    EXPECT_EQ(decided[i].many, golden[i].many) << "set " << i;
  }
}

TEST(GoldenDecisions, AreThoseOfTheOracleInEveryBuild) {
  if (std::getenv("LINEWARD_UPDATE_GOLDENS") != nullptr) WriteGolden();
  ExpectGolden(Decide(Decider::kCompiled, kSets, FactsPerSet(), AsWritten));
}

TEST(GoldenDecisions, DoNotDependOnTheOrderOfFilesRulesAndBindings) {
  ExpectGolden(Decide(Decider::kCompiled, kSets, FactsPerSet(), Shuffled));
}

TEST(GoldenDecisions, ChangeWithOneRule) {
  const auto decided = Decide(Decider::kCompiled, 3, kFew, WithOneRuleMore);
  const std::vector<Digests> golden = ReadGolden();
  ASSERT_EQ(decided.size(), 3u);
  for (size_t i = 0; i < decided.size(); ++i) {
    EXPECT_NE(decided[i].id, golden[i].id);
    EXPECT_NE(decided[i].few, golden[i].few);
  }
}

}  // namespace
}  // namespace lineward::policy

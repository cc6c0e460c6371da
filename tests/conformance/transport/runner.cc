// One test per case. A clause that the implementation must fail is red if at least one of its cases
// fails: its test then passes, and fails if all of them hold.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <map>

#include "tests/conformance/transport/bench.h"

namespace lineward::conformance {
namespace {

// An implementation that must be red somewhere is no evidence elsewhere.
std::vector<Case> CasesThatMustHold() {
  return RedClauses().empty() ? AllCases() : std::vector<Case>{};
}

class Holds : public testing::TestWithParam<Case> {};
class MustBeRed : public testing::TestWithParam<std::string> {};

TEST_P(Holds, OnThisImplementation) {
  if (!Subject().absent.empty()) GTEST_SKIP() << Subject().absent;
  const absl::Status status = GetParam().run(Bench(Subject()));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(MustBeRed, OnThisImplementation) {
  if (!Subject().absent.empty()) GTEST_SKIP() << Subject().absent;
  size_t failed = 0;
  for (const Case& each : AllCases()) {
    if (each.clause != GetParam()) continue;
    const absl::Status status = each.run(Bench(Subject()));
    if (!status.ok()) ++failed;
  }
  EXPECT_GT(failed, 0u) << "every case of " << GetParam() << " holds";
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Holds);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(MustBeRed);
INSTANTIATE_TEST_SUITE_P(Transport, Holds, testing::ValuesIn(CasesThatMustHold()),
                         [](const auto& each) { return each.param.clause + each.param.name; });
INSTANTIATE_TEST_SUITE_P(Transport, MustBeRed, testing::ValuesIn(RedClauses()),
                         [](const auto& each) { return each.param; });

// `<clause> green|red [<what was seen>]` per clause, for table.py.
int PrintTable() {
  std::printf("name %s\n", Subject().name.c_str());
  if (!Subject().absent.empty()) {
    std::printf("absent %s\n", Subject().absent.c_str());
    return 0;
  }
  for (const std::string& clause : RedClauses()) std::printf("must_be_red %s\n", clause.c_str());
  std::map<std::string, std::string> failures;
  std::set<std::string> clauses;
  for (const Case& each : AllCases()) {
    clauses.insert(each.clause);
    const absl::Status status = each.run(Bench(Subject()));
    if (!status.ok()) failures[each.clause] = each.name + ": " + status.ToString();
  }
  for (const std::string& clause : clauses) {
    const auto failure = failures.find(clause);
    std::printf("%s %s %s\n", clause.c_str(), failure == failures.end() ? "green" : "red",
                failure == failures.end() ? "" : failure->second.c_str());
  }
  return 0;
}

}  // namespace

void PrintTo(const Case& each, std::ostream* out) { *out << each.clause; }

}  // namespace lineward::conformance

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--table") == 0) {
    return lineward::conformance::PrintTable();
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

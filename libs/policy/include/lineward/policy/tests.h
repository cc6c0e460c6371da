#pragma once

// `lineward policy test`, `check` and `purpose list` without files and terminals: pure cores that
// tools render. Any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/policy/findings.h"
#include "lineward/policy/source.h"

namespace lineward::policy {

inline constexpr size_t kTestCasesMax = 10000;  // of one case after its matrix

struct TestResult {
  std::string file;
  document::Place place;
  std::string name;  // with the values of its matrix in brackets
  bool passed = false;
  // Each on one line: `outcome: expected ALLOW, got BLOCK (PURPOSE_NOT_ALLOWED)`. A difference
  // between the compiled and the naive path begins with `engine:`.
  std::vector<std::string> failures;
};

struct TestReport {
  std::vector<TestResult> results;  // in file order
  size_t passed = 0;
  size_t failed = 0;
};

// Runs every case of every Tests file through the compiled and the naive path. `filter`: a glob
// over `file:name` with `*` and `?`, empty = all. What is wrong with a file or case itself goes to
// `findings` (LP101, LP102, LP103, LP110, warning LP216), and that case is not run.
// FAILED_PRECONDITION `POLICY_SET_INVALID` if the set does not compile.
absl::StatusOr<TestReport> RunTests(const Source& source, std::string_view filter,
                                    Findings* findings);

// `policy check`: parses, compiles and reads the tests; the set id is empty if it does not load.
struct CheckReport {
  Findings findings;
  std::string set_id;
  size_t policies = 0, rules = 0, bindings = 0, purposes = 0, tests = 0;
};
CheckReport Check(std::span<const SourceFile> files);

// `purpose list`: every purpose of a taxonomy, by id.
struct PurposeRow {
  std::string id;
  std::vector<std::string> under;
  std::vector<std::string> aliases;  // of any kind, old names included
  size_t below = 0;                  // how many stand below it
  bool is_retired = false;
};
std::vector<PurposeRow> ListPurposes(const Source& source);

}  // namespace lineward::policy

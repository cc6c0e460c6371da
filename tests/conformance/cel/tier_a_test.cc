// Interpreter and VM on the language's own conformance tests.

#include <absl/time/time.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "lineward/base/strings.h"
#include "lineward/crypto/sha256.h"
#include "lineward/document/json.h"
#include "policy/src/cel/checker.h"
#include "policy/src/cel/compiler.h"
#include "policy/src/cel/interpreter.h"
#include "policy/src/cel/parser.h"
#include "policy/src/cel/vm.h"
#include "tests/conformance/cel/cases.h"
#include "tests/support/shared_data.h"

namespace lineward::policy::cel {
namespace {

constexpr size_t kTests = 1'081;
constexpr size_t kPassesMin = 1'055;
constexpr std::string_view kIdDigest =
    "df762b2ee9d3442a8719742e7330492e22fe1db050a4dfd5d4ed4f4654b5d320";

std::optional<int32_t> OffsetOfZone(std::string_view name, int64_t seconds) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(base::ToAbsl(name), &zone)) return std::nullopt;
  return zone.At(absl::FromUnixSeconds(seconds)).offset;
}

enum class Engine { kInterpreter, kVm };

// Whether `one` gives what is `expected`; an error may be the checker's or the evaluation's, never
// the parser's.
bool Passes(const Case& one, const std::optional<Value>& expected, Engine engine,
            Scratch* scratch) {
  auto parsed = Parse(one.expression);
  if (std::holds_alternative<Problem>(parsed)) return false;
  Problems problems;
  const auto ast = Check(std::get<Syntax>(std::move(parsed)), one.env, &problems);
  if (!ast) return !expected;
  const Activation activation{one.variables, nullptr, OffsetOfZone};
  Value value;
  const auto program = CompileProgram(*ast);
  if (engine == Engine::kInterpreter) {
    value = Interpret(*ast, activation, scratch);
  } else {
    if (!program.ok()) return false;
    value = Run(*program, activation, scratch);
  }
  return expected ? IsSame(value, *expected) : value.is_failure();
}

std::set<std::string> Skips() {
  const auto skips = document::ParseJson(
      support::ReadFile(LINEWARD_SOURCE_DIR "/tests/conformance/cel/skips.json"));
  std::set<std::string> ids;
  for (const auto& [id, reason] : skips->members()) {
    EXPECT_FALSE(reason.AsText().empty()) << id;
    ids.insert(id);
  }
  return ids;
}

class TierA : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    cases_ = Cases::Load(&reason);
    if (cases_) return;
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << reason;
    GTEST_SKIP() << reason;
  }

  void ExpectTierA(Engine engine) {
    const std::set<std::string> skips = Skips();
    size_t passes = 0;
    for (const Case& one : cases_->list()) {
      const bool passes_one = Passes(one, one.expected, engine, &scratch_);
      passes += passes_one ? 1 : 0;
      EXPECT_NE(passes_one, skips.contains(one.id))
          << one.id << (passes_one ? " is skipped and passes: " : " fails: ") << one.expression;
    }
    std::printf("%zu of %zu pass, %zu are skipped\n", passes, cases_->list().size(), skips.size());
    EXPECT_GE(passes, kPassesMin);
  }

  // The suites in which the first test that expects a value fails once that value is flipped, while
  // all others pass.
  size_t SuitesThatNotice(Engine engine) {
    std::map<std::string, bool> noticed;
    for (const Case& one : cases_->list()) {
      if (!one.expected || noticed.contains(one.suite)) continue;
      EXPECT_TRUE(Passes(one, one.expected, engine, &scratch_)) << one.id;
      noticed[one.suite] = !Passes(one, cases_->Flipped(*one.expected), engine, &scratch_);
    }
    return static_cast<size_t>(std::count_if(noticed.begin(), noticed.end(),
                                             [](const auto& suite) { return suite.second; }));
  }

  std::optional<Cases> cases_;
  Scratch scratch_;
};

TEST_F(TierA, IsTheSetOfTestsThatWasAgreed) {
  EXPECT_EQ(cases_->list().size(), kTests);
  std::vector<std::string> ids;
  for (const Case& one : cases_->list()) ids.push_back(one.id + "\n");
  std::sort(ids.begin(), ids.end());
  std::string joined;
  for (const std::string& id : ids) joined += id;
  EXPECT_EQ(crypto::Sha256Hex(joined), kIdDigest);
}

TEST_F(TierA, PassesInTheInterpreter) { ExpectTierA(Engine::kInterpreter); }

TEST_F(TierA, PassesInTheVm) { ExpectTierA(Engine::kVm); }

TEST_F(TierA, SkipsNothingOfLogicMacrosIntegersAndComparisons) {
  for (const std::string& id : Skips()) {
    for (std::string_view suite : {"logic/", "macros/", "integer_math/", "comparisons/"}) {
      EXPECT_FALSE(id.starts_with(suite)) << id;
    }
  }
}

// The control of the two runs.
TEST_F(TierA, NoticesAFlippedExpectationInEachOfTheFourteenSuites) {
  EXPECT_EQ(SuitesThatNotice(Engine::kInterpreter), 14u);
  EXPECT_EQ(SuitesThatNotice(Engine::kVm), 14u);
}

TEST_F(TierA, GivesTheSameValueStepsAndPlaceInBothEngines) {
  for (const Case& one : cases_->list()) {
    Problems problems;
    const auto ast = Check(one.expression, one.env, &problems);
    if (!ast) continue;
    const auto program = CompileProgram(*ast);
    ASSERT_TRUE(program.ok()) << one.id << ": " << program.status();
    const Activation activation{one.variables, nullptr, OffsetOfZone};
    const Value interpreted = Interpret(*ast, activation, &scratch_);
    const std::string text = ToText(interpreted);
    const Scratch::Taken taken = scratch_.taken();
    const Value run = cel::Run(*program, activation, &scratch_);
    EXPECT_EQ(ToText(run), text) << one.id;
    EXPECT_EQ(scratch_.taken().steps, taken.steps) << one.id;
    EXPECT_EQ(scratch_.taken().work, taken.work) << one.id;
    EXPECT_EQ(scratch_.taken().arena, taken.arena) << one.id;
    EXPECT_EQ(run.is_failure() ? run.offset() : std::nullopt,
              interpreted.is_failure() ? interpreted.offset() : std::nullopt)
        << one.id;
  }
}

}  // namespace
}  // namespace lineward::policy::cel

// Killed anywhere in its writes, a view reopens as the fold of a prefix, and goes on from there.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "registry/src/view.h"
#include "tests/support/child_test.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

constexpr int kModels = 12;

// Facts of a growing graph, in transactions of several.
std::vector<std::vector<std::string>> Transactions() {
  World world;
  std::vector<std::vector<std::string>> transactions;
  const auto write = [&](const std::vector<std::string>& items) {
    const size_t before = world.bytes().size();
    EXPECT_TRUE(world.WriteAndCommit(items).ok());
    transactions.emplace_back(world.bytes().begin() + static_cast<std::ptrdiff_t>(before),
                              world.bytes().end());
  };
  write({kClicks, kRaw, kRanker});
  for (int i = 1; i <= kModels; ++i) {
    const std::string n = std::to_string(i);
    write({R"({"kind":"RUN","id":"r)" + n + R"(","job":"shop/train)" + n +
               R"(","reads":["default/clicks"],"writes":["default/raw"]})",
           R"({"kind":"MODEL_VERSION","model":"ranker","version":)" + n + R"(,"run":"r)" + n +
               R"("})"});
  }
  return transactions;
}

// Writes what `view` lacks, one transaction after the other.
void FoldInto(View* view) {
  auto state = view->Load();
  ASSERT_TRUE(state.ok()) << state.status();
  for (const auto& transaction : Transactions()) {
    std::vector<PlannedFact> facts;
    for (const std::string& bytes : transaction) {
      auto fact = DecodeFact(bytes);
      ASSERT_TRUE(fact.ok());
      if (fact->seq <= state->Seq()) continue;
      ASSERT_TRUE(state->Apply(*fact, bytes).ok());
      facts.push_back({.fact = *std::move(fact), .bytes = bytes});
    }
    view->StageFacts(*state, facts);
    state->Commit();
    ASSERT_TRUE(view->Write().ok());
  }
}

std::string DigestOfPrefix(uint64_t seq) {
  State state;
  for (const auto& transaction : Transactions()) {
    for (const std::string& bytes : transaction) {
      const auto fact = DecodeFact(bytes);
      if (fact->seq > seq) return state.Digest();
      EXPECT_TRUE(state.Apply(*fact, bytes).ok());
      state.Commit();
    }
  }
  return state.Digest();
}

TEST(ViewChild, DISABLED_FoldsTheFacts) {
  auto view = View::Open(std::getenv("LINEWARD_TEST_PATH"), "log", {});
  ASSERT_TRUE(view.ok()) << view.status();
  FoldInto(view->get());
}

class ViewFaultTest : public testing::Test {
 protected:
  void SetUp() override {
#ifndef LINEWARD_FAULT_POINTS
    GTEST_SKIP() << "built without fault points";
#endif
  }
  // The view after a child was killed at `fault`.
  std::unique_ptr<View> ViewAfter(const std::string& fault, const std::string& sabotage) {
    folder_ = std::make_unique<support::TempDir>();
    const std::string path = *folder_ / "view";
    const auto ended = support::RunChildTest(
        "ViewChild.DISABLED_FoldsTheFacts",
        {{"LINEWARD_TEST_PATH", path}, {"LINEWARD_FAULT", fault}, {"LINEWARD_SABOTAGE", sabotage}});
    EXPECT_EQ(ended.signal, SIGKILL) << fault;
    auto view = View::Open(path, "log", {});
    EXPECT_TRUE(view.ok()) << fault << ": " << view.status();
    return view.ok() ? *std::move(view) : nullptr;
  }

  std::unique_ptr<support::TempDir> folder_;
};

TEST_F(ViewFaultTest, KilledAnywhereItIsThePrefixThatItSaysAndGoesOn) {
  const std::string whole = DigestOfPrefix(UINT64_MAX);
  for (const char* fault :
       {"registry.view.before:2:kill", "store.write:3:kill", "registry.view.after:3:kill",
        "registry.view.before:9:kill", "store.write:11:kill", "registry.view.after:13:kill"}) {
    const auto view = ViewAfter(fault, "");
    ASSERT_NE(view, nullptr);
    const auto state = view->Load();
    ASSERT_TRUE(state.ok()) << fault << ": " << state.status();
    EXPECT_EQ(state->Digest(), DigestOfPrefix(view->Mark().seq)) << fault;
    FoldInto(view.get());
    EXPECT_EQ(view->Load()->Digest(), whole) << fault;
  }
}

TEST_F(ViewFaultTest, ApartFromItsFactsAPositionLies) {
  const auto view = ViewAfter("registry.view.after:6:kill", "registry_two_batches");
  ASSERT_NE(view, nullptr);
  const auto state = view->Load();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_NE(state->Digest(), DigestOfPrefix(view->Mark().seq));
}

}  // namespace
}  // namespace lineward::registry

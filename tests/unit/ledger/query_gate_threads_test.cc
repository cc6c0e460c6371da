#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>

#include "ledger/src/query_gate.h"
#include "lineward/base/status.h"
#include "lineward/ledger/reasons.h"

namespace lineward::ledger {
namespace {

TEST(QueryGate, RefusesWhoComesWhenTooManyWait) {
  QueryGate gate(1, 0);
  auto first = gate.Enter();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(base::ReasonOf(gate.Enter().status()), kOverloaded);
}

TEST(QueryGate, PlaceIsGivenBack) {
  QueryGate gate(1, 0);
  {
    ASSERT_TRUE(gate.Enter().ok());
  }
  EXPECT_TRUE(gate.Enter().ok());
}

TEST(QueryGate, WaitersGetTheirTurn) {
  QueryGate gate(1, 8);
  std::optional<QueryGate::Place> first;
  first.emplace(std::move(*gate.Enter()));
  std::atomic<int> served = 0;
  {
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 4; ++i) {
      waiters.emplace_back([&] {
        if (gate.Enter().ok()) ++served;
      });
    }
    first.reset();
  }
  EXPECT_EQ(served, 4);
}

}  // namespace
}  // namespace lineward::ledger

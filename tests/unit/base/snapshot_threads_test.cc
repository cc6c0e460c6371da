#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "lineward/base/snapshot.h"

namespace lineward::base {
namespace {

TEST(Snapshot, ReadersSeeWholeValuesOnly) {
  constexpr int kSwaps = 5'000;
  Snapshot<std::pair<int, int>> snapshot(std::make_shared<const std::pair<int, int>>(0, 0));
  std::jthread writer([&snapshot] {
    for (int i = 1; i <= kSwaps; ++i) {
      snapshot.Set(std::make_shared<const std::pair<int, int>>(i, -i));
    }
  });
  int newest = 0;
  while (newest < kSwaps) {
    const auto value = snapshot.Get();
    ASSERT_EQ(value->first, -value->second);
    ASSERT_GE(value->first, newest);
    newest = value->first;
  }
}

}  // namespace
}  // namespace lineward::base

#include "lineward/base/snapshot.h"

#include <gtest/gtest.h>

namespace lineward::base {
namespace {

TEST(Snapshot, KeepsAnOldValueAliveForItsHolder) {
  Snapshot<int> snapshot;
  EXPECT_EQ(snapshot.Get(), nullptr);
  snapshot.Set(std::make_shared<const int>(1));
  const auto held = snapshot.Get();
  snapshot.Set(std::make_shared<const int>(2));
  EXPECT_EQ(*held, 1);
  EXPECT_EQ(*snapshot.Get(), 2);
}

}  // namespace
}  // namespace lineward::base

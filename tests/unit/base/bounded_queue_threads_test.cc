#include <gtest/gtest.h>

#include <thread>

#include "lineward/base/bounded_queue.h"

namespace lineward::base {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

TEST(BoundedQueue, RefusesWhenFullAndLeavesTheValue) {
  BoundedQueue<std::string> queue(1);
  std::string first = "first";
  std::string second = "second";
  EXPECT_TRUE(queue.TryPush(first));
  EXPECT_FALSE(queue.TryPush(second));
  EXPECT_EQ(second, "second");
  EXPECT_FALSE(queue.Push(second, 1ms));
}

TEST(BoundedQueue, DrainsAfterClose) {
  BoundedQueue<int> queue(2);
  int value = 7;
  ASSERT_TRUE(queue.TryPush(value));
  queue.Close();
  EXPECT_FALSE(queue.TryPush(value));
  EXPECT_EQ(queue.Pop(1s), 7);
  EXPECT_EQ(queue.Pop(1s), std::nullopt);
}

TEST(BoundedQueue, HandsEveryValueOverOnceAndInOrder) {
  constexpr int kValues = 10'000;
  BoundedQueue<int> queue(16);
  std::jthread producer([&queue] {
    for (int i = 0; i < kValues; ++i) {
      int value = i;
      ASSERT_TRUE(queue.Push(value, 30s));
    }
    queue.Close();
  });
  int expected = 0;
  while (const auto value = queue.Pop(30s)) EXPECT_EQ(*value, expected++);
  EXPECT_EQ(expected, kValues);
}

}  // namespace
}  // namespace lineward::base

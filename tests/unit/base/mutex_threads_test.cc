#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "lineward/base/mutex.h"

namespace lineward::base {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{30};

struct Counter {
  Mutex mutex;
  CondVar changed;
  int count LW_GUARDED_BY(mutex) = 0;

  void Add() {
    MutexLock lock(&mutex);
    ++count;
    changed.NotifyAll();
  }
  // True once it has reached `wanted`.
  bool Await(int wanted) {
    const auto deadline = steady_clock::now() + kPatience;
    MutexLock lock(&mutex);
    while (count < wanted) {
      if (!changed.WaitUntil(&mutex, deadline)) return count >= wanted;
    }
    return true;
  }
};

TEST(Mutex, LetsOneInAtATime) {
  Counter counter;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 1000; ++j) counter.Add();
      });
    }
  }
  MutexLock lock(&counter.mutex);
  EXPECT_EQ(counter.count, 4000);
}

TEST(CondVar, WakesWhoWaitsForIt) {
  Counter counter;
  std::jthread adds([&] {
    counter.Add();
    counter.Add();
  });
  EXPECT_TRUE(counter.Await(2));
}

TEST(CondVar, HoldsTheMutexAgainAfterADeadline) {
  Counter counter;
  {
    MutexLock lock(&counter.mutex);
    EXPECT_FALSE(counter.changed.WaitUntil(&counter.mutex, steady_clock::now()));
    EXPECT_FALSE(counter.changed.WaitFor(&counter.mutex, std::chrono::milliseconds(1)));
    ++counter.count;  // still guarded
  }
  EXPECT_TRUE(counter.Await(1)) << "the lock was given back once";
}

// Both readers are inside at the same time: each waits for the other before it leaves.
TEST(SharedMutex, LetsReadersInTogetherAndAWriterAlone) {
  SharedMutex mutex;
  Counter inside;
  int written = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        mutex.LockShared();
        inside.Add();
        EXPECT_TRUE(inside.Await(2));
        mutex.UnlockShared();
      });
    }
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        for (int j = 0; j < 1000; ++j) {
          mutex.Lock();
          ++written;
          mutex.Unlock();
        }
      });
    }
  }
  EXPECT_EQ(written, 2000);
}

}  // namespace
}  // namespace lineward::base

#include "lineward/base/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <string>

namespace lineward::base {
namespace {

TEST(StartThread, NamesTheThread) {
  std::string name(16, '\0');
  {
    const std::jthread thread = StartThread("lw-a-name-that-is-long", [&](std::stop_token) {
      pthread_getname_np(pthread_self(), name.data(), name.size());
    });
  }
  EXPECT_STREQ(name.c_str(), "lw-a-name-that-");
}

}  // namespace
}  // namespace lineward::base

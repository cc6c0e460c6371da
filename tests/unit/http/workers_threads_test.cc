#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <semaphore>

#include "http/src/workers.h"

namespace lineward::http {
namespace {

TEST(Workers, NeverGiveMoreThanHalfToPiecesOfLongAnswers) {
  std::latch two_pieces_run(2);
  std::counting_semaphore<> go_on(0);
  std::atomic<int> pieces{0};
  std::latch call_ran(1);
  Workers workers(4, 10);
  for (int i = 0; i < 4; ++i) {
    workers.SubmitPiece([&] {
      if (++pieces <= 2) two_pieces_run.count_down();
      go_on.acquire();
    });
  }
  two_pieces_run.wait();
  EXPECT_TRUE(workers.SubmitCall([&] { call_ran.count_down(); }));
  call_ran.wait();
  EXPECT_EQ(pieces.load(), 2);
  go_on.release(4);
}

TEST(Workers, RefuseACallBeyondTheirBound) {
  std::latch runs(1);
  std::binary_semaphore go_on(0);
  Workers workers(1, 1);
  EXPECT_TRUE(workers.SubmitCall([&] {
    runs.count_down();
    go_on.acquire();
  }));
  runs.wait();
  EXPECT_TRUE(workers.SubmitCall([] {}));
  EXPECT_FALSE(workers.SubmitCall([] {}));
  go_on.release();
}

}  // namespace
}  // namespace lineward::http

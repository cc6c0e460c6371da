#include <gtest/gtest.h>

#include <algorithm>

#include "policy/src/cel/scratch.h"

namespace lineward::policy::cel {
namespace {

TEST(CelScratch, GivesNoMoreStepsThanItWasGiven) {
  Scratch scratch;
  scratch.Begin(2);
  EXPECT_TRUE(scratch.Step(2));
  EXPECT_FALSE(scratch.is_exhausted());
  EXPECT_FALSE(scratch.Step(1));
  EXPECT_TRUE(scratch.is_exhausted());
}

TEST(CelScratch, TakesBackTheStepsOnceAnyBoundIsPassed) {
  Scratch scratch(64);
  scratch.Begin(100);
  EXPECT_NE(scratch.NewChars(64), nullptr);
  EXPECT_EQ(scratch.NewChars(1), nullptr);
  EXPECT_FALSE(scratch.Step(1));
  scratch.Begin(100);
  EXPECT_FALSE(scratch.Work(kWorkBytesMax + 1));
  EXPECT_FALSE(scratch.Step(1));
  scratch.Begin(100);
  EXPECT_TRUE(scratch.Step(1));
}

TEST(CelScratch, MakesNullsEvenWhereTextStoodBefore) {
  Scratch scratch(64);
  scratch.Begin(1);
  char* text = scratch.NewChars(64);
  std::fill(text, text + 64, 'x');
  scratch.Begin(1);
  const Value* values = scratch.NewValues(4);
  ASSERT_NE(values, nullptr);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(values[i].is(Kind::kNull));
  EXPECT_EQ(scratch.NewValues(1), nullptr);
}

TEST(CelScratch, RefusesASizeThatWouldWrap) {
  Scratch scratch;
  scratch.Begin(1);
  EXPECT_EQ(scratch.NewValues(size_t{1} << 40), nullptr);
}

TEST(CelScratch, CountsWhatWasTakenAndTakesItAgain) {
  Scratch scratch;
  scratch.Begin(10);
  scratch.Step(3);
  scratch.Work(5);
  scratch.NewChars(17);
  const Scratch::Taken taken = scratch.taken();
  EXPECT_EQ(taken.steps, 3u);
  EXPECT_EQ(taken.work, 5u);
  EXPECT_EQ(taken.arena, 32u);
  EXPECT_TRUE(scratch.Take(taken));
  EXPECT_EQ(scratch.taken().steps, 6u);
  EXPECT_EQ(scratch.taken().arena, 64u);
  EXPECT_FALSE(scratch.Take({5, 0, 0}));
}

}  // namespace
}  // namespace lineward::policy::cel

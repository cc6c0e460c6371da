#include "stream/src/embedded_group.h"

#include <gtest/gtest.h>

#include <chrono>

namespace lineward::stream {
namespace {

using Seconds = std::chrono::seconds;

class EmbeddedGroupTest : public testing::Test {
 protected:
  uint64_t Join(const std::string& seat) {
    return group_.Join({.group_id = "g", .instance_id = seat, .topics = {"t"}}, now_);
  }
  EmbeddedGroup::News Poll(const std::string& seat, uint64_t holder) {
    return group_.Poll(seat, holder, now_, [this](const std::string&) { return partitions_; });
  }
  std::vector<int32_t> Assigned(const std::string& seat, uint64_t holder) {
    const auto news = Poll(seat, holder);
    EXPECT_EQ(news.rebalance, Rebalance::kAssigned);
    std::vector<int32_t> numbers;
    for (const auto& partition : news.partitions) numbers.push_back(partition.partition);
    return numbers;
  }

  EmbeddedGroup group_{"g"};
  EmbeddedGroup::Instant now_{};
  int32_t partitions_ = 5;
};

using Numbers = std::vector<int32_t>;

TEST_F(EmbeddedGroupTest, AMemberAloneGetsAllPartitionsOnce) {
  const uint64_t a = Join("a");
  EXPECT_EQ(Assigned("a", a), (Numbers{0, 1, 2, 3, 4}));
  EXPECT_EQ(Poll("a", a).rebalance, Rebalance::kNone);
}

TEST_F(EmbeddedGroupTest, ASecondMemberSplitsTheRangeAfterARevocation) {
  const uint64_t a = Join("a");
  Assigned("a", a);
  const uint64_t generation = group_.generation();
  const uint64_t b = Join("b");
  EXPECT_EQ(Poll("b", b).rebalance, Rebalance::kNone);
  EXPECT_EQ(Poll("a", a).rebalance, Rebalance::kRevoked);
  EXPECT_TRUE(group_.IsMember(a, generation));
  EXPECT_EQ(Poll("b", b).rebalance, Rebalance::kNone);
  group_.Unassign("a", a, now_);
  EXPECT_EQ(Assigned("b", b), (Numbers{3, 4}));
  EXPECT_EQ(Assigned("a", a), (Numbers{0, 1, 2}));
  EXPECT_FALSE(group_.IsMember(a, generation));
  EXPECT_TRUE(group_.IsMember(a, group_.generation()));
}

TEST_F(EmbeddedGroupTest, ANewHolderOfASeatTakesItsPartitionsAndTheOldOneIsRefused) {
  const uint64_t old = Join("a");
  Assigned("a", old);
  const uint64_t fresh = Join("a");
  EXPECT_EQ(Assigned("a", fresh), (Numbers{0, 1, 2, 3, 4}));
  EXPECT_TRUE(absl::IsPermissionDenied(Poll("a", old).status));
  EXPECT_FALSE(group_.IsMember(old, group_.generation()));
}

TEST_F(EmbeddedGroupTest, AClosedSeatKeepsItsPartitionsForTheSessionTimeout) {
  const uint64_t a = Join("a");
  const uint64_t b = Join("b");
  EXPECT_EQ(Assigned("a", a), (Numbers{0, 1, 2}));
  EXPECT_EQ(Assigned("b", b), (Numbers{3, 4}));
  group_.Close("b", b, now_);
  now_ += Seconds(9);
  EXPECT_EQ(Poll("a", a).rebalance, Rebalance::kNone);
  now_ += Seconds(2);
  EXPECT_EQ(Poll("a", a).rebalance, Rebalance::kRevoked);
  group_.Unassign("a", a, now_);
  EXPECT_EQ(Assigned("a", a), (Numbers{0, 1, 2, 3, 4}));
}

TEST_F(EmbeddedGroupTest, WhoPollsTooRarelyIsToldThenLosesThenJoinsAgain) {
  const uint64_t a = Join("a");
  Assigned("a", a);
  const uint64_t generation = group_.generation();
  now_ += Seconds(61);
  EXPECT_TRUE(absl::IsFailedPrecondition(Poll("a", a).status));
  EXPECT_FALSE(group_.IsMember(a, generation));
  EXPECT_EQ(Poll("a", a).rebalance, Rebalance::kLost);
  EXPECT_EQ(Poll("a", a).rebalance, Rebalance::kNone);
  group_.Unassign("a", a, now_);
  EXPECT_EQ(Assigned("a", a), (Numbers{0, 1, 2, 3, 4}));
}

TEST_F(EmbeddedGroupTest, NewPartitionsOfATopicAreAssigned) {
  const uint64_t a = Join("a");
  Assigned("a", a);
  partitions_ = 6;
  EXPECT_EQ(Poll("a", a).rebalance, Rebalance::kRevoked);
  group_.Unassign("a", a, now_);
  EXPECT_EQ(Assigned("a", a).size(), 6u);
}

}  // namespace
}  // namespace lineward::stream

#include "lineward/lineage/effective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace lineward::lineage {
namespace {

using ::testing::ElementsAre;

base::BitSet256 Bits(std::initializer_list<size_t> bits) {
  base::BitSet256 set;
  for (size_t bit : bits) set.Set(bit);
  return set;
}

Own OwnOf(Processing processing, base::BitSet256 bits) {
  Own own;
  own.allowed.fill(base::BitSet256::All());
  own[processing] = bits;
  return own;
}

TEST(Effective, IsTheIntersectionOfTrainingAndEvaluationData) {
  const Own a = OwnOf(Processing::kTrain, Bits({1, 2, 3}));
  const Own b = OwnOf(Processing::kTrain, Bits({2, 3, 4}));
  const Own e = OwnOf(Processing::kEvaluate, Bits({3, 4}));
  const std::vector<const Own*> c{&a, &b};
  const std::vector<const Own*> evaluated{&e};
  EXPECT_EQ(EffectiveOfModel(c, evaluated).purposes, Bits({3}));
  EXPECT_EQ(EffectiveOfModel(c, {}).purposes, Bits({2, 3}));
}

TEST(Effective, AFlagStandsBesideTheSetAndTakesNothingOut) {
  Own a = OwnOf(Processing::kTrain, Bits({1, 2}));
  a.is_unknown = true;
  a.unknown_for = Bits({2});
  const std::vector<const Own*> c{&a};
  const Effective effective = EffectiveOfModel(c, {});
  EXPECT_EQ(effective.purposes, Bits({1, 2}));
  EXPECT_TRUE(effective.is_unknown);
  EXPECT_EQ(effective.unknown_for, Bits({2}));
}

TEST(Effective, NothingBehindAModelIsUnknownNeverUnrestricted) {
  EXPECT_TRUE(EffectiveOfModel({}, {}).is_unknown);
}

TEST(Effective, HoldsBetweenTheNearestBoundaries) {
  Own a = OwnOf(Processing::kTrain, Bits({1}));
  a.valid_until_us = 100;
  Own b = OwnOf(Processing::kTrain, Bits({1}));
  b.valid_from_us = 40;
  b.valid_until_us = 90;
  const std::vector<const Own*> c{&a, &b};
  const Effective effective = EffectiveOfModel(c, {});
  EXPECT_EQ(effective.valid_from_us, 40);
  EXPECT_EQ(effective.valid_until_us, 90);
}

TEST(Effective, ServedDataCountUnderServeAndUnderProfileIfTheModelProfiles) {
  Effective model;
  model.purposes = Bits({1, 2});
  Own source;
  source[Processing::kServe] = Bits({1, 2});
  source[Processing::kProfile] = Bits({2});
  const std::vector<const Own*> s{&source};
  EXPECT_EQ(EffectiveOfEvent(model, s, false).purposes, Bits({1, 2}));
  EXPECT_EQ(EffectiveOfEvent(model, s, true).purposes, Bits({2}));
}

TEST(RemovedBy, NamesEveryRecordThatAloneRemovesThePurpose) {
  const Own grants = OwnOf(Processing::kTrain, Bits({5}));
  const Own lacks = OwnOf(Processing::kTrain, Bits({6}));
  Own no_evaluation = OwnOf(Processing::kTrain, Bits({5}));
  no_evaluation[Processing::kEvaluate] = Bits({});
  const std::vector<RecordOwn> c{{7, &lacks}, {3, &grants}, {4, &lacks}};
  const std::vector<RecordOwn> e{{4, &no_evaluation}};
  EXPECT_THAT(RemovedBy(5, c, e),
              ElementsAre(Removal{4, Processing::kTrain}, Removal{4, Processing::kEvaluate},
                          Removal{7, Processing::kTrain}));
}

}  // namespace
}  // namespace lineward::lineage

#include "lineward/policy/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::policy {
namespace {

TEST(Facts, AreUnknownUntilGiven) {
  const Facts facts;
  EXPECT_EQ(facts.decision_time_us, kAbsentTimeUs);
  EXPECT_FALSE(facts.purpose.is_known());
  EXPECT_EQ(facts.subject_place, kUnknownPlace);
  EXPECT_EQ(facts.model, nullptr);
  EXPECT_EQ(ModelFacts{}.lineage.status, LineageStatus::kUnknown);
}

TEST(PlaceSet, HoldsPlacesOfTheTreeAndCountriesOutsideItApart) {
  PlaceSet places;
  places.tree.Set(3);
  places.countries.Set(5);
  EXPECT_TRUE(places.Has(3));
  EXPECT_TRUE(places.Has(kFirstCountry + 5));
  EXPECT_FALSE(places.Has(5));
  EXPECT_FALSE(places.Has(kFirstCountry + 3));
}

TEST(PlaceSet, NeverHoldsAnUnknownPlace) {
  PlaceSet all;
  all.tree = all.countries = base::BitSet256::First(256);
  EXPECT_TRUE(all.Has(0));
  EXPECT_FALSE(all.Has(kUnknownPlace));
}

TEST(LineageFacts, HoldFromTheirBeginningToBeforeTheirEnd) {
  LineageFacts facts;
  facts.valid_from_us = 10;
  facts.valid_until_us = 20;
  EXPECT_FALSE(facts.HoldsAt(9));
  EXPECT_TRUE(facts.HoldsAt(10));
  EXPECT_TRUE(facts.HoldsAt(19));
  EXPECT_FALSE(facts.HoldsAt(20));
}

}  // namespace
}  // namespace lineward::policy

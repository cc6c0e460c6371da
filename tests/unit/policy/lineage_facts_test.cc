#include "lineward/policy/lineage_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

constexpr int64_t kNow = SmallCase::kNow;

class Closure : public testing::Test {
 protected:
  static Declaration Granting(std::vector<std::string> purposes,
                              ProcessingSet processing = kAllProcessings) {
    Declaration declaration;
    declaration.grants.emplace();
    declaration.grants->push_back({std::move(purposes), processing, Basis::kContract});
    return declaration;
  }
  base::BitSet256 All() const { return base::BitSet256::First(small.set.taxonomy().size()); }
  LineageFacts Model(std::vector<const Declaration*> train,
                     std::vector<const Declaration*> evaluate = {}) const {
    return CombineModel(small.set, Uses(train), Uses(evaluate), kNow);
  }
  static std::vector<DatasetUse> Uses(const std::vector<const Declaration*>& declarations) {
    std::vector<DatasetUse> uses;
    for (const Declaration* declaration : declarations) uses.push_back({declaration, {}});
    return uses;
  }
  SmallCase small;
};

TEST_F(Closure, IntersectsWhatItsInputsAllow) {
  const Declaration b = Granting({"dpv:B"});
  const Declaration a = Granting({"dpv:A"});
  EXPECT_EQ(Model({&a}).allowed, All());
  EXPECT_EQ(Model({&a, &b}).allowed, small.Bits({"dpv:B", "dpv:D"}));
  const Declaration c = Granting({"dpv:C"});
  EXPECT_EQ(Model({&b, &c}).allowed, base::BitSet256());
  EXPECT_EQ(Model({&b, &c}).status, LineageStatus::kKnown);
}

TEST_F(Closure, ReadsEachInputUnderItsProcessing) {
  const Declaration train_only = Granting({"dpv:A"}, Only(Processing::kTrain));
  const Declaration all = Granting({"dpv:A"});
  EXPECT_EQ(Model({&train_only}).allowed, All());
  EXPECT_EQ(Model({&all}, {&train_only}).allowed, base::BitSet256());
  EXPECT_EQ(CombineSources(small.set, Uses({&train_only}), false, false, kNow).allowed,
            base::BitSet256());
}

TEST_F(Closure, OfAProfilingModelNeedsTheSourcesForProfilingToo) {
  const Declaration serve =
      Granting({"dpv:A"}, static_cast<ProcessingSet>(Only(Processing::kServe)));
  EXPECT_EQ(CombineSources(small.set, Uses({&serve}), false, false, kNow).allowed, All());
  EXPECT_EQ(CombineSources(small.set, Uses({&serve}), true, false, kNow).allowed,
            base::BitSet256());
}

TEST_F(Closure, WithoutADatasetIsIncompleteAndNeverUnrestricted) {
  EXPECT_EQ(Model({}).incomplete, All());
  Declaration version;
  version.kind = Declaration::Kind::kModelVersion;
  EXPECT_EQ(Model({&version}).incomplete, All());
  const Declaration dataset = Granting({"dpv:A"});
  EXPECT_EQ(Model({&version, &dataset}).incomplete, base::BitSet256());
}

TEST_F(Closure, OfUnknownSourcesIsIncomplete) {
  EXPECT_EQ(CombineSources(small.set, {}, false, true, kNow).incomplete, All());
  EXPECT_EQ(CombineSources(small.set, {}, false, false, kNow).incomplete, base::BitSet256());
}

TEST_F(Closure, IsRevokedByOneRevokedInput) {
  const Declaration sound = Granting({"dpv:A"});
  Declaration revoked = sound;
  revoked.is_revoked = true;
  EXPECT_EQ(Model({&sound}).status, LineageStatus::kKnown);
  EXPECT_EQ(Model({&sound, &revoked}).status, LineageStatus::kRevoked);
}

TEST_F(Closure, UnitesCategoriesLabelsAndBases) {
  Declaration first = Granting({"dpv:A"});
  first.categories = {"a.b"};
  first.labels = {"l1"};
  Declaration second = Granting({"dpv:A"});
  second.grants->front().basis = Basis::kLegitimateInterest;
  second.categories = {"c"};
  const LineageFacts facts = Model({&first, &second});
  EXPECT_TRUE(facts.categories.Has(*small.set.Category("a.b")));
  EXPECT_TRUE(facts.categories.Has(*small.set.Category("c")));
  EXPECT_FALSE(facts.categories.Has(*small.set.Category("a")));
  EXPECT_TRUE(facts.labels.Has(*small.set.Label("l1")));
  EXPECT_EQ(facts.basis[static_cast<size_t>(Basis::kContract)], All());
  EXPECT_EQ(facts.basis[static_cast<size_t>(Basis::kLegitimateInterest)], All());
  EXPECT_EQ(facts.basis[static_cast<size_t>(Basis::kConsent)], base::BitSet256());
}

// It would match no forbid.
TEST_F(Closure, IsIncompleteWithANameThatTheSetDoesNotKnow) {
  for (int which = 0; which < 3; ++which) {
    Declaration declaration = Granting({"dpv:A"});
    if (which == 0) declaration.categories = {"gone"};
    if (which == 1) declaration.labels = {"gone"};
    if (which == 2) declaration.regions = {"EU", "Atlantis"};
    const LineageFacts facts = Model({&declaration});
    EXPECT_EQ(facts.incomplete, All()) << which;
    EXPECT_TRUE(facts.regions.empty()) << "a list with an unknown region is not judged";
  }
}

TEST_F(Closure, KeepsOneListOfRegionsAnInput) {
  Declaration anywhere = Granting({"dpv:A"});
  Declaration europe = anywhere;
  europe.regions = {"DE", "JP"};
  Declaration nowhere = anywhere;
  nowhere.regions.emplace();
  const LineageFacts facts = Model({&anywhere, &europe, &nowhere});
  ASSERT_EQ(facts.regions.size(), 2u);
  EXPECT_TRUE(facts.regions[0].Has(small.set.Place("DE")));
  EXPECT_TRUE(facts.regions[0].Has(small.set.Place("JP")));
  EXPECT_FALSE(facts.regions[0].Has(small.set.Place("FR")));
  EXPECT_EQ(facts.regions[1], PlaceSet{});
}

TEST_F(Closure, DropsALabelForOneUseUntilItsEnd) {
  Declaration declaration = Granting({"dpv:A"});
  declaration.labels = {"l1", "l2"};
  DatasetUse use{&declaration, {{{}, {"l1"}, kNow + 1}}};
  const auto labels = [&] { return CombineModel(small.set, std::span(&use, 1), {}, kNow).labels; };
  EXPECT_FALSE(labels().Has(*small.set.Label("l1")));
  EXPECT_TRUE(labels().Has(*small.set.Label("l2")));
  use.restorations[0].until_us = kNow;
  EXPECT_TRUE(labels().Has(*small.set.Label("l1")));
}

TEST_F(Closure, HoldsToTheNearestEndOfItsInputs) {
  Declaration early = Granting({"dpv:A"});
  early.retain_until_us = kNow + 5;
  Declaration late = early;
  late.retain_until_us = kNow + 9;
  EXPECT_EQ(Model({&late, &early}).retain_until_us, kNow + 5);
  const Declaration open = Granting({"dpv:A"});
  EXPECT_EQ(Model({&open}).retain_until_us, INT64_MAX);
  EXPECT_TRUE(Model({&open}).HoldsAt(INT64_MAX - 1));
}

}  // namespace
}  // namespace lineward::policy

#include "lineward/policy/consent.h"

#include <gtest/gtest.h>

#include "lineward/document/json.h"
#include "tests/unit/policy/builders.h"

namespace lineward::policy {
namespace {

constexpr int64_t kNow = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z
constexpr int64_t kMs = 1000;

class Consent : public testing::Test {
 protected:
  const Source source = PlainSource();
  const Taxonomy& taxonomy = *source.taxonomy;
  std::vector<ConsentTransition> transitions;

  uint8_t Bit(std::string_view id) const { return *taxonomy.Purpose(id); }
  void Add(std::string_view purpose, ConsentChange change, int64_t effective, int64_t received,
           int64_t version = 3) {
    transitions.push_back({Bit(purpose), change, effective, received, version});
    SortTransitions(&transitions);
  }
  ConsentState At(std::string_view purpose, int64_t time) const {
    return ConsentAt(taxonomy, transitions, Bit(purpose), time);
  }
};

TEST_F(Consent, ReachesTheTenStatesOfTheVectors) {
  LW_SHARED_DATA_OR_SKIP(path, "vectors/policy.json");
  const document::Json vectors = *document::ParseJson(support::ReadFile(path));
  const auto& examples = vectors.Find("consent_state")->Find("examples")->items();
  ASSERT_EQ(examples.size(), 10u);
  for (const document::Json& example : examples) {
    transitions.clear();
    for (const document::Json& t : example.Find("transitions")->items()) {
      const document::Json* version = t.Find("taxonomy_version");
      Add(t.Find("purpose")->AsText(), *ConsentChangeOf(t.Find("state")->AsText()),
          *ParseTime(t.Find("effective_at")->AsText()), *ParseTime(t.Find("received_at")->AsText()),
          version == nullptr ? 1 : version->AsInt());
    }
    const std::string& name = example.Find("name")->AsText();
    const std::string& purpose = example.Find("purpose")->AsText();
    static const std::string kStates[] = {"withdrawn", "expired", "never", "granted"};
    EXPECT_EQ(kStates[static_cast<size_t>(At(purpose, kNow))], example.Find("consent")->AsText())
        << name;
    EXPECT_EQ(IsObjectedAt(taxonomy, transitions, Bit(purpose), kNow),
              example.Find("objected")->AsBool())
        << name;
  }
}

TEST_F(Consent, WithdrawsFromItsOwnMillisecondOn) {
  Add("dpv:Purpose", ConsentChange::kGranted, kNow - 10 * kMs, kNow - 10 * kMs);
  Add("dpv:Purpose", ConsentChange::kWithdrawn, kNow, kNow + 5 * kMs);
  EXPECT_EQ(At("dpv:Purpose", kNow - kMs), ConsentState::kGranted);
  EXPECT_EQ(At("dpv:Purpose", kNow), ConsentState::kWithdrawn);
  EXPECT_EQ(At("dpv:Purpose", kNow + kMs), ConsentState::kWithdrawn);
}

TEST_F(Consent, GrantsOnlyFromTheLaterOfBothTimes) {
  Add("dpv:Purpose", ConsentChange::kGranted, kNow - kMs, kNow + kMs);
  EXPECT_EQ(At("dpv:Purpose", kNow), ConsentState::kNever);
  EXPECT_EQ(At("dpv:Purpose", kNow + kMs), ConsentState::kGranted);
}

TEST_F(Consent, TakesTheStricterStateOfBothTimes) {
  Add("dpv:Purpose", ConsentChange::kGranted, kNow, kNow);
  const ConsentFacts late = FoldConsent(taxonomy, transitions, kNow - 1, kNow);
  EXPECT_FALSE(late.granted.Has(Bit("dpv:Purpose")));
  EXPECT_FALSE(late.withdrawn.Has(Bit("dpv:Purpose")));
  EXPECT_TRUE(FoldConsent(taxonomy, transitions, kNow, kNow).granted.Has(Bit("dpv:Purpose")));
  Add("dpv:Purpose", ConsentChange::kWithdrawn, kNow + 1, kNow + 1);
  Add("dpv:Purpose", ConsentChange::kGranted, kNow + 2, kNow + 2);
  const ConsentFacts between = FoldConsent(taxonomy, transitions, kNow + 1, kNow + 3);
  EXPECT_TRUE(between.withdrawn.Has(Bit("dpv:Purpose")));
  EXPECT_FALSE(between.granted.Has(Bit("dpv:Purpose")));
}

TEST_F(Consent, KeepsAnObjectionThatStoodAtOneOfBothTimes) {
  Add("dpv:Purpose", ConsentChange::kObjected, kNow, kNow);
  Add("dpv:Purpose", ConsentChange::kObjectionLifted, kNow + 2, kNow + 2);
  EXPECT_TRUE(
      FoldConsent(taxonomy, transitions, kNow + 1, kNow + 3).objected.Has(Bit("dpv:Purpose")));
  EXPECT_FALSE(
      FoldConsent(taxonomy, transitions, kNow + 2, kNow + 3).objected.Has(Bit("dpv:Purpose")));
}

TEST_F(Consent, KnowsItsChangesByNameInAnyCase) {
  EXPECT_EQ(ConsentChangeOf("granted"), ConsentChange::kGranted);
  EXPECT_EQ(ConsentChangeOf("OBJECTION_LIFTED"), ConsentChange::kObjectionLifted);
  EXPECT_FALSE(ConsentChangeOf("grant").has_value());
  EXPECT_EQ(ConsentChangeName(ConsentChange::kExpired), "EXPIRED");
}

}  // namespace
}  // namespace lineward::policy

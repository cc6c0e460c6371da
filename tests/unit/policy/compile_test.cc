#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Compile, RefusesWhatTheEngineCannotDecideYet) {
  EXPECT_THAT(FindingsIn(SmallFiles(
                  kPermitAll,
                  "- {id: home, purposes: [\"dpv:A\"], consent_max_age_ms: 0, policies: [{policy: "
                  "p@1, mode: canary, share: 500, salt: s}]}\n")),
              HasSubstr("LP113: binding `home`: canary entries are not supported yet"));
}

TEST(Compile, SaysTheFirstFindingWithItsReason) {
  Findings findings;
  const auto set = Compile(
      MustParse(SmallFiles(
          kPermitAll,
          "- {id: home, purposes: [\"dpv:A\"], consent_max_age_ms: 0, policies: [{policy: p@1, "
          "mode: canary, share: 500, salt: s}]}\n")),
      &findings);
  EXPECT_EQ(set.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(base::ReasonOf(set.status()), kPolicySetInvalid);
}

TEST(PolicySet, IsNamedByItsBytes) {
  const PolicySet set = MustCompile(SmallFiles());
  EXPECT_EQ(set.id(), SetId(set.canonical()));
  const std::string digest(reinterpret_cast<const char*>(set.digest().data()), 32);
  EXPECT_EQ("ps-" + base::ToHex(digest), set.id());
}

TEST(PolicySet, InternsOnlyTheTextsThatItsFilesName) {
  const PolicySet set = MustCompile(SmallFiles(
      "- {id: x, effect: forbid, match: {surface: [s1, s2], tenant: [n1]}}\n",
      "- {id: home, select: {topic: t1}, purposes: [\"dpv:A\"], consent_max_age_ms: 0, policies: "
      "[{policy: p@1}]}\n"));
  EXPECT_NE(set.Surface("s1").id, 0u);
  EXPECT_NE(set.Surface("s1").id, set.Surface("s2").id);
  EXPECT_EQ(set.Surface("s3").id, 0u);
  EXPECT_EQ(set.Surface("").id, 0u);
  EXPECT_NE(set.Tenant("n1").id, 0u);
  EXPECT_EQ(set.Tenant("s1").id, 0u);
  EXPECT_NE(set.Topic("t1").id, 0u);
}

TEST(PolicySet, ResolvesPurposesButNoAliasWithAProcessing) {
  const PolicySet set = MustCompile(SmallFiles());
  const int16_t bit = set.Purpose("dpv:D").bit;
  EXPECT_GE(bit, 0);
  EXPECT_EQ(set.Purpose("dpv:Old").bit, bit);
  EXPECT_EQ(set.Purpose("tcf:1").bit, bit);
  EXPECT_EQ(set.Purpose("https://w3id.org/dpv#D").bit, bit);
  EXPECT_FALSE(set.Purpose("tcf:2").is_known());
  EXPECT_FALSE(set.Purpose("dpv:d").is_known());
  EXPECT_FALSE(set.Purpose("").is_known());
}

TEST(PolicySet, TakesAnEventsPlaceAsItsCountryButARegionNot) {
  const PolicySet set = MustCompile(SmallFiles());
  EXPECT_EQ(set.place_id(set.Place("US-CA")), "US-CA");
  EXPECT_EQ(set.place_id(set.Place("US-NY")), "US");
  EXPECT_EQ(set.place_id(set.Place("JP")), "JP");
  EXPECT_EQ(set.place_id(set.Place("JP-13")), "JP");
  for (const char* unknown : {"", "Atlantis", "ZZ", "ZZ-1", "US-", "us"}) {
    EXPECT_EQ(set.Place(unknown), kUnknownPlace) << unknown;
  }
  EXPECT_TRUE(set.Region("US-CA").has_value());
  EXPECT_FALSE(set.Region("US-NY").has_value());
  EXPECT_TRUE(set.Region("EU")->Has(set.Place("FR")));
  EXPECT_FALSE(set.Region("EU")->Has(set.Place("US")));
  EXPECT_TRUE(set.Region("JP")->Has(set.Place("JP-13")));
}

TEST(PolicySet, ParsesFieldsByTheirTypeAndTakesNothingElse) {
  const PolicySet set = MustCompile(SmallFiles());
  const auto parse = [&](std::string_view name, std::string_view text) {
    return set.ParseField(*set.EventFieldIndex(name), text);
  };
  EXPECT_EQ(parse("b", "true")->whole, 1);
  EXPECT_EQ(parse("b", "TRUE"), std::nullopt);
  EXPECT_EQ(parse("n", "-9223372036854775808")->whole, INT64_MIN);
  EXPECT_EQ(parse("n", "9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse("n", "01"), std::nullopt);
  EXPECT_EQ(parse("d", "0.50")->real, 0.5);
  EXPECT_EQ(parse("d", "nan"), std::nullopt);
  EXPECT_EQ(parse("t", "1970-01-01T00:00:01Z")->whole, 1'000'000);
  EXPECT_EQ(parse("t", "yesterday"), std::nullopt);
  EXPECT_EQ(parse("s", "")->text, "");
  EXPECT_EQ(set.EventFieldIndex("x"), std::nullopt);
}

TEST(PolicySet, SortsRulesByTheirFullIds) {
  const PolicySet set =
      MustCompile(SmallFiles("- {id: b, effect: permit}\n- {id: a, effect: forbid}\n"));
  EXPECT_EQ(set.rule_count(), 2u);
  EXPECT_EQ(set.rule_id(0), "p@1/a");
  EXPECT_EQ(set.rule_id(1), "p@1/b");
  EXPECT_EQ(set.FindRule("p@1/b"), 1);
  EXPECT_EQ(set.FindRule("b"), std::nullopt);
  EXPECT_EQ(set.rule(1)->effect, Effect::kPermit);
}

TEST(PolicySet, GivesNothingForTheIndicesOfNone) {
  const PolicySet set = MustCompile(SmallFiles());
  EXPECT_EQ(set.rule_id(kNoRule), "");
  EXPECT_EQ(set.rule(kNoRule), nullptr);
  EXPECT_EQ(set.binding_id(kNoBindingIndex), "");
  EXPECT_EQ(set.binding(kNoBindingIndex), nullptr);
  EXPECT_EQ(set.place_id(kUnknownPlace), "");
  EXPECT_EQ(set.category_id(255), "");
  EXPECT_EQ(set.label_id(255), "");
}

TEST(PolicySet, InternsABreakersObligationOnlyWithFieldsItKnows) {
  const PolicySet set = MustCompile(
      SmallFiles("- {id: ok, effect: permit, obligations: [{type: redact, fields: [f]}]}\n"));
  Obligation redact;
  redact.type = ObligationType::kRedact;
  redact.fields = {"f"};
  ASSERT_TRUE(set.Intern(redact).has_value());
  EXPECT_TRUE(set.Intern(redact)->fields.Has(0));
  redact.fields = {"g"};
  EXPECT_FALSE(set.Intern(redact).has_value());
}

TEST(PolicySet, RanksLabelsByTheirOrder) {
  const PolicySet set = MustCompile(SmallFiles());
  Obligation label;
  label.type = ObligationType::kLabel;
  label.key = "k";
  label.value = "high";
  EXPECT_EQ(set.Intern(label)->label_rank, 1);
  label.value = "odd";
  EXPECT_EQ(set.Intern(label)->label_rank, -1);
}

}  // namespace
}  // namespace lineward::policy

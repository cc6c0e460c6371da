#include "lineward/decision/decide.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lineward/crypto/sha256.h"
#include "lineward/decision/block.h"
#include "lineward/policy/policy_set.h"
#include "lineward/policy/source.h"
#include "tests/support/shared_data.h"
#include "tests/unit/decision/allocations.h"

namespace lineward::decision {
namespace {

using policy::Reason;

constexpr int64_t kNowMs = 1772366400200;
constexpr char kVocabulary[] = R"(
data_categories: {behaviour: {viewing: {}}, special: {health: {}}}
places: {EU: {DE: {}, FR: {}}, US: {}}
labels: [synthetic]
event_fields: {rank: {type: int, optional: true}, position: {type: int, optional: true, personal: false},
  item_labels: {type: string, optional: true, personal: false}}
)";
constexpr char kPolicy[] = R"(
policy: recs@1
rules:
- {id: ok, effect: permit, match: {purpose_under: ["dpv:ServicePersonalisation"]}, obligations: [{type: ttl, seconds: 60}]}
- {id: minors, effect: forbid, match: {subject_class: [minor]}}
)";
constexpr char kShares[] = R"(
policy: shares@1
rules:
- {id: too-synthetic, effect: forbid, severity: quarantine, when: model.synthetic_share > 0.5}
- {id: natural, effect: permit, when: model.synthetic_share <= 0.1}
)";
constexpr char kBindings[] = R"(
bindings:
- {id: home, select: {topic: promotions, surface: home}, consent_max_age_ms: 5000, on_unknown: block,
   purposes: ["dpv:ServicePersonalisation"], discharges: [ttl], solely_automated: true,
   policies: [{policy: recs@1}]}
- {id: trial, select: {topic: promotions, surface: trial}, mode: shadow, shadow_until: 2026-04-01T00:00:00Z,
   consent_max_age_ms: 5000, purposes: ["dpv:ServicePersonalisation"], policies: [{policy: recs@1}]}
- {id: checked, select: {topic: promotions, surface: checked}, consent_max_age_ms: 5000, discharges: [ttl],
   purposes: ["dpv:ServicePersonalisation"], policies: [{policy: recs@1}, {policy: shares@1}]}
)";

policy::SourceFile File(std::string_view kind, std::string_view body) {
  return {std::string(kind) + ".yaml",
          "apiVersion: lineward/v1\nkind: " + std::string(kind) + "\n" + std::string(body)};
}

const policy::PolicySet& Set() {
  static const policy::PolicySet set = [] {
    const policy::SourceFile files[] = {
        {"taxonomy.yaml",
         support::ReadFile(std::string(LINEWARD_SOURCE_DIR) + "/config/policies/taxonomy.yaml")},
        File("Vocabulary", kVocabulary),
        File("Policy", kPolicy),
        {"shares.yaml", File("Policy", kShares).bytes},
        File("Bindings", kBindings)};
    policy::Findings findings;
    auto source = policy::Parse(files, &findings);
    for (const policy::Finding& finding : findings.list) ADD_FAILURE() << ToText(finding);
    return policy::Compile(source.value(), &findings).value();
  }();
  return set;
}

class Decide : public testing::Test {
 protected:
  Decide() {
    event_.event_id = "r-1";
    event_.event_time_us = kNowMs * 1000 - 1000;
    event_.surface = "home";
    event_.subject_id = "u-93ab";
    event_.subject_class = event::SubjectClass::kAdult;
    event_.item_id = "sku-1";
    event_.model_name = "ranker";
    event_.model_version = "42";
    event_.purpose = "dpv:ProvideProductRecommendations";
    event_.jurisdiction = "DE-BY";
    event_.processing_region = "FR";
    event_.schema = "json";
    model_.name = "ranker";
    model_.version = "42";
    model_.lineage.status = policy::LineageStatus::kKnown;
    const auto purpose = static_cast<size_t>(Set().Purpose("dpv:ServicePersonalisation").bit);
    model_.lineage.allowed = Set().taxonomy().Down(purpose);
    model_.lineage.basis[static_cast<size_t>(policy::Basis::kConsent)] =
        Set().taxonomy().Down(purpose);
    consent_.granted = Set().taxonomy().Down(purpose);
    input_.offset = 41;
    input_.decision_time_ms = kNowMs;
    input_.topic = "promotions";
    input_.event = &event_;
    input_.model = &model_;
    input_.consent = &consent_;
    input_.closure = "0123456789abcdef";
  }

  const Decision& Answer() { return decider_.Decide(Set(), input_); }

  // The row as a ledger reads it, from a sealed block.
  DecodedRow Row() {
    const Decision& decision = Answer();
    BlockBuilder builder(&fragments_);
    BlockContext context;
    context.source = {.cluster = "k1", .topic = "promotions", .partition = 3};
    context.first = 41;
    context.decision_time_ms = kNowMs;
    context.policy_set = Set().digest();
    context.run.seat = "lineward.gate.gate-0.0";
    context.run.software = "0.1.0";
    builder.Open(context);
    EXPECT_TRUE(builder.Append(decision.row).ok());
    TenantSealer sealer({.tenant_key = std::string(32, 'k'), .source = context.source});
    view_ = BlockView::Parse(builder.Seal(sealer).bytes).value();
    EXPECT_TRUE(view_->Verify().ok()) << view_->Verify();
    return view_->Row(0).value();
  }
  OpenedRow Opened() const { return view_->OpenRowAsTenant(0, std::string(32, 'k'), 1).value(); }
  Reason Primary() { return Answer().verdict.primary; }

  event::EventView event_;
  policy::ModelFacts model_;
  policy::ConsentFacts consent_;
  DecisionInput input_;
  FragmentTable fragments_;
  event::SourceOptions options_;
  Decider decider_{options_, &fragments_};
  std::optional<BlockView> view_;
};

TEST_F(Decide, AllowsWhatThePolicyPermits) {
  const DecodedRow row = Row();
  EXPECT_EQ(row.verdict.outcome, Outcome::kAllow);
  EXPECT_EQ(row.verdict.route, Route::kAllowed);
  EXPECT_EQ(row.verdict.binding, "home");
  EXPECT_EQ(row.verdict.rules, std::vector<std::string_view>{"recs@1/ok"});
  EXPECT_EQ(row.verdict.obligations, R"([{"seconds":60,"type":"ttl"}])");
  EXPECT_EQ(Answer().obligations, R"([{"seconds":60,"type":"ttl"}])");
  EXPECT_EQ(row.model.model, "ranker");
  EXPECT_EQ(row.model.closure.value()[15], 'f');
  EXPECT_EQ(row.purpose.purpose, "dpv:ProvideProductRecommendations");
  EXPECT_EQ(row.purpose.consent, kConsentGranted);
  EXPECT_EQ(row.purpose.basis, kBasisConsent);
  EXPECT_EQ(row.where.jurisdiction, "DE");
  EXPECT_EQ(row.marks.flags, uint64_t{kSolelyAutomated | kDigestOk});
  EXPECT_EQ(row.event_time_us, event_.event_time_us);
  EXPECT_TRUE(row.event_id.empty());
  const OpenedRow opened = Opened();
  EXPECT_EQ(opened.subject, "u-93ab");
  EXPECT_EQ(opened.event_id, "r-1");
  EXPECT_EQ(opened.fine_place, "DE-BY");
}

TEST_F(Decide, RecordsTheRulesThatFailed) {
  event_.surface = "checked";
  const DecodedRow row = Row();
  EXPECT_EQ(row.verdict.outcome, Outcome::kQuarantine);
  EXPECT_EQ(row.verdict.reasons[0].code, static_cast<uint16_t>(Reason::kRuleError));
  EXPECT_EQ(row.verdict.reasons[0].rule, "shares@1/too-synthetic");
  EXPECT_EQ(row.verdict.rule_errors,
            (std::vector<std::string_view>{"shares@1/natural", "shares@1/too-synthetic"}));
  EXPECT_EQ(Answer().verdict.errors_by_effect, (std::array<uint16_t, 2>{1, 1}));
}

TEST_F(Decide, RecordsNoFailureOfRulesThatHaveTheirFacts) {
  event_.surface = "checked";
  model_.has_synthetic_share = true;
  model_.synthetic_share = 0.1;
  const DecodedRow row = Row();
  EXPECT_EQ(row.verdict.outcome, Outcome::kAllow);
  EXPECT_TRUE(row.verdict.rule_errors.empty());
}

TEST_F(Decide, WhatIsUnknownIsNeverAllowed) {
  input_.model = nullptr;
  EXPECT_EQ(Primary(), Reason::kModelUnknown);
  EXPECT_EQ(Answer().verdict.outcome, policy::Outcome::kBlock);  // on_unknown: block
  input_.model = &model_;
  event_.purpose = "dpv:NoSuchThing";
  EXPECT_EQ(Primary(), Reason::kPurposeUnknown);
  EXPECT_EQ(Row().purpose.purpose, "dpv:NoSuchThing");
  event_.purpose = "dpv:ProvideProductRecommendations";
  input_.consent = nullptr;
  EXPECT_EQ(Primary(), Reason::kConsentUnknown);
  input_.consent = &consent_;
  event_.surface = "elsewhere";
  EXPECT_EQ(Primary(), Reason::kNoBinding);
  event_.surface = "home";
  input_.topic = "other";
  EXPECT_EQ(Primary(), Reason::kNoBinding);
}

TEST_F(Decide, FactsThatDoNotHoldCountAsUnknown) {
  model_.lineage.valid_until_us = kNowMs * 1000;
  EXPECT_EQ(Primary(), Reason::kModelUnknown);
  EXPECT_FALSE(Row().model.closure.has_value());
  model_.lineage.valid_until_us = kNowMs * 1000 + 1;
  EXPECT_EQ(Primary(), Reason::kPermitted);
}

TEST_F(Decide, SourcesThatCannotBeToldMakeTheLineageIncomplete) {
  const std::string_view names[] = {"shop/views"};
  event_.sources = names;
  EXPECT_EQ(Primary(), Reason::kLineageIncomplete);
  policy::SourceFacts sources = model_.lineage;
  input_.sources = &sources;
  EXPECT_EQ(Primary(), Reason::kPermitted);
  EXPECT_EQ(Row().place.sources, std::vector<std::string_view>{"shop/views"});
  sources.valid_from_us = kNowMs * 1000 + 1;
  EXPECT_EQ(Primary(), Reason::kLineageIncomplete);
}

TEST_F(Decide, AClaimedDigestMustBeTheRegisteredOne) {
  const crypto::Digest weights = crypto::Sha256Of("weights");
  const std::string claim = "sha256:" + crypto::Sha256Hex("weights");
  const std::string registered(crypto::AsBytes(weights));
  input_.registered_weights = registered;
  EXPECT_EQ(Row().model.weights, weights);
  EXPECT_NE(Row().marks.flags & kWeightsAssumed, 0u);
  event_.weights_digest = claim;
  EXPECT_EQ(Primary(), Reason::kPermitted);
  EXPECT_EQ(Row().marks.flags & kWeightsAssumed, 0u);
  EXPECT_EQ(Answer().weights, registered);
  const std::string other(crypto::AsBytes(crypto::Sha256Of("other")));
  input_.registered_weights = other;
  EXPECT_EQ(Primary(), Reason::kDigestMismatch);
  EXPECT_EQ(Row().marks.flags & kDigestOk, 0u);
  EXPECT_EQ(Row().model.weights, weights);
  input_.registered_weights = {};
  EXPECT_EQ(Primary(), Reason::kDigestMismatch);
}

TEST_F(Decide, AStaleControlTopicMakesTheEngineUnavailable) {
  input_.is_engine_unavailable = true;
  EXPECT_EQ(Primary(), Reason::kEngineUnavailable);
  EXPECT_EQ(Row().verdict.route, Route::kQuarantined);
  input_.is_engine_unavailable = false;
  EXPECT_EQ(Primary(), Reason::kPermitted);
}

TEST_F(Decide, ConsentOfAnotherPersonIsNotReadForAnAnonymousOne) {
  event_.subject_id = {};
  EXPECT_EQ(Primary(), Reason::kConsentMissing);
  EXPECT_EQ(Row().purpose.consent, kConsentAnonymous);
  EXPECT_EQ(Opened().subject, "");
}

TEST_F(Decide, ARefusalInAShadowBindingGoesOut) {
  event_.surface = "trial";
  event_.subject_class = event::SubjectClass::kMinor;
  const DecodedRow row = Row();
  EXPECT_EQ(row.verdict.outcome, Outcome::kBlock);
  EXPECT_EQ(row.verdict.mode, Mode::kShadow);
  EXPECT_EQ(row.verdict.route, Route::kAllowed);
}

TEST_F(Decide, DeclaredFieldsAreRecordedWhereTheyBelong) {
  const event::Attribute attributes[] = {{.name = "rank", .value = "3"},
                                         {.name = "position", .value = "99"},
                                         {.name = "undeclared", .value = "x"}};
  const std::string_view labels[] = {"gambling", "political"};
  event_.attributes = attributes;
  event_.item_labels = labels;
  event_.position = 7;
  const DecodedRow row = Row();
  // Sorted names: item_labels 0, position 1, rank 2. A promotion's own field is no attribute.
  ASSERT_EQ(row.facts.size(), 2u);
  EXPECT_EQ(row.facts[0].field, 1000u);
  EXPECT_EQ(row.facts[0].value.text, "gambling,political");
  EXPECT_EQ(row.facts[1].field, 1001u);
  EXPECT_EQ(row.facts[1].value.integer, 7);
  const OpenedRow opened = Opened();
  ASSERT_EQ(opened.facts.size(), 1u);
  EXPECT_EQ(opened.facts[0].field, 1002u);
  EXPECT_EQ(opened.facts[0].value.integer, 3);
  EXPECT_TRUE(IsPromotionField("score"));
  EXPECT_FALSE(IsPromotionField("rank"));
}

TEST_F(Decide, RecordsMoreWhereTheSourceSaysSo) {
  event_.score = 0.5;
  event_.propensity = 0.25;
  event_.slate_id = "s-1";
  event_.sponsor_id = "sp-1";
  event_.experiment_arm = "b";
  event_.consent_ref = "c-1";
  input_.message_key = "key";
  input_.payload = "payload";
  EXPECT_TRUE(Row().facts.empty());
  EXPECT_NE(Row().marks.flags & kSponsored, 0u);
  EXPECT_FALSE(Opened().score.has_value());

  options_.record = {"score",       "signals",        "experiment_arm", "consent_claim", "slate",
                     "message_key", "payload_digest", "propensity",     "sponsor"};
  decider_ = Decider(options_, &fragments_);
  event_.position = 2;
  const DecodedRow row = Row();
  ASSERT_EQ(row.facts.size(), 4u);
  EXPECT_EQ(row.facts[0].field, kFieldPropensity);
  EXPECT_EQ(row.facts[1].value.text, "s-1");
  EXPECT_EQ(row.facts[2].value.text, "sp-1");
  EXPECT_EQ(row.facts[3].field, 1001u);
  const OpenedRow opened = Opened();
  EXPECT_EQ(opened.score, 0.5);
  EXPECT_EQ(opened.experiment_arm, "b");
  EXPECT_EQ(opened.consent_ref, "c-1");
  EXPECT_EQ(opened.message_key, "key");
  EXPECT_EQ(opened.payload_digest, crypto::Sha256Of("payload"));
}

TEST_F(Decide, AMalformedEventIsADeadLetterWithItsCauseAlone) {
  DecisionInput input;
  input.offset = 41;
  input.decision_time_ms = kNowMs;
  input.topic = "promotions";
  input.cause = event::Cause::kJson;
  input.replay_of = "promotions-3-12";
  input_ = input;
  const DecodedRow row = Row();
  EXPECT_EQ(row.verdict.outcome, Outcome::kQuarantine);
  EXPECT_EQ(row.verdict.route, Route::kDeadLetter);
  EXPECT_EQ(row.verdict.malformed, 7);
  ASSERT_EQ(row.verdict.reasons.size(), 1u);
  EXPECT_EQ(row.verdict.reasons[0].code, 200);
  EXPECT_TRUE(row.verdict.binding.empty());
  EXPECT_TRUE(row.place.surface.empty());
  EXPECT_EQ(row.replay_of, "promotions-3-12");
  EXPECT_FALSE(row.envelope.has_value());
  EXPECT_EQ(Primary(), Reason::kMalformed);
}

TEST_F(Decide, FlagsSpecialCategoriesAndThirdCountries) {
  model_.lineage.categories.Set(Set().Category("special.health").value());
  event_.processing_region = "US";
  EXPECT_EQ(Row().marks.flags & (kSpecialCategory | kThirdCountry),
            uint64_t{kSpecialCategory | kThirdCountry});
  model_.lineage.categories = {};
  model_.lineage.categories.Set(Set().Category("behaviour.viewing").value());
  event_.processing_region = "DE";
  EXPECT_EQ(Row().marks.flags & (kSpecialCategory | kThirdCountry), 0u);
  event_.processing_region = "JP";  // outside the tree
  EXPECT_EQ(Row().marks.flags & kThirdCountry, uint64_t{kThirdCountry});
}

TEST_F(Decide, EqualInputsGiveEqualRowsWhateverCameBefore) {
  const std::string before(Row().bytes());
  event_.subject_class = event::SubjectClass::kMinor;
  Row();
  input_.model = nullptr;
  Row();
  input_.model = &model_;
  event_.subject_class = event::SubjectClass::kAdult;
  EXPECT_EQ(Row().bytes(), before);
  fragments_.Clear();
  decider_.ForgetFragments();
  EXPECT_EQ(Row().bytes(), before);
}

TEST_F(Decide, AllocatesNothingForWhatItHasSeen) {
  Answer();
  CountAllocations(true);
  const policy::Outcome outcome = Answer().verdict.outcome;
  CountAllocations(false);
  EXPECT_EQ(Allocations(), 0u);
  EXPECT_EQ(outcome, policy::Outcome::kAllow);
}

}  // namespace
}  // namespace lineward::decision

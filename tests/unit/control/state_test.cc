#include "control/src/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "tests/support/seed.h"
#include "tests/unit/control/control_fixture.h"

namespace lineward::control {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A fold with its own offsets per topic.
class Fold {
 public:
  explicit Fold(bool requires_signatures = false) : state_(requires_signatures) {}

  void Registry(const KeyValue& record) {
    state_.ApplyRegistry(record.first, record.second, registry_++);
  }
  void RegistryTombstone(const std::string& key) {
    state_.ApplyRegistry(key, std::nullopt, registry_++);
  }
  void Policies(const KeyValue& record) {
    state_.ApplyPolicies(record.first, record.second, policies_++);
  }
  void Publish(const std::string& canonical, uint64_t epoch) {
    for (const KeyValue& record : PolicyRecords(canonical, epoch)) Policies(record);
  }
  void DeleteHead() { state_.ApplyPolicies(kHeadKey, std::nullopt, policies_++); }
  std::shared_ptr<const ControlSnapshot> Build(int64_t now_us = kNowUs) {
    return state_.Build(now_us);
  }
  // The newest note, which must be there.
  Note LastNote() {
    const std::vector<Note> notes = state_.TakeNotes();
    EXPECT_FALSE(notes.empty());
    return notes.empty() ? Note{} : notes.back();
  }
  ControlState& State() { return state_; }

 private:
  ControlState state_;
  int64_t registry_ = 10;
  int64_t policies_ = 20;
};

std::vector<std::string> Allowed(const ControlSnapshot& snapshot,
                                 const policy::LineageFacts& facts) {
  std::vector<std::string> ids;
  for (const char* id : {"x-t:Purpose", "x-t:News", "x-t:Sports", "x-t:Ads"}) {
    if (facts.allowed.Has(*snapshot.Policies()->taxonomy().Purpose(id))) ids.emplace_back(id);
  }
  return ids;
}

// Two datasets, a model on both, served features; as of seq 1.
void RegisterShop(Fold* fold) {
  fold->Registry(DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:News", "x-t:Ads"})));
  fold->Registry(DatasetRecord("chats", DatasetDeclaration(1, {"x-t:News"})));
  fold->Registry(DatasetRecord("features", DatasetDeclaration(3, {"x-t:Sports"}), {3}));
  RegistryRecord ranker = Model("ranker", 2, 2, {0, 1, 2});
  ranker.model->serves = {3};
  ranker.model->served_closure = {3};
  fold->Registry(ModelRecord(ranker));
  fold->Registry(MarkRecord(1));
}

TEST(ControlState, RegistryRecordsActWithTheirSeqMarkAlone) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  fold.Registry(DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:News"})));
  fold.Registry(ModelRecord(Model("ranker", 1, 1, {0, 1})));
  EXPECT_EQ(fold.Build()->FindModel("ranker", "1"), nullptr);
  EXPECT_EQ(fold.Build()->NextOffsets()[0], 0);
  fold.Registry(MarkRecord(7));
  const auto snapshot = fold.Build();
  EXPECT_NE(snapshot->FindModel("ranker", "1"), nullptr);
  EXPECT_EQ(snapshot->RegistrySeq(), 7u);
  EXPECT_EQ(snapshot->NextOffsets()[0], 13);
}

TEST(ControlState, AModelMayServeWhatAllItsDataAllow) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  RegisterShop(&fold);
  const auto snapshot = fold.Build();
  const ResolvedModel* model = snapshot->FindModel("ranker", "2");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->facts.lineage.status, policy::LineageStatus::kKnown);
  EXPECT_EQ(Allowed(*snapshot, model->facts.lineage),
            (std::vector<std::string>{"x-t:News", "x-t:Sports"}));
  ASSERT_NE(model->serves, nullptr);
  EXPECT_EQ(Allowed(*snapshot, model->serves->facts), (std::vector<std::string>{"x-t:Sports"}));
  EXPECT_EQ(model->weights_digest, std::string(32, 'w'));
  EXPECT_EQ(snapshot->FindRecord(1)->name, "datasets/default/chats");
}

TEST(ControlState, OnlyTheOneSpellingOfAVersionCounts) {
  Fold fold;
  RegisterShop(&fold);
  const auto snapshot = fold.Build();
  EXPECT_NE(snapshot->FindModel("ranker", "2"), nullptr);
  for (const char* version : {"02", "+2", "2 ", "", "3"}) {
    EXPECT_EQ(snapshot->FindModel("ranker", version), nullptr) << version;
  }
  EXPECT_EQ(snapshot->FindModel(std::string(500, 'r'), "2"), nullptr);
}

TEST(ControlState, ARelabelReachesEveryModelBehindTheDataset) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  RegisterShop(&fold);
  const auto before = fold.Build();
  fold.Registry(DatasetRecord("chats", DatasetDeclaration(1, {"x-t:Ads"})));
  fold.Registry(MarkRecord(2));
  const auto after = fold.Build();
  EXPECT_EQ(Allowed(*after, after->FindModel("ranker", "2")->facts.lineage),
            (std::vector<std::string>{"x-t:Ads"}));
  EXPECT_EQ(Allowed(*before, before->FindModel("ranker", "2")->facts.lineage),
            (std::vector<std::string>{"x-t:News", "x-t:Sports"}))
      << "a snapshot never changes";
}

// Grants stand on the series; a model that reads one version is bound by them (the closure trap).
TEST(ControlState, AVersionOfAnUndeclaredSeriesWithoutSourcesIsIncomplete) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  RegistryRecord version;
  version.declaration.emplace();
  version.declaration->record = 1;
  version.declaration->kind = RecordKind::kDatasetVersion;
  version.declaration->series = 0;
  version.declaration->is_unsourced = true;
  const KeyValue version_record = {"datasets/default/raw/versions/1",
                                   EncodeRegistryRecord(version)};
  Declaration undeclared;
  undeclared.is_unsourced = true;
  fold.Registry(DatasetRecord("raw", undeclared));
  fold.Registry(version_record);
  fold.Registry(ModelRecord(Model("m", 1, 2, {0, 1, 2})));
  fold.Registry(MarkRecord(1));
  const auto unknown = fold.Build();
  EXPECT_FALSE(unknown->FindModel("m", "1")->facts.lineage.incomplete.empty());

  Declaration declared = DatasetDeclaration(0, {"x-t:Ads"});
  declared.is_unsourced = true;
  fold.Registry(DatasetRecord("raw", declared));
  fold.Registry(MarkRecord(2));
  const auto known = fold.Build();
  EXPECT_TRUE(known->FindModel("m", "1")->facts.lineage.incomplete.empty());
  EXPECT_EQ(Allowed(*known, known->FindModel("m", "1")->facts.lineage),
            (std::vector<std::string>{"x-t:Ads"}));
}

TEST(ControlState, ARecordThatIsNotThereIsUnknownNeverUnrestricted) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  fold.Registry(DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:News"})));
  fold.Registry(ModelRecord(Model("m", 1, 1, {0, 1, 9})));
  fold.Registry(MarkRecord(1));
  EXPECT_FALSE(fold.Build()->FindModel("m", "1")->facts.lineage.incomplete.empty());
}

TEST(ControlState, EachBitOfTheFoldMakesAModelIncomplete) {
  for (int bit = 0; bit < 5; ++bit) {
    Fold fold;
    fold.Publish(CanonicalSet(), 1);
    Declaration declaration = DatasetDeclaration(0, {"x-t:News"});
    RegistryRecord model = Model("m", 1, 1, {0, 1});
    if (bit == 1) declaration.is_drifted = true;
    if (bit == 2) declaration.is_closure_too_large = true;
    if (bit == 3) model.declaration->is_own_ancestor = true;
    if (bit == 4) model.declaration->is_without_dataset = true;
    fold.Registry(DatasetRecord("clicks", declaration));
    fold.Registry(ModelRecord(model));
    fold.Registry(MarkRecord(1));
    const bool is_incomplete = !fold.Build()->FindModel("m", "1")->facts.lineage.incomplete.empty();
    EXPECT_EQ(is_incomplete, bit > 0) << "bit " << bit;
  }
}

TEST(ControlState, RetiredModelsAreUnknownRevokedOnesRevokeWhatWasMadeFromThem) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  fold.Registry(DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:News"})));
  RegistryRecord base = Model("base", 1, 1, {0, 1});
  base.model->state = ModelState::kRevoked;
  fold.Registry(ModelRecord(base));
  fold.Registry(ModelRecord(Model("tuned", 1, 2, {0, 1, 2})));
  RegistryRecord old = Model("old", 1, 3, {0, 3});
  old.model->state = ModelState::kRetired;
  fold.Registry(ModelRecord(old));
  fold.Registry(MarkRecord(1));
  const auto snapshot = fold.Build();
  EXPECT_EQ(snapshot->FindModel("base", "1")->facts.lineage.status,
            policy::LineageStatus::kRevoked);
  EXPECT_EQ(snapshot->FindModel("tuned", "1")->facts.lineage.status,
            policy::LineageStatus::kRevoked);
  EXPECT_EQ(snapshot->FindModel("old", "1"), nullptr);
  EXPECT_EQ(snapshot->Models().size(), 3u);
}

TEST(ControlState, AFormerNameAndAnAliasResolve) {
  Fold fold;
  RegisterShop(&fold);
  RegistryRecord former;
  former.former_name = "ranker";
  fold.Registry({"models/old%20ranker", EncodeRegistryRecord(former)});
  RegistryRecord alias;
  alias.alias_version = 2;
  fold.Registry({AliasName("ranker", "live"), EncodeRegistryRecord(alias)});
  fold.Registry(MarkRecord(2));
  const auto snapshot = fold.Build();
  EXPECT_EQ(snapshot->FindModel("old ranker", "2"), snapshot->FindModel("ranker", "2"));
  EXPECT_EQ(snapshot->FindAlias("ranker", "live"), 2);
  fold.RegistryTombstone("models/old%20ranker");
  fold.RegistryTombstone(AliasName("ranker", "live"));
  fold.Registry(MarkRecord(3));
  EXPECT_EQ(fold.Build()->FindModel("old ranker", "2"), nullptr);
  EXPECT_EQ(fold.Build()->FindAlias("ranker", "live"), std::nullopt);
}

TEST(ControlState, WhatCannotBeReadIsForgottenWithANote) {
  Fold fold;
  RegisterShop(&fold);
  ASSERT_NE(fold.Build()->FindModel("ranker", "2"), nullptr);
  fold.Registry({ModelVersionName("ranker", 2), "\xFF\xFF"});
  fold.Registry(MarkRecord(2));
  EXPECT_EQ(fold.Build()->FindModel("ranker", "2"), nullptr);
  const Note note = fold.LastNote();
  EXPECT_EQ(note.kind, Note::Kind::kRecordRefused);
  EXPECT_EQ(base::ReasonOf(note.status), "CONTROL_RECORD_INVALID");

  fold.Registry({ModelVersionName("other", 2), ModelRecord(Model("ranker", 2, 2, {0})).second});
  EXPECT_EQ(fold.LastNote().kind, Note::Kind::kRecordRefused) << "facts under another's key";
}

TEST(ControlState, NamedSourcesAreUnitedAndUnknownOnesMakeThemIncomplete) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  RegisterShop(&fold);
  const auto snapshot = fold.Build();
  const std::vector<std::string_view> known = {"default/features"};
  const std::vector<std::string_view> unserved = {"default/features", "default/clicks"};
  const auto sources = snapshot->ResolveSources(known, false, kNowUs);
  EXPECT_FALSE(sources->is_unknown);
  EXPECT_EQ(Allowed(*snapshot, sources->facts), (std::vector<std::string>{"x-t:Sports"}));
  EXPECT_TRUE(sources->facts.incomplete.empty());
  const auto unknown = snapshot->ResolveSources(unserved, false, kNowUs);
  EXPECT_TRUE(unknown->is_unknown);
  EXPECT_FALSE(unknown->facts.incomplete.empty());
}

// Digests from the document's formula, by another program.
TEST(ControlState, TheClosureDigestNamesEveryNodeOfTheThreeClosures) {
  Fold fold;
  fold.Registry(DatasetRecord("clicks", DatasetDeclaration(0, {})));
  fold.Registry(DatasetRecord("held-out", DatasetDeclaration(1, {})));
  fold.Registry(DatasetRecord("features", DatasetDeclaration(3, {}), {3}));
  RegistryRecord ranker = Model("ranker", 2, 2, {0, 2});
  ranker.model->evaluated_closure = {1};
  ranker.model->serves = {3};
  ranker.model->served_closure = {3};
  fold.Registry(ModelRecord(ranker));
  fold.Registry(MarkRecord(1));
  const auto snapshot = fold.Build();
  const ResolvedModel* model = snapshot->FindModel("ranker", "2");
  EXPECT_EQ(base::ToHex(model->closure_digest), "d2dd8a35297bb8f85461ae6642447383");
  EXPECT_EQ(base::ToHex(snapshot->ClosureDigest(*model, nullptr)),
            "c3a833343b611596f34eeb1a4e7c0a67");
  EXPECT_EQ(snapshot->ClosureDigest(*model, model->serves.get()), model->closure_digest);
}

TEST(ControlState, FactsAreMadeAnewAtTheirTimeBoundaries) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  Declaration declaration = DatasetDeclaration(0, {"x-t:News"});
  declaration.withdrawn = {{.id = "w",
                            .purposes = {},
                            .mode = WithdrawalMode::kBlock,
                            .effective_at_us = kNowUs + kDayUs}};
  fold.Registry(DatasetRecord("clicks", declaration));
  fold.Registry(ModelRecord(Model("m", 1, 1, {0, 1})));
  fold.Registry(MarkRecord(1));
  const auto today = fold.Build(kNowUs);
  const ResolvedModel* model = today->FindModel("m", "1");
  EXPECT_TRUE(model->HoldsAt(kNowUs));
  EXPECT_FALSE(model->HoldsAt(kNowUs + kDayUs));
  EXPECT_NE(model->facts.lineage.status, policy::LineageStatus::kRevoked);
  const auto later = today->ResolveAt(*model, kNowUs + kDayUs);
  EXPECT_EQ(later->facts.lineage.status, policy::LineageStatus::kRevoked);

  EXPECT_FALSE(fold.State().IsDirty(kNowUs + kDayUs - 1));
  EXPECT_TRUE(fold.State().IsDirty(kNowUs + kDayUs));
  const auto tomorrow = fold.Build(kNowUs + kDayUs);
  EXPECT_EQ(tomorrow->FindModel("m", "1")->facts.lineage.status, policy::LineageStatus::kRevoked);
  EXPECT_FALSE(fold.State().IsDirty(kNowUs + 2 * kDayUs));
}

TEST(ControlState, AGoodHeadPutsItsSetInForce) {
  Fold fold;
  EXPECT_EQ(fold.Build()->Policies(), nullptr);
  const std::string canonical = CanonicalSet();
  fold.Publish(canonical, 3);
  const auto snapshot = fold.Build();
  ASSERT_NE(snapshot->Policies(), nullptr);
  EXPECT_EQ(snapshot->PolicySetId(), policy::SetId(canonical));
  EXPECT_EQ(snapshot->Policies()->id(), snapshot->PolicySetId());
  EXPECT_EQ(snapshot->PolicyEpoch(), 3u);
  EXPECT_EQ(snapshot->NextOffsets()[1], 22);
  EXPECT_EQ(fold.LastNote().kind, Note::Kind::kSetInForce);
}

TEST(ControlState, ARefusedHeadLeavesTheLastGoodSetAndSaysWhy) {
  const std::string good = CanonicalSet("team");
  const std::string other = CanonicalSet("rivals");
  const auto refusal = [&](const auto& publish, HeadRefusal wanted) {
    Fold fold;
    fold.Publish(good, 5);
    fold.State().TakeNotes();
    publish(&fold);
    const Note note = fold.LastNote();
    EXPECT_EQ(note.kind, Note::Kind::kHeadRefused);
    EXPECT_EQ(note.refusal, wanted) << note.status;
    EXPECT_EQ(fold.Build()->PolicySetId(), policy::SetId(good));
    EXPECT_FALSE(fold.Build()->is_engine_unavailable());
    return std::string(base::MessageOf(note.status));
  };
  EXPECT_EQ(refusal([&](Fold* fold) { fold->Publish(other, 5); }, HeadRefusal::kEpoch),
            "policy head of epoch 5: the epoch in force is 5");
  EXPECT_THAT(refusal([&](Fold* fold) { fold->Policies(PolicyRecords(other, 6).back()); },
                      HeadRefusal::kChunks),
              HasSubstr("chunk 0 of 1"));
  // The head of one set over the chunks of another.
  refusal(
      [&](Fold* fold) {
        auto records = PolicyRecords(good, 6);
        auto foreign = PolicyRecords(other, 6);
        auto head = *DecodePolicyHead(records.back().second);
        head.raw_bytes = other.size();
        fold->Policies({records.front().first, foreign.front().second});
        fold->Policies({std::string(kHeadKey), EncodePolicyHead(head)});
      },
      HeadRefusal::kId);
  refusal([&](Fold* fold) { fold->Publish("{}", 6); }, HeadRefusal::kCompile);
  refusal([&](Fold* fold) { fold->Policies({std::string(kHeadKey), "\xFF"}); },
          HeadRefusal::kChunks);
  EXPECT_THAT(refusal(
                  [&](Fold* fold) {
                    fold->Publish(
                        CanonicalSet("team", ", mode: shadow, shadow_until: 2026-05-31T00:00:00Z"),
                        6);
                  },
                  HeadRefusal::kCompile),
              HasSubstr("90 days"));
}

TEST(ControlState, ASetInShadowForLessThanNinetyDaysIsTaken) {
  Fold fold;
  fold.Publish(CanonicalSet("team", ", mode: shadow, shadow_until: 2026-05-30T00:00:00Z"), 1);
  EXPECT_NE(fold.Build()->Policies(), nullptr);
}

TEST(ControlState, WithoutSignaturesNoHeadIsTakenWhereTheyAreRequired) {
  Fold fold(true);
  fold.Publish(CanonicalSet(), 1);
  EXPECT_EQ(fold.LastNote().refusal, HeadRefusal::kSignature);
  EXPECT_EQ(fold.Build()->Policies(), nullptr);
}

TEST(ControlState, ADeletedHeadMakesTheEngineUnavailableUntilANewSet) {
  Fold fold;
  fold.Publish(CanonicalSet(), 1);
  EXPECT_FALSE(fold.Build()->is_engine_unavailable());
  fold.DeleteHead();
  EXPECT_TRUE(fold.Build()->is_engine_unavailable());
  EXPECT_EQ(fold.LastNote().kind, Note::Kind::kHeadDeleted);
  fold.Publish(CanonicalSet("rivals"), 2);
  EXPECT_FALSE(fold.Build()->is_engine_unavailable());
}

// Everything that a decision could read of a snapshot, as text.
std::string Describe(const ControlSnapshot& snapshot) {
  std::string text = fmt::format("{} {} {} {}\n", snapshot.PolicySetId(), snapshot.RegistrySeq(),
                                 snapshot.NextOffsets()[0], snapshot.NextOffsets()[1]);
  for (const auto& model : snapshot.Models()) {
    text += fmt::format("{}@{} {} {}", model->facts.name, model->facts.version,
                        base::ToHex(model->closure_digest),
                        static_cast<int>(model->facts.lineage.status));
    for (const std::string& id : Allowed(snapshot, model->facts.lineage)) text += " " + id;
    text += fmt::format(" {} {}\n", model->facts.lineage.incomplete.size(),
                        model->facts.lineage.valid_until_us);
  }
  return text;
}

// However the topics' records came in between, and however often a snapshot was made on the way:
// at equal offsets it is the same.
TEST(ControlState, EqualOffsetsGiveEqualSnapshots) {
  std::vector<KeyValue> policies;
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    for (KeyValue& record : PolicyRecords(CanonicalSet(epoch == 2 ? "b" : "a"), epoch)) {
      policies.push_back(std::move(record));
    }
  }
  std::mt19937_64 random(support::Seed());
  const char* const kPurposes[] = {"x-t:News", "x-t:Sports", "x-t:Ads", "x-t:Purpose"};
  std::vector<KeyValue> registry;
  for (uint64_t seq = 1; seq <= 60; ++seq) {
    const auto dataset = static_cast<uint32_t>(random() % 6);
    registry.push_back(DatasetRecord("d" + std::to_string(dataset),
                                     DatasetDeclaration(dataset, {kPurposes[random() % 4]})));
    const auto model = static_cast<uint32_t>(random() % 4);
    std::vector<uint32_t> closure;
    for (uint32_t i = 0; i < 6; ++i) {
      if (random() % 2) closure.push_back(i);
    }
    closure.push_back(10 + model);
    registry.push_back(ModelRecord(Model("m" + std::to_string(model), 1, 10 + model, closure)));
    registry.push_back(MarkRecord(seq));
  }

  std::string wanted;
  for (int round = 0; round < 20; ++round) {
    Fold fold;
    size_t p = 0;
    size_t r = 0;
    while (p < policies.size() || r < registry.size()) {
      const bool takes_policy = r == registry.size() || (p < policies.size() && random() % 20 == 0);
      if (takes_policy) {
        fold.Policies(policies[p++]);
      } else {
        fold.Registry(registry[r++]);
      }
      if (round > 0 && random() % 4 == 0) fold.Build(kNowUs - static_cast<int64_t>(random() % 100));
    }
    const std::string text = Describe(*fold.Build(kNowUs));
    if (round == 0) wanted = text;
    ASSERT_EQ(text, wanted) << "seed " << support::Seed() << " round " << round;
  }
  EXPECT_THAT(wanted, HasSubstr("m0@1"));
}

}  // namespace
}  // namespace lineward::control

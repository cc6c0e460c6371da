#include "registry/src/view.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/telemetry/log.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

class ViewTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open(std::string_view log = "log-1") {
    view_.reset();
    auto view = View::Open(Path(), log, logger_);
    ASSERT_TRUE(view.ok()) << view.status();
    view_ = *std::move(view);
  }
  std::string Path() const { return folder_ / "view"; }

  // Writes items in one transaction, into the view too.
  void Write(const std::vector<std::string>& items) {
    const size_t before = world_.bytes().size();
    ASSERT_TRUE(world_.Write(items).ok());
    std::vector<PlannedFact> facts;
    for (size_t i = before; i < world_.bytes().size(); ++i) {
      facts.push_back({.fact = *DecodeFact(world_.bytes()[i]), .bytes = world_.bytes()[i]});
    }
    view_->StageFacts(world_.state(), facts);
    view_->StageFactRead(static_cast<int64_t>(facts.back().fact.seq) * 2, facts.back().fact.seq);
    world_.Commit();
    ASSERT_TRUE(view_->Write().ok());
  }
  std::string LoadedDigest() const {
    const auto state = view_->Load();
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? state->Digest() : "";
  }
  // Changes a stored value behind the view's back.
  void Overwrite(std::string_view family, std::string_view key, std::string_view value) {
    view_.reset();
    auto db = store::Db::Open({.path = Path()});
    ASSERT_TRUE(db.ok()) << db.status();
    store::WriteBatch batch;
    batch.Put((*db)->Find(family), key, value);
    ASSERT_TRUE((*db)->Write(batch, true).ok());
  }
  // How often a view was made anew; closes it.
  int Rebuilt() {
    view_.reset();
    sink_ = std::make_unique<telemetry::LogSink>(Lines());
    logger_ = telemetry::Logger(sink_.get(), "registry", "registry");
    return rebuilt_;
  }

  telemetry::LogOptions Lines() {
    telemetry::LogOptions options;
    options.rate_per_code = 0;
    options.write = [this](std::string_view line) {
      if (line.find("registry_view_rebuilt") != std::string_view::npos) ++rebuilt_;
    };
    return options;
  }

  support::TempDir folder_;
  int rebuilt_ = 0;  // log lines that say so
  std::unique_ptr<telemetry::LogSink> sink_ = std::make_unique<telemetry::LogSink>(Lines());
  telemetry::Logger logger_{sink_.get(), "registry", "registry"};
  World world_;
  std::unique_ptr<View> view_;
};

const std::string kRun =
    R"({"kind":"RUN","id":"r1","job":"shop/train","state":"COMPLETED","reads":["default/clicks"],"writes":["default/raw"]})";
const std::string kVersion =
    R"({"kind":"DATASET_VERSION","dataset":"default/clicks","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000001","label":"v1","parents":["default/raw"]})";
const std::string kTuned =
    R"({"kind":"MODEL_VERSION","model":"ranker","version":2,"run":"r1","parents":[{"model":"ranker@1","role":"FINE_TUNE"}]})";

TEST_F(ViewTest, GivesTheStateBackThatWasWritten) {
  Write({kClicks, kRaw, kRanker});
  Write({kRun, kVersion});
  Write({kRankerOne, kTuned});
  const FactMark mark = view_->Mark();
  EXPECT_EQ(mark.seq, world_.state().Seq());
  EXPECT_EQ(LoadedDigest(), world_.state().Digest());
  Open();
  EXPECT_EQ(view_->Mark(), mark);
  const auto state = view_->Load();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->Digest(), world_.state().Digest());
  EXPECT_EQ(state->Chain(), world_.state().Chain());
  EXPECT_EQ(state->LastVersion("ranker"), 2);
  ASSERT_NE(state->FindLabel("datasets/default/clicks", "v1"), nullptr);
  EXPECT_EQ(Rebuilt(), 0);
}

TEST_F(ViewTest, AFactMoreOrLessIsAnotherState) {
  Write({kClicks, kRaw, kRanker});
  Write({kRankerOne});
  const std::string whole = LoadedDigest();
  Write({R"({"kind":"DATASET","name":"more"})"});
  EXPECT_NE(LoadedDigest(), whole);
}

TEST_F(ViewTest, GoesOnFromWhatItGaveBack) {
  Write({kClicks, kRaw, kRanker});
  Open();
  auto restored = view_->Load();
  ASSERT_TRUE(restored.ok());
  Write({kRun, kVersion, kRankerOne, kTuned});
  ASSERT_TRUE(view_
                  ->ReadFacts(3, world_.state().Seq(),
                              [&](std::string_view bytes) {
                                const auto fact = DecodeFact(bytes);
                                EXPECT_TRUE(fact.ok());
                                const absl::Status applied = restored->Apply(*fact, bytes);
                                restored->Commit();
                                return applied;
                              })
                  .ok());
  EXPECT_EQ(restored->Digest(), world_.state().Digest());
}

TEST_F(ViewTest, KeepsAnswersUntilTheyAreForgotten) {
  State state;
  const Fact fact{.seq = 1,
                  .kind = FactKind::kRequest,
                  .subject = "requests/a",
                  .recorded_at_us = 100,
                  .body = Parse(R"({"sha256":"x","status":201,"response":"{}"})")};
  const std::string bytes = EncodeFact(fact);
  ASSERT_TRUE(state.Apply(fact, bytes).ok());
  view_->StageFacts(state, {{.fact = fact, .bytes = bytes}});
  state.Commit();
  ASSERT_TRUE(view_->Write().ok());
  ASSERT_NE(view_->Load()->FindAnswer("requests/a"), nullptr);
  EXPECT_TRUE(view_->Load()->ForgetAnswers(100).empty());
  view_->StageForgotten(state.ForgetAnswers(101));
  ASSERT_TRUE(view_->Write().ok());
  EXPECT_EQ(view_->Load()->FindAnswer("requests/a"), nullptr);
}

TEST_F(ViewTest, KeepsConsentWithItsPosition) {
  EXPECT_FALSE(view_->NextConsent().has_value());
  view_->StageConsent("u1", "record");
  view_->StageConsent("u2", "record");
  view_->StageNextConsent(12);
  ASSERT_TRUE(view_->Write().ok());
  view_->StageConsent("u2", std::nullopt);
  ASSERT_TRUE(view_->Write().ok());
  Open();
  EXPECT_EQ(view_->NextConsent(), 12);
  EXPECT_EQ(*view_->FindConsent("u1"), "record");
  EXPECT_EQ(*view_->FindConsent("u2"), std::nullopt);
}

TEST_F(ViewTest, AnotherFormatIsMadeAnewAndLogged) {
  Write({kClicks});
  Overwrite("meta", "format", "lineward registry view 0");
  Open();
  EXPECT_EQ(view_->Mark(), FactMark());
  EXPECT_EQ(view_->Load()->Seq(), 0u);
  EXPECT_EQ(Rebuilt(), 1);
  Open();  // it is of this format now
  EXPECT_EQ(Rebuilt(), 1);
}

TEST_F(ViewTest, TheViewOfAnotherLogIsMadeAnew) {
  Write({kClicks});
  Open("log-2");
  EXPECT_EQ(view_->Mark().seq, 0u);
  EXPECT_EQ(Rebuilt(), 1);
}

TEST_F(ViewTest, DamagedValuesAreAnErrorOfTheLoad) {
  Write({kClicks, kRaw, kRanker, kRankerOne});
  for (const auto& [family, key] : std::vector<std::pair<std::string, std::string>>{
           {"entity", "datasets/default/clicks"}, {"edge", NumberKey(0)}}) {
    auto db = store::Db::Open({.path = Path()});
    EXPECT_FALSE(db.ok());  // locked by the view
    Overwrite(family, key, "\xff");
    Open();
    EXPECT_EQ(view_->Load().status().code(), absl::StatusCode::kDataLoss) << family;
  }
  ASSERT_TRUE(view_->Empty("damaged").ok());
  EXPECT_EQ(view_->Load()->Seq(), 0u);
}

TEST_F(ViewTest, AMissingEdgeIsNoSmallerGraph) {
  Write({kClicks, kRaw, kRanker, kRun, kRankerOne});
  view_.reset();
  {
    auto db = store::Db::Open({.path = Path()});
    store::WriteBatch batch;
    batch.Delete((*db)->Find("edge"), NumberKey(1));
    ASSERT_TRUE((*db)->Write(batch, true).ok());
  }
  Open();
  EXPECT_EQ(view_->Load().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ViewTest, LeavesTheStoreOfSomebodyElseAlone) {
  view_.reset();
  {
    auto db = store::Db::Open({.path = folder_ / "other"});
    ASSERT_TRUE((*db)->FindOrCreate("segments").ok());
  }
  const auto view = View::Open(folder_ / "other", "log-1", logger_);
  EXPECT_EQ(base::ReasonOf(view.status()), "STORE_MISUSED");
}

TEST_F(ViewTest, AFactThatIsNotThereIsAnErrorNotASkip) {
  Write({kClicks, kRaw});
  const auto count = [&](uint64_t after, uint64_t last) {
    int facts = 0;
    const absl::Status read = view_->ReadFacts(after, last, [&](std::string_view) {
      ++facts;
      return absl::OkStatus();
    });
    return std::pair(facts, read.code());
  };
  EXPECT_EQ(count(0, 2), std::pair(2, absl::StatusCode::kOk));
  EXPECT_EQ(count(1, 2), std::pair(1, absl::StatusCode::kOk));
  EXPECT_EQ(count(0, 3).second, absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace lineward::registry

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/memory_storage.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/embedded_world.h"

namespace lineward::registry {
namespace {

using testing::HasSubstr;

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() { Open(); }

  void Open() {
    auto transport = stream::OpenEmbedded(disk_.Open(), {});
    ASSERT_TRUE(transport.ok()) << transport.status();
    RegistryOptions options;
    options.data_dir = folder_ / "registry";
    options.instance_id = "a";
    options.require_signatures = requires_signatures_;
    node_ = EmbeddedNode::Start(*std::move(transport), options);
    registry_ = node_->registry.get();
  }
  void Close() { node_.reset(); }
  absl::StatusOr<Answer> Publish(const document::Json& body) { return node_->Publish(body); }
  absl::StatusOr<Answer> Register(const std::string& items, const std::string& request_id = "") {
    return node_->Register(items, request_id);
  }

  bool requires_signatures_ = false;
  support::TempDir folder_;
  support::MemoryDisk disk_;
  std::unique_ptr<EmbeddedNode> node_;
  Registry* registry_ = nullptr;
};

const std::string kData =
    R"({"kind":"DATASET","name":"clicks","declaration":{"grants":[{"purposes":["tcf:2"],"basis":"CONTRACT"}]}})";

TEST_F(RegistryTest, PublishesASetAndThenTakesItems) {
  const auto published = Publish(Set());
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->http_status, 201);
  EXPECT_THAT(published->body, HasSubstr("\"epoch\":\"1\""));
  const auto answer = Register(kData);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->http_status, 201);
  const auto dataset = registry_->GetDataset("default", "clicks");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT(document::Canonical(*dataset), HasSubstr("dpv:Advertising"));
  EXPECT_TRUE(node_->follower->WaitRegistrySeq(registry_->Seq(), absl::Seconds(30)));
}

TEST_F(RegistryTest, RefusesASetThatDoesNotLoadAndKeepsTheOldOne) {
  ASSERT_TRUE(Publish(Set()).ok());
  const auto refused =
      Publish(Set("apiVersion: lineward/v1\nkind: Policy\npolicy: p@1\nruels: []\n"));
  EXPECT_EQ(base::ReasonOf(refused.status()), "POLICY_SET_INVALID");
  EXPECT_THAT(std::string(base::MessageOf(refused.status())), HasSubstr("policy.yaml:4:1"));
  const auto again = Publish(Set());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->http_status, 200);
  EXPECT_THAT(again->body, HasSubstr("\"changed\":false"));
}

TEST_F(RegistryTest, AnswersARequestIdAgainByteForByteAfterARestart) {
  ASSERT_TRUE(Publish(Set()).ok());
  const auto first = Register(kData, "once");
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string digest = registry_->StateDigest();
  Close();
  Open();
  const auto again = Register(kData, "once");
  ASSERT_TRUE(again.ok()) << again.status() << registry_->FatalStatus();
  EXPECT_TRUE(again->is_replayed);
  EXPECT_EQ(again->body, first->body);
  EXPECT_EQ(registry_->StateDigest(), digest);
  const auto other = Register(R"({"kind":"DATASET","name":"other"})", "once");
  EXPECT_EQ(base::ReasonOf(other.status()), "REQUEST_ID_REUSED");
}

TEST_F(RegistryTest, ARefusedItemLeavesTheOthersOfTheTransactionAlone) {
  ASSERT_TRUE(Publish(Set()).ok());
  const auto refused =
      Register(R"({"kind":"DATASET","name":"a"},{"kind":"MODEL_VERSION","model":"m"})");
  EXPECT_EQ(base::ReasonOf(refused.status()), "MODEL_NOT_FOUND");
  EXPECT_EQ(base::ReasonOf(registry_->GetDataset("default", "a").status()), "DATASET_NOT_FOUND");
  ASSERT_TRUE(Register(R"({"kind":"DATASET","name":"b"})").ok());
  EXPECT_EQ(registry_->Seq(), 1u);
}

TEST_F(RegistryTest, ValidateOnlyWritesNothing) {
  ASSERT_TRUE(Publish(Set()).ok());
  const auto answer = WhenWriting([&] {
    return registry_->RegisterOne({.actor = "ann", .validate_only = true}, FactKind::kDataset,
                                  Parse(R"({"name":"a"})"));
  });
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(registry_->Seq(), 0u);
}

TEST_F(RegistryTest, RecordsConsentAndNamesNoSubject) {
  ASSERT_TRUE(Publish(Set()).ok());
  const auto ask = [&] {
    return registry_->RecordConsents(
        {.actor = "ann"},
        Parse(R"({"items":[{"subject":"u-1","purpose":"dpv:Marketing","state":"GRANTED",
                            "effective_at":"2026-03-01T00:00:00Z"},
                           {"subject":"u-2","purpose":"nope","state":"GRANTED",
                            "effective_at":"2026-03-01T00:00:00Z"}]})"));
  };
  const auto answer = WhenWriting(ask);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->body,
            R"({"accepted":1,"refused":[{"index":1,"reason":"PURPOSE_UNKNOWN"}],"unchanged":0})");
  EXPECT_EQ(WhenWriting(ask)->body,
            R"({"accepted":0,"refused":[{"index":1,"reason":"PURPOSE_UNKNOWN"}],"unchanged":1})");
}

TEST_F(RegistryTest, NeedsSignaturesUnlessTheyAreOff) {
  Close();
  requires_signatures_ = true;
  Open();
  EXPECT_EQ(base::ReasonOf(Publish(Set()).status()), "SIGNATURE_REQUIRED");
}

TEST_F(RegistryTest, ListsByNameInPages) {
  ASSERT_TRUE(Publish(Set()).ok());
  ASSERT_TRUE(Register(R"({"kind":"DATASET","name":"a"},{"kind":"DATASET","name":"b"},)"
                       R"({"kind":"DATASET","name":"c"})")
                  .ok());
  const auto first = registry_->ListDatasets("", 2);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->items.size(), 2u);
  const auto second = registry_->ListDatasets(first->next_after, 2);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].Find("name")->AsText(), "c");
  EXPECT_TRUE(second->next_after.empty());
}

TEST_F(RegistryTest, AWipedViewIsMadeAnewFromTheFacts) {
  ASSERT_TRUE(Publish(Set()).ok());
  ASSERT_TRUE(Register(kData).ok());
  ASSERT_TRUE(Register(R"({"kind":"MODEL","name":"m"})").ok());
  const std::string digest = registry_->StateDigest();
  Close();
  Open();
  ASSERT_TRUE(registry_->WaitSeq(2, absl::Seconds(30)).ok());
  EXPECT_EQ(registry_->StateDigest(), digest);
  Close();
  std::filesystem::remove_all(folder_ / "registry");
  Open();
  ASSERT_TRUE(registry_->WaitSeq(2, absl::Seconds(30)).ok());
  EXPECT_EQ(registry_->StateDigest(), digest);
}

TEST_F(RegistryTest, TheViewOfALogThatIsGoneIsMadeAnew) {
  ASSERT_TRUE(Publish(Set()).ok());
  ASSERT_TRUE(Register(kData).ok());
  Close();
  Open();  // the view notes up to where it read
  const auto again = Register(kData);
  ASSERT_TRUE(again.ok()) << again.status();
  Close();
  support::MemoryDisk other;
  auto transport = stream::OpenEmbedded(other.Open(), {});
  node_ = EmbeddedNode::Start(*std::move(transport), {.data_dir = folder_ / "registry",
                                                      .instance_id = "a",
                                                      .address = "",
                                                      .require_signatures = false});
  registry_ = node_->registry.get();
  const auto published = Publish(Set());
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(node_->registry->Seq(), 0u);
  EXPECT_EQ(base::ReasonOf(node_->registry->GetDataset("default", "clicks").status()),
            "DATASET_NOT_FOUND");
  Close();
}

TEST_F(RegistryTest, WaitsForASeqAndSaysWhenItDoesNotCome) {
  ASSERT_TRUE(Publish(Set()).ok());
  ASSERT_TRUE(Register(kData).ok());
  EXPECT_TRUE(registry_->WaitSeq(1, absl::ZeroDuration()).ok());
  const absl::Status late = registry_->WaitSeq(2, absl::Milliseconds(1));
  EXPECT_EQ(base::ReasonOf(late), "NOT_YET_VISIBLE");
  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(RegistryTest, ReadsFactsAsTheyWereWritten) {
  ASSERT_TRUE(Publish(Set()).ok());
  ASSERT_TRUE(Register(kData).ok());
  std::vector<uint64_t> seqs;
  const auto visit = [&seqs](std::string_view bytes) {
    const auto fact = DecodeFact(bytes);
    EXPECT_TRUE(fact.ok());
    seqs.push_back(fact->seq);
    return absl::OkStatus();
  };
  EXPECT_TRUE(registry_->ReadFacts(0, 1, visit).ok());
  EXPECT_EQ(seqs, std::vector<uint64_t>{1});
  EXPECT_EQ(base::ReasonOf(registry_->ReadFacts(0, 2, visit)), "NOT_READY");
}

TEST_F(RegistryTest, TheConsentOfAnEarlierProcessCounts) {
  ASSERT_TRUE(Publish(Set()).ok());
  const auto ask = [&] {
    return WhenWriting([&] {
      return registry_->RecordConsents(
          {.actor = "ann"}, Parse(R"({"items":[{"subject":"u-1","purpose":"dpv:Marketing",
              "state":"GRANTED","effective_at":"2026-03-01T00:00:00Z"}]})"));
    });
  };
  EXPECT_EQ(ask()->body, R"({"accepted":1,"refused":[],"unchanged":0})");
  Close();
  Open();
  EXPECT_EQ(ask()->body, R"({"accepted":0,"refused":[],"unchanged":1})");
  Close();
  std::filesystem::remove_all(folder_ / "registry");
  Open();
  EXPECT_EQ(ask()->body, R"({"accepted":0,"refused":[],"unchanged":1})");
}

}  // namespace
}  // namespace lineward::registry

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/registry/registry.h"
#include "lineward/stream/embedded.h"
#include "lineward/stream/topics.h"
#include "tests/support/memory_storage.h"
#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

using testing::HasSubstr;

constexpr std::string_view kTaxonomy =
    "apiVersion: lineward/v1\nkind: Taxonomy\nversion: 1\npurposes:\n"
    "- {id: \"dpv:Purpose\"}\n- {id: \"dpv:Marketing\", under: [\"dpv:Purpose\"]}\n"
    "- {id: \"dpv:Advertising\", under: [\"dpv:Marketing\"]}\n"
    "aliases: [{alias: \"tcf:2\", purpose: \"dpv:Advertising\"}]\n";
constexpr std::string_view kVocabulary =
    "apiVersion: lineward/v1\nkind: Vocabulary\nplaces: {EU: {DE: {}}}\n";
constexpr std::string_view kPolicy =
    "apiVersion: lineward/v1\nkind: Policy\npolicy: p@1\nrules:\n"
    "- {id: ok, effect: permit, match: {purpose_under: [\"dpv:Marketing\"]}}\n";
constexpr std::string_view kBindings =
    "apiVersion: lineward/v1\nkind: Bindings\nbindings:\n"
    "- {id: b, purposes: [\"dpv:Purpose\"], consent_max_age_ms: 5000, policies: [{policy: p@1}]}\n";

document::Json Set(std::string_view policy = kPolicy) {
  document::Json files = document::Json::EmptyList();
  const auto add = [&files](std::string_view name, std::string_view content) {
    document::Json file;
    file.Set("name", name);
    file.Set("content", content);
    files.Append(std::move(file));
  };
  add("taxonomy.yaml", kTaxonomy);
  add("vocabulary.yaml", kVocabulary);
  add("policy.yaml", policy);
  add("bindings.yaml", kBindings);
  document::Json body;
  body.Set("files", std::move(files));
  return body;
}

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() { Open(); }

  void Open() {
    auto transport = stream::OpenEmbedded(disk_.Open(), {});
    ASSERT_TRUE(transport.ok()) << transport.status();
    transport_ = *std::move(transport);
    auto admin = transport_->OpenAdmin();
    ASSERT_TRUE((*admin)->Create(stream::OwnTopics()).ok());
    ASSERT_TRUE((*admin)->Create(stream::ConsentTopics(2)).ok());
    auto follower = control::Follower::Start(transport_.get(), {}, nullptr, {});
    ASSERT_TRUE(follower.ok()) << follower.status();
    follower_ = *std::move(follower);
    Start();
  }
  void Start() {
    RegistryOptions options;
    options.instance_id = "a";
    options.require_signatures = requires_signatures_;
    auto registry = Registry::Start(transport_.get(), follower_.get(), options, nullptr, {});
    ASSERT_TRUE(registry.ok()) << registry.status();
    registry_ = *std::move(registry);
  }
  void Close() {
    registry_.reset();
    follower_.reset();
    transport_.reset();
  }

  // Asks until the writer has its seat.
  absl::StatusOr<Answer> WhenWriting(const std::function<absl::StatusOr<Answer>()>& ask) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (true) {
      auto answer = ask();
      const bool is_waiting = base::ReasonOf(answer.status()) == "NO_WRITER" ||
                              base::ReasonOf(answer.status()) == "NOT_READY";
      if (!is_waiting || std::chrono::steady_clock::now() > deadline) return answer;
    }
  }
  absl::StatusOr<Answer> Publish(const document::Json& body) {
    return WhenWriting([&] { return registry_->ProposePolicySet({.actor = "ann"}, body); });
  }
  absl::StatusOr<Answer> Register(const std::string& items, const std::string& request_id = "") {
    return WhenWriting([&] {
      return registry_->Register({.actor = "ann", .route = "r", .request_id = request_id},
                                 Parse("{\"items\":[" + items + "]}"));
    });
  }

  bool requires_signatures_ = false;
  support::MemoryDisk disk_;
  std::unique_ptr<stream::EmbeddedTransport> transport_;
  std::unique_ptr<control::Follower> follower_;
  std::unique_ptr<Registry> registry_;
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
  EXPECT_TRUE(follower_->WaitRegistrySeq(registry_->Seq(), absl::Seconds(30)));
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
  ASSERT_TRUE(again.ok()) << again.status();
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
  registry_.reset();
  requires_signatures_ = true;
  Start();
  EXPECT_EQ(base::ReasonOf(Publish(Set()).status()), "SIGNATURE_REQUIRED");
}

TEST_F(RegistryTest, ListsByNameInPages) {
  ASSERT_TRUE(Publish(Set()).ok());
  ASSERT_TRUE(Register(R"({"kind":"DATASET","name":"a"},{"kind":"DATASET","name":"b"},)"
                       R"({"kind":"DATASET","name":"c"})")
                  .ok());
  const Page first = registry_->ListDatasets("", 2);
  ASSERT_EQ(first.items.size(), 2u);
  const Page second = registry_->ListDatasets(first.next_after, 2);
  ASSERT_EQ(second.items.size(), 1u);
  EXPECT_EQ(second.items[0].Find("name")->AsText(), "c");
  EXPECT_TRUE(second.next_after.empty());
}

}  // namespace
}  // namespace lineward::registry

#include <gtest/gtest.h>

#include "lineward/registry/past.h"
#include "tests/support/memory_storage.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/embedded_world.h"

namespace lineward::registry {
namespace {

class PastTest : public testing::Test {
 protected:
  PastTest() {
    auto transport = stream::OpenEmbedded(disk_.Open(), {});
    EXPECT_TRUE(transport.ok()) << transport.status();
    RegistryOptions options;
    options.data_dir = folder_ / "registry";
    options.instance_id = "a";
    options.require_signatures = false;
    node_ = EmbeddedNode::Start(*std::move(transport), options);
    EXPECT_TRUE(node_->Publish(Set()).ok());
  }
  // What the gates know now.
  std::shared_ptr<const control::ControlSnapshot> Now() {
    EXPECT_TRUE(node_->follower->WaitRegistrySeq(node_->registry->Seq(), absl::Seconds(30)));
    return node_->follower->Snapshot();
  }
  FactSource OfView() {
    return [this](uint64_t after, uint64_t last,
                  const std::function<absl::Status(std::string_view)>& visit) {
      return node_->registry->ReadFacts(after, last, visit);
    };
  }

  support::TempDir folder_;
  support::MemoryDisk disk_;
  std::unique_ptr<EmbeddedNode> node_;
};

const std::string kShop =
    R"({"kind":"DATASET","name":"clicks","declaration":{"grants":[{"purposes":["tcf:2"],"basis":"CONTRACT"}]}},
       {"kind":"MODEL","name":"ranker"},
       {"kind":"MODEL_VERSION","model":"ranker","version":1,"inputs":["default/clicks"]})";

TEST_F(PastTest, IsWhatTheGatesKnewThen) {
  ASSERT_TRUE(node_->Register(kShop).ok());
  const auto then = Now();
  ASSERT_TRUE(node_
                  ->Register(R"({"kind":"MODEL_VERSION","model":"ranker","version":2,)"
                             R"("parents":[{"model":"ranker@1","role":"COPY"}]})")
                  .ok());
  ASSERT_NE(Now()->FindModel("ranker", "2"), nullptr);
  for (const FactSource& source : {OfView(), FactsOfLog(node_->transport.get())}) {
    const Past past(node_->transport.get(), source);
    const auto made = past.At(then->RegistrySeq(), then->PolicySetId());
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ((*made)->RegistryMark().chain, then->RegistryMark().chain);
    EXPECT_EQ((*made)->PolicySetId(), then->PolicySetId());
    ASSERT_NE((*made)->FindModel("ranker", "1"), nullptr);
    EXPECT_EQ((*made)->FindModel("ranker", "1")->closure_digest,
              then->FindModel("ranker", "1")->closure_digest);
    EXPECT_EQ((*made)->FindModel("ranker", "2"), nullptr);
    EXPECT_EQ(*past.At(then->RegistrySeq(), then->PolicySetId()), *made) << "kept";
  }
}

TEST_F(PastTest, KnowsTheSetsBeforeTheOneInForce) {
  ASSERT_TRUE(node_->Register(kShop).ok());
  const auto then = Now();
  std::string other(kPolicyFile);
  other += "- {id: more, effect: permit, match: {purpose_under: [\"dpv:Advertising\"]}}\n";
  ASSERT_TRUE(node_->Publish(Set(other)).ok());
  const Past past(node_->transport.get(), OfView());
  const auto made = past.At(then->RegistrySeq(), then->PolicySetId());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ((*made)->Policies()->rule_count(), 1u);
  EXPECT_EQ(base::ReasonOf(past.At(1, "ps-" + std::string(64, '0')).status()),
            "POLICY_SET_NOT_FOUND");
}

TEST_F(PastTest, AFactThatIsNotThereYetIsNoPast) {
  ASSERT_TRUE(node_->Register(kShop).ok());
  const auto now = Now();
  for (const FactSource& source : {OfView(), FactsOfLog(node_->transport.get())}) {
    const Past past(node_->transport.get(), source);
    EXPECT_EQ(base::ReasonOf(past.At(now->RegistrySeq() + 1, now->PolicySetId()).status()),
              "NOT_READY");
  }
}

}  // namespace
}  // namespace lineward::registry

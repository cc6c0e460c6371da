#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/decision/block.h"
#include "lineward/gate/gate.h"
#include "tests/support/gate_world.h"
#include "tests/support/memory_storage.h"

namespace lineward::gate {
namespace {

using support::GateWorld;
using support::OwnedRecord;
using support::PromotionJson;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GateTest : public ::testing::Test {
 protected:
  void PublishAll() {
    world_.control().PublishRegistry();
    world_.control().PublishPolicies();
  }
  // The one output of partition 0 in `topic`.
  OwnedRecord Only(const std::string& topic) {
    const std::vector<OwnedRecord> records = world_.Read(topic, 0);
    EXPECT_EQ(records.size(), 1u) << topic;
    return records.empty() ? OwnedRecord() : records.front();
  }

  support::MemoryDisk disk_;
  GateWorld world_{disk_.Open()};
};

TEST_F(GateTest, ReleasesEachPromotionWithItsRecord) {
  PublishAll();
  world_.SendMany(2500);
  world_.Start();
  ASSERT_TRUE(world_.WaitDone()) << world_.gate().NotReadyCause();
  world_.Stop();
  const support::Findings found = world_.Check();
  EXPECT_THAT(found.errors, IsEmpty());
  EXPECT_EQ(found.promotions, 2500u);
  EXPECT_EQ(found.rows, 2500u);
  EXPECT_EQ(found.outputs.at("promotions.allowed"), 2500u);
}

TEST_F(GateTest, RoutesByOutcomeAndSaysWhyInHeaders) {
  PublishAll();
  world_.Send(0, "a", PromotionJson("e-1"), {{"x", "1"}, {"lineward-id", "forged"}});
  world_.Send(0, "b", PromotionJson("e-2", "x-t:Ads"));
  world_.Send(0, "c", PromotionJson("e-3", "x-t:News", "ghost"));
  world_.Start();
  ASSERT_TRUE(world_.WaitDone());
  const OwnedRecord allowed = Only("promotions.allowed");
  EXPECT_EQ(allowed.key, "a");
  EXPECT_EQ(allowed.Header("lineward-id"), "promotions-0-0");
  EXPECT_THAT(allowed.Header("lineward-decision"), HasSubstr("ALLOW;m=ranker@1;w=7777"));
  EXPECT_EQ(allowed.headers.front().first, "x");
  EXPECT_THAT(Only("promotions.blocked").Header("lineward-decision"),
              HasSubstr("BLOCK;r=PURPOSE_NOT_ALLOWED;"));
  EXPECT_THAT(Only("promotions.quarantined").Header("lineward-decision"),
              HasSubstr("QUARANTINE;r=MODEL_UNKNOWN;m=ghost@1;"));
  world_.Stop();
  EXPECT_THAT(world_.Metrics(),
              HasSubstr("lineward_gate_headers_removed_total{kind=\"forged\"} 1"));
}

TEST_F(GateTest, SendsAMalformedOneToTheDeadLettersAndGoesOn) {
  PublishAll();
  world_.Send(0, "a", "{");
  world_.Send(0, "b", std::nullopt);
  world_.Send(0, "c", PromotionJson("e-1"));
  world_.Start();
  ASSERT_TRUE(world_.WaitDone());
  const std::vector<OwnedRecord> letters = world_.Read("promotions.dead-letter", 0);
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].Header("__connect.errors.exception.message"), "json");
  EXPECT_EQ(letters[0].value, "{");
  EXPECT_EQ(letters[1].Header("__connect.errors.exception.message"), "tombstone");
  EXPECT_EQ(letters[1].value, std::nullopt);
  EXPECT_EQ(Only("promotions.allowed").key, "c");
  EXPECT_THAT(world_.Check().errors, IsEmpty());
}

TEST_F(GateTest, CutsADeadLetterThatIsTooLarge) {
  PublishAll();
  world_.options().sources[0].max_bytes = 70'000;
  const std::string large(70'001, 'x');
  world_.Send(0, "a", large);
  world_.Start();
  ASSERT_TRUE(world_.WaitDone());
  const OwnedRecord letter = Only("promotions.dead-letter");
  EXPECT_EQ(letter.value, large.substr(0, 65'536));
  EXPECT_EQ(letter.Header("lineward-truncated"), "70001");
}

TEST_F(GateTest, ConsumesNothingBeforeThePoliciesAreThere) {
  world_.control().PublishRegistry();
  world_.Send(0, "a", PromotionJson("e-1"));
  world_.Start();
  ASSERT_TRUE(world_.WaitUntil([&] {
    return world_.gate().NotReadyCause().find("polic") != std::string::npos;
  })) << world_.gate().NotReadyCause();
  EXPECT_EQ(world_.gate().Committed(), 0u);
  EXPECT_THAT(world_.Read("lineward.decisions", stream::DecisionsPartition("promotions", 0)),
              IsEmpty());
  world_.control().PublishPolicies();
  ASSERT_TRUE(world_.WaitDone());
  EXPECT_EQ(world_.gate().NotReadyCause(), "");
  EXPECT_EQ(world_.Read("promotions.allowed", 0).size(), 1u);
}

TEST_F(GateTest, SealsPersonsUnderKeysThatStandOnTheKeysTopic) {
  PublishAll();
  world_.Send(0, "a", PromotionJson("e-1", "x-t:News", "ranker", "u-1"));
  world_.Start();
  ASSERT_TRUE(world_.WaitDone());
  const int32_t partition = stream::DecisionsPartition("promotions", 0);
  const std::vector<OwnedRecord> keys = world_.Read("lineward.keys", partition);
  ASSERT_EQ(keys.size(), 1u);
  const auto key =
      decision::OpenTenantKeyRecord(world_.options().tenant_key, *keys[0].key, *keys[0].value);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->subject, "u-1");
  const auto block =
      decision::BlockView::Parse(*world_.Read("lineward.decisions", partition)[0].value);
  ASSERT_TRUE(block.ok());
  const auto row = block->OpenRowAsTenant(0, world_.options().tenant_key, 1);
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->subject, "u-1");
  EXPECT_EQ(row->event_id, "e-1");
}

TEST_F(GateTest, CommitsWhatIsOpenWhenItDrains) {
  PublishAll();
  world_.options().commit_interval = absl::Seconds(1);
  world_.SendMany(100);
  world_.Start();
  // The transaction is open for a second: what is taken is committed by the drain alone.
  ASSERT_TRUE(world_.WaitUntil([&] { return world_.gate().NotReadyCause().empty(); }));
  world_.Stop();
  const support::Findings drained = world_.Check();
  EXPECT_EQ(drained.rows, drained.outputs.empty() ? 0 : drained.outputs.at("promotions.allowed"));
  world_.Start();
  ASSERT_TRUE(world_.WaitDone());
  world_.Stop();
  const support::Findings found = world_.Check();
  EXPECT_THAT(found.errors, IsEmpty());
  EXPECT_EQ(found.rows, 100u);
}

TEST_F(GateTest, GoesOnWhereALastGateEnded) {
  PublishAll();
  for (int i = 0; i < 3; ++i) {
    world_.SendMany(300);
    world_.Start();
    ASSERT_TRUE(world_.WaitDone());
    world_.Stop();
  }
  const support::Findings found = world_.Check();
  EXPECT_THAT(found.errors, IsEmpty());
  EXPECT_EQ(found.rows, 900u);
}

TEST_F(GateTest, CommitsNothingWhileItsClockIsWrong) {
  PublishAll();
  world_.SendMany(20);
  world_.clock().MoveWall(absl::Hours(1));
  world_.Start();
  ASSERT_TRUE(world_.WaitUntil([&] {
    return world_.Metrics().find("transactions_total{result=\"aborted\"} 1") != std::string::npos;
  }));
  EXPECT_EQ(world_.gate().Committed(), 0u);
  EXPECT_EQ(world_.Check().rows, 0u);
  world_.clock().MoveWall(-absl::Hours(1));
  world_.clock().MoveMonotonic(absl::Seconds(6));
  ASSERT_TRUE(world_.WaitDone());
  world_.Stop();
  EXPECT_THAT(world_.Check().errors, IsEmpty());
}

TEST_F(GateTest, ASecondGateOnItsSeatEndsTheFirst) {
  PublishAll();
  world_.Start();
  ASSERT_TRUE(world_.WaitUntil([&] { return world_.gate().NotReadyCause().empty(); }));
  telemetry::MetricRegistry registry;
  GateMetrics metrics(&registry);
  auto second =
      Gate::Start(world_.options(), &world_.transport(), &world_.follower(), &metrics, {});
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(world_.WaitUntil([&] { return !world_.gate().StoppedBy().ok(); }));
  EXPECT_TRUE(absl::IsPermissionDenied(world_.gate().StoppedBy())) << world_.gate().StoppedBy();
  world_.SendMany(50);
  ASSERT_TRUE(world_.WaitDone());
  EXPECT_TRUE((*second)->StoppedBy().ok());
  second->reset();
  EXPECT_THAT(world_.Check().errors, IsEmpty());
}

}  // namespace
}  // namespace lineward::gate

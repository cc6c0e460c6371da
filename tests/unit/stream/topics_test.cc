#include "lineward/stream/topics.h"

#include <gtest/gtest.h>

#include <set>

namespace lineward::stream {
namespace {

TEST(Topics, OwnTopicsAreStampedByTheLogAndBounded) {
  for (const TopicSpec& spec : OwnTopics()) {
    EXPECT_EQ(spec.timestamp, TimestampType::kAppend) << spec.name;
    EXPECT_EQ(spec.message_bytes, spec.name == "lineward.openlineage" ? 20971520 : 1048576)
        << spec.name;
    EXPECT_TRUE(spec.name.starts_with("lineward.")) << spec.name;
  }
}

TEST(Topics, TheFiveOfTheTableAndTheKeysAreCompacted) {
  std::set<std::string> compacted;
  for (const TopicSpec& spec : OwnTopics()) {
    if (spec.cleanup == Cleanup::kCompact) compacted.insert(spec.name);
  }
  EXPECT_EQ(compacted, (std::set<std::string>{"lineward.keys", "lineward.registry",
                                              "lineward.policies", "lineward.consent",
                                              "lineward.breakers", "lineward.registry.facts"}));
}

TEST(Topics, EachControlTopicHasOnePartitionAndDecisionsSixteen) {
  for (const std::string_view name : {kRegistryTopic, kPoliciesTopic, kConsentTopic, kBreakersTopic,
                                      kFactsTopic, kOpenLineageTopic, kAuditTopic}) {
    EXPECT_EQ(OwnTopic(name).partitions, 1) << name;
  }
  EXPECT_EQ(OwnTopic(kDecisionsTopic).partitions, 16);
  EXPECT_EQ(OwnTopic(kKeysTopic).partitions, 16);
}

TEST(Topics, OutputsHaveThePartitionsOfTheirSourceAndRoomForOurHeaders) {
  const auto specs = SourceTopics("offers", 6, 262144);
  ASSERT_EQ(specs.size(), 5u);
  EXPECT_EQ(specs[0].name, "offers");
  EXPECT_EQ(specs[4].name, "offers.dead-letter");
  for (size_t i = 1; i < specs.size(); ++i) {
    EXPECT_EQ(specs[i].partitions, 6);
    EXPECT_EQ(specs[i].message_bytes_min, 262144 + 16384);
    EXPECT_EQ(specs[i].timestamp, TimestampType::kCreate);
  }
}

// xxh64("promotions", 0) is 0xc95f11d298c7f2a7 by libxxhash called from Python.
TEST(Topics, DecisionsOfNeighbouringPartitionsGoRoundTheSixteen) {
  EXPECT_EQ(DecisionsPartition("promotions", 0), 7);
  EXPECT_EQ(DecisionsPartition("promotions", 1), 8);
  EXPECT_EQ(DecisionsPartition("promotions", 9), 0);
}

TEST(TopicsDeathTest, AnUnknownNameStopsTheProcess) {
  EXPECT_DEATH(OwnTopic("lineward.nothing"), "is no topic of ours");
}

}  // namespace
}  // namespace lineward::stream

#include "lineward/audit/entry.h"

#include <gtest/gtest.h>

#include "lineward/audit/reasons.h"
#include "lineward/base/status.h"

namespace lineward::audit {
namespace {

Genesis Example() {
  Genesis genesis;
  genesis.origin = DecisionLogOrigin("lineward.example/prod", 3, 1);
  genesis.cluster = "k1";
  genesis.topic = "lineward.decisions";
  genesis.partition = 3;
  genesis.start = 42;
  return genesis;
}

TEST(Genesis, OfEpochOneHasNoPredecessor) {
  EXPECT_EQ(PrintGenesis(Example()),
            "lineward/genesis/v1\norigin lineward.example/prod/decisions/3/e1\n"
            "kafka k1 lineward.decisions 3\nstart 42\nprevious none\n");
}

TEST(Genesis, ReadsBackWhatItPrints) {
  Genesis genesis = Example();
  EXPECT_EQ(*ParseGenesis(PrintGenesis(genesis)), genesis);
  genesis.previous = Genesis::Previous{"lineward.example/prod/decisions/3/e1", 17, {1, 2, 3}};
  EXPECT_EQ(*ParseGenesis(PrintGenesis(genesis)), genesis);
}

TEST(Genesis, RefusesWhatItWouldNotPrint) {
  const std::string good = PrintGenesis(Example());
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"v1\n", "v2\n"},
                                 {"start 42", "start 042"},
                                 {"start 42", "start -1"},
                                 {"start 42", "start"},
                                 {"kafka k1 ", "kafka k 1 "},
                                 {"kafka k1 ", "kafka k/1 "},
                                 {"previous none\n", "previous none"},
                                 {"previous none", "previous a 1 AAAA"},
                                 {"previous none\n", "previous none\n\n"}}) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_EQ(base::ReasonOf(ParseGenesis(bad).status()), kLogEntryInvalid) << bad;
  }
}

TEST(FleetName, IsAUrlWithoutItsScheme) {
  EXPECT_TRUE(IsFleetName("lineward.example/prod"));
  EXPECT_FALSE(IsFleetName("https://lineward.example"));
  EXPECT_FALSE(IsFleetName(""));
  EXPECT_FALSE(IsFleetName(std::string(kFleetBytesMax + 1, 'a')));
}

}  // namespace
}  // namespace lineward::audit

#include "lineward/control/past.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "tests/unit/control/control_fixture.h"

namespace lineward::control {
namespace {

const SeqMark kMark = {.seq = 7, .recorded_at_us = kNowUs, .chain = std::string(32, 'c')};

TEST(SnapshotOf, AnswersAsTheFollowerDidThen) {
  const std::string canonical = CanonicalSet();
  const std::string id = policy::SetId(canonical);
  const auto snapshot = SnapshotOf({DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:News"})),
                                    ModelRecord(Model("ranker", 1, 1, {0, 1}))},
                                   kMark, id, CutPolicySet(canonical));
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ((*snapshot)->RegistrySeq(), 7u);
  EXPECT_EQ((*snapshot)->PolicySetId(), id);
  ASSERT_NE((*snapshot)->FindModel("ranker", "1"), nullptr);
  EXPECT_EQ((*snapshot)->FindModel("ranker", "2"), nullptr);
  ASSERT_NE((*snapshot)->FindRecord(0), nullptr);
}

TEST(SnapshotOf, RefusesChunksThatAreNotTheSet) {
  const std::vector<std::string> chunks = CutPolicySet(CanonicalSet());
  EXPECT_FALSE(SnapshotOf({}, kMark, "ps-" + std::string(64, '0'), chunks).ok());
  EXPECT_FALSE(SnapshotOf({}, kMark, policy::SetId(CanonicalSet()), {}).ok());
}

TEST(SnapshotOf, RefusesARecordThatCannotBeRead) {
  const std::string canonical = CanonicalSet();
  EXPECT_FALSE(SnapshotOf({{"datasets/default/clicks", "\xff"}}, kMark, policy::SetId(canonical),
                          CutPolicySet(canonical))
                   .ok());
}

}  // namespace
}  // namespace lineward::control

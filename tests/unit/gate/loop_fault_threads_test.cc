// What the loop does after each status of the transport contract at each fault point, and what a
// loop with a planted bug does: the checker must see it.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "lineward/stream/embedded.h"
#include "tests/support/child_test.h"
#include "tests/support/gate_world.h"
#include "tests/support/memory_storage.h"
#include "tests/support/temp_dir.h"

namespace lineward::gate {
namespace {

using support::GateWorld;
using support::RunChildTest;
using ::testing::IsEmpty;

constexpr int kPromotions = 400;

// A whole life in memory under LINEWARD_FAULT: everything is decided once in spite of it.
TEST(LoopFaultChild, DISABLED_DecidesAllInMemory) {
  support::MemoryDisk disk;
  GateWorld world(disk.Open());
  world.control().PublishRegistry();
  world.control().PublishPolicies();
  world.SendMany(kPromotions);
  world.Start();
  ASSERT_TRUE(world.WaitDone()) << world.gate().NotReadyCause() << world.gate().StoppedBy();
  world.Stop();
  const support::Findings found = world.Check();
  EXPECT_THAT(found.errors, IsEmpty());
  EXPECT_EQ(found.rows, static_cast<uint64_t>(kPromotions));
}

// The same on the disk folder LINEWARD_TEST_DIR; with LINEWARD_TEST_SEND the promotions are sent
// and nothing else. Ends by the fault's kill, or when all is decided.
TEST(LoopFaultChild, DISABLED_DecidesAllOnDisk) {
  auto storage = stream::OpenDiskStorage(std::getenv("LINEWARD_TEST_DIR"));
  ASSERT_TRUE(storage.ok()) << storage.status();
  GateWorld world(std::move(*storage));
  if (std::getenv("LINEWARD_TEST_SEND") != nullptr) {
    world.control().PublishRegistry();
    world.control().PublishPolicies();
    world.SendMany(kPromotions);
    return;
  }
  // Several transactions, so that a kill meets one in the middle.
  world.options().transaction_rows_max = 40;
  world.Start();
  ASSERT_TRUE(world.WaitDone()) << world.gate().NotReadyCause() << world.gate().StoppedBy();
}

#ifdef LINEWARD_FAULT_POINTS

TEST(LoopFault, RecoversFromEveryStatusAtEveryPoint) {
  for (const char* point : {"gate.after_poll:1", "gate.after_decide:40", "gate.after_seal:2"}) {
    for (const char* code : {"ABORTED", "UNAVAILABLE", "UNKNOWN"}) {
      const std::string fault = fmt::format("{}:fail={}", point, code);
      EXPECT_EQ(
          RunChildTest("LoopFaultChild.DISABLED_DecidesAllInMemory", {{"LINEWARD_FAULT", fault}})
              .exit_code,
          0)
          << fault;
    }
  }
}

TEST(LoopFault, ALoopThatDoesNotRewindIsFoundOut) {
  EXPECT_NE(RunChildTest("LoopFaultChild.DISABLED_DecidesAllInMemory",
                         {{"LINEWARD_FAULT", "gate.after_decide:40:fail=ABORTED"},
                          {"LINEWARD_SABOTAGE", "no_rewind"},
                          {"LINEWARD_TEST_WAIT_S", "3"}})
                .exit_code,
            0);
}

TEST(LoopFault, APayloadThatIsWrittenAnewIsFoundOut) {
  EXPECT_NE(RunChildTest("LoopFaultChild.DISABLED_DecidesAllInMemory",
                         {{"LINEWARD_SABOTAGE", "payload_reserialised"}})
                .exit_code,
            0);
}

class LoopKill : public ::testing::Test {
 protected:
  // Kills a gate at a point, lets a second one finish, and checks what the log then holds.
  support::Findings KillAt(const std::string& point, const std::string& sabotage = "") {
    const support::TempDir folder;
    const std::string path = folder / "log";
    const std::string child = "LoopFaultChild.DISABLED_DecidesAllOnDisk";
    EXPECT_EQ(
        RunChildTest(child, {{"LINEWARD_TEST_DIR", path}, {"LINEWARD_TEST_SEND", "1"}}).exit_code,
        0);
    EXPECT_EQ(RunChildTest(child, {{"LINEWARD_TEST_DIR", path},
                                   {"LINEWARD_FAULT", point + ":kill"},
                                   {"LINEWARD_SABOTAGE", sabotage}})
                  .signal,
              SIGKILL)
        << point;
    EXPECT_EQ(RunChildTest(child, {{"LINEWARD_TEST_DIR", path}}).exit_code, 0) << point;
    auto storage = stream::OpenDiskStorage(path);
    EXPECT_TRUE(storage.ok()) << storage.status();
    return GateWorld(std::move(*storage)).Check();
  }
};

TEST_F(LoopKill, LosesAndRepeatsNothingWhereverItIsKilled) {
  for (const char* point : {"gate.after_poll:1", "gate.after_decide:100", "gate.after_seal:3",
                            "txn.after_begin:2", "txn.after_first_send:2", "txn.after_last_send:3",
                            "txn.after_offsets:2", "txn.before_commit:2", "txn.after_commit:2"}) {
    const support::Findings found = KillAt(point);
    EXPECT_THAT(found.errors, IsEmpty()) << point;
    EXPECT_EQ(found.rows, static_cast<uint64_t>(kPromotions)) << point;
  }
}

TEST_F(LoopKill, OffsetsOutsideTheTransactionAreFoundOut) {
  // The second commit of a pair is the gate's own; its offsets are committed already.
  EXPECT_FALSE(KillAt("txn.before_commit:2", "offsets_outside_transaction").errors.empty());
}

#endif

}  // namespace
}  // namespace lineward::gate

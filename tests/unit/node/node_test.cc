#include "services/node/node.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/store/reasons.h"

namespace lineward::services {
namespace {

// House style, section 7: what is restarted, and what waits for a person.
TEST(ServeExit, TellsTheSupervisorWhetherARestartHelps) {
  EXPECT_EQ(ServeExitOf(absl::OkStatus()), kExitClean);
  EXPECT_EQ(ServeExitOf(base::InvalidArgument("CONFIG_INVALID", "x")), kExitConfiguration);
  EXPECT_EQ(ServeExitOf(base::FailedPrecondition("TOPIC_MISMATCH", "x")), kExitConfiguration);
  EXPECT_EQ(ServeExitOf(base::PermissionDenied("SEAT_TAKEN", "x")), kExitConfiguration);
  EXPECT_EQ(ServeExitOf(base::DataLoss("STORE_DAMAGED", "x")), kExitDamaged);
  EXPECT_EQ(ServeExitOf(base::ResourceExhausted("STORE_FULL", "x")), kExitUnexpected);
  EXPECT_EQ(ServeExitOf(base::Unavailable("STORE_IO_ERROR", "x")), kExitUnexpected);
}

TEST(ServeExit, AStoreOrAPortOfAnotherProcessIsWaitedFor) {
  EXPECT_EQ(ServeExitOf(base::FailedPrecondition(store::kStoreLocked, "x")), kExitUnavailable);
  EXPECT_EQ(ServeExitOf(base::Unavailable("LISTEN_FAILED", "in use")), kExitUnavailable);
  EXPECT_EQ(ServeExitOf(base::InvalidArgument("LISTEN_FAILED", "no address")), kExitConfiguration);
}

}  // namespace
}  // namespace lineward::services

#include "store/src/status.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/store/reasons.h"

namespace lineward::store {
namespace {

std::string ReasonFor(const rocksdb::Status& status) {
  return base::ReasonOf(ToStatus(status, "reading `a`"));
}

TEST(ToStatus, TellsDamageFullDiskMisuseAndFailingDeviceApart) {
  EXPECT_TRUE(ToStatus(rocksdb::Status::OK(), "x").ok());
  EXPECT_EQ(ReasonFor(rocksdb::Status::Corruption("bad")), kStoreDamaged);
  EXPECT_EQ(ReasonFor(rocksdb::Status::PathNotFound("gone")), kStoreDamaged);
  EXPECT_EQ(ReasonFor(rocksdb::Status::NoSpace("full")), kStoreFull);
  EXPECT_EQ(ReasonFor(rocksdb::Status::SpaceLimit("full")), kStoreFull);
  EXPECT_EQ(ReasonFor(rocksdb::Status::IOError("EIO")), kStoreIoError);
  EXPECT_EQ(ReasonFor(rocksdb::Status::InvalidArgument("order")), kStoreMisused);
}

TEST(ToStatus, SaysWhatWasDoneOnOneLine) {
  const auto status = ToStatus(rocksdb::Status::IOError("first\nsecond"), "reading `a`");
  EXPECT_EQ(base::MessageOf(status), "reading `a`: IO error: first second");
}

}  // namespace
}  // namespace lineward::store

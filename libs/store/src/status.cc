#include "store/src/status.h"

#include <string>

#include "lineward/base/status.h"
#include "lineward/store/reasons.h"

namespace lineward::store {
namespace {

// Some of RocksDB's messages span lines.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

absl::Status ToStatus(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = OneLine(status.ToString());
  if (status.IsCorruption() || status.IsPathNotFound()) {
    return base::DataLoss(kStoreDamaged, "{}: {}", what, message);
  }
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit) {
    return base::ResourceExhausted(kStoreFull, "{}: {}", what, message);
  }
  if (status.IsInvalidArgument() || status.IsNotSupported() || status.IsColumnFamilyDropped()) {
    return base::FailedPrecondition(kStoreMisused, "{}: {}", what, message);
  }
  return base::Unavailable(kStoreIoError, "{}: {}", what, message);
}

}  // namespace lineward::store

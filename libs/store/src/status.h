#pragma once

// RocksDB's statuses as ours. Any thread.

#include <absl/status/status.h>
#include <rocksdb/status.h>

#include <string_view>

namespace lineward::store {

// `what` says what was done to which family or file. NotFound is not an error of a read and never
// comes here.
absl::Status ToStatus(const rocksdb::Status& status, std::string_view what);

}  // namespace lineward::store

#pragma once

// RocksDB's own log: the files `LOG` and `LOG.old` in the store's folder, 4 MiB each at most.
// RocksDB's logger is not used, because it aborts on a full disk: the line behind one that could
// not be written breaks an assertion that Debian's build has. Here such a line is left out. RocksDB
// logs from any of its threads.

#include <rocksdb/env.h>

#include <cstdarg>
#include <cstddef>
#include <filesystem>
#include <fstream>

#include "lineward/base/mutex.h"

namespace lineward::store {

inline constexpr size_t kInfoLogBytesMax = 4 << 20;
inline constexpr size_t kInfoLineBytesMax = 2048;  // a longer line is cut

class InfoLog final : public rocksdb::Logger {
 public:
  // Moves the log of the last process to `LOG.old`.
  explicit InfoLog(const std::filesystem::path& folder);

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override;

 private:
  void Open() LW_REQUIRES(mutex_);

  const std::filesystem::path path_;
  base::Mutex mutex_;
  std::ofstream file_ LW_GUARDED_BY(mutex_);
  size_t bytes_ LW_GUARDED_BY(mutex_) = 0;
};

}  // namespace lineward::store

#include "store/src/info_log.h"

#include <absl/time/clock.h>
#include <absl/time/time.h>

#include <array>
#include <cstdio>
#include <string>
#include <system_error>

namespace lineward::store {

InfoLog::InfoLog(const std::filesystem::path& folder)
    : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), path_(folder / "LOG") {
  base::MutexLock lock(&mutex_);
  Open();
}

void InfoLog::Open() {
  std::error_code ignored;
  std::filesystem::rename(path_, path_.string() + ".old", ignored);
  file_ = std::ofstream(path_, std::ios::trunc);
  bytes_ = 0;
}

void InfoLog::Logv(const char* format, va_list arguments) {
  std::array<char, kInfoLineBytesMax> text;
  if (std::vsnprintf(text.data(), text.size(), format, arguments) < 0) return;
  const std::string line =
      absl::FormatTime(absl::Now(), absl::UTCTimeZone()) + ' ' + text.data() + '\n';
  base::MutexLock lock(&mutex_);
  if (bytes_ + line.size() > kInfoLogBytesMax) Open();
  file_.clear();
  file_.write(line.data(), static_cast<std::streamsize>(line.size())).flush();
  bytes_ += line.size();
}

}  // namespace lineward::store

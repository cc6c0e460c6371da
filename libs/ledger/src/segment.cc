#include "ledger/src/segment.h"

namespace lineward::ledger {
namespace {

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1'000;

}  // namespace

int32_t BucketWidthDays(absl::Duration retention) {
  if (retention <= absl::Hours(24 * 100)) return 1;
  if (retention <= absl::Hours(24 * 800)) return 7;
  return 28;
}

int32_t BucketDay(int64_t time_ms, int32_t width_days) {
  const int64_t width_ms = kDayMs * width_days;
  int64_t run = time_ms / width_ms;
  if (time_ms % width_ms < 0) --run;
  return static_cast<int32_t>(run * width_days);
}

}  // namespace lineward::ledger

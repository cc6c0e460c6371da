#include "http/src/limits.h"

#include <algorithm>

namespace lineward::http {
namespace {

constexpr size_t kBucketsMax = 10'000;

}  // namespace

bool RateLimiter::Take(std::string_view identity, std::chrono::steady_clock::time_point now) {
  if (per_s_ <= 0) return true;
  base::MutexLock lock(&mutex_);
  auto found = buckets_.find(identity);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kBucketsMax) buckets_.clear();
    found = buckets_.emplace(std::string(identity), Bucket{burst_, now}).first;
  }
  Bucket& bucket = found->second;
  const double passed = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min(burst_, bucket.tokens + passed * per_s_);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

ConnectionCounter::Verdict ConnectionCounter::Take(const std::string& address, unsigned total_max,
                                                   unsigned per_address_max) {
  base::MutexLock lock(&mutex_);
  if (total_ >= total_max) return Verdict::kTotal;
  unsigned& count = by_address_[address];
  if (count >= per_address_max) return Verdict::kPerAddress;
  ++count;
  ++total_;
  return Verdict::kTaken;
}

void ConnectionCounter::Give(const std::string& address) {
  base::MutexLock lock(&mutex_);
  --total_;
  const auto found = by_address_.find(address);
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

unsigned ConnectionCounter::total() const {
  base::MutexLock lock(&mutex_);
  return total_;
}

}  // namespace lineward::http

#pragma once

// What the server counts while it runs: connections, requests in flight, requests per identity.

#include <absl/container/flat_hash_map.h>

#include <chrono>
#include <string>
#include <string_view>

#include "lineward/base/mutex.h"
#include "lineward/base/strings.h"

namespace lineward::http {

// A token bucket per identity, at most 10,000 of them: beyond, all are forgotten, which lets more
// through for a moment and never less. Any thread.
class RateLimiter {
 public:
  RateLimiter(double per_s, double burst) : per_s_(per_s), burst_(burst) {}
  bool Take(std::string_view identity, std::chrono::steady_clock::time_point now);

 private:
  struct Bucket {
    double tokens = 0;
    std::chrono::steady_clock::time_point filled;
  };
  const double per_s_;
  const double burst_;
  base::Mutex mutex_;
  base::StringMap<Bucket> buckets_ LW_GUARDED_BY(mutex_);
};

// Open connections, in total and per address. Any thread.
class ConnectionCounter {
 public:
  enum class Verdict { kTaken, kTotal, kPerAddress };
  Verdict Take(const std::string& address, unsigned total_max, unsigned per_address_max);
  void Give(const std::string& address);
  unsigned total() const;

 private:
  mutable base::Mutex mutex_;
  unsigned total_ LW_GUARDED_BY(mutex_) = 0;
  base::StringMap<unsigned> by_address_ LW_GUARDED_BY(mutex_);
};

}  // namespace lineward::http

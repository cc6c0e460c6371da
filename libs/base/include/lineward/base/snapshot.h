#pragma once

// `Snapshot<T>`: the newest immutable value, swapped by its one writer and taken once per batch by
// readers. A mutex and a shared pointer: std::atomic<std::shared_ptr> of libstdc++ 12 shows races
// under ThreadSanitizer. Any thread.

#include <memory>
#include <utility>

#include "lineward/base/mutex.h"

namespace lineward::base {

template <typename T>
class Snapshot {
 public:
  Snapshot() = default;
  explicit Snapshot(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  // The value in force; null before the first Set. It stays valid while the caller holds it.
  std::shared_ptr<const T> Get() const {
    MutexLock lock(&mutex_);
    return value_;
  }
  void Set(std::shared_ptr<const T> value) {
    {
      MutexLock lock(&mutex_);
      value_.swap(value);
    }
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ LW_GUARDED_BY(mutex_);
};

}  // namespace lineward::base

#pragma once

// `BoundedQueue<T>`: values pass from owner to owner, never more than `capacity` of them. Closing
// lets takers drain what is inside. Any thread.

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "lineward/base/mutex.h"

namespace lineward::base {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // False if the queue is full or closed; `value` is then untouched.
  bool TryPush(T& value) {
    MutexLock lock(&mutex_);
    if (closed_ || values_.size() >= capacity_) return false;
    values_.push_back(std::move(value));
    not_empty_.NotifyOne();
    return true;
  }

  // Waits for room until `timeout`; false on time-out or once closed.
  bool Push(T& value, std::chrono::nanoseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    MutexLock lock(&mutex_);
    while (!closed_ && values_.size() >= capacity_) {
      if (!not_full_.WaitUntil(&mutex_, deadline) && values_.size() >= capacity_) return false;
    }
    if (closed_) return false;
    values_.push_back(std::move(value));
    not_empty_.NotifyOne();
    return true;
  }

  // The oldest value; nullopt on time-out, or at once if the queue is closed and empty.
  std::optional<T> Pop(std::chrono::nanoseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    MutexLock lock(&mutex_);
    while (values_.empty()) {
      if (closed_) return std::nullopt;
      if (!not_empty_.WaitUntil(&mutex_, deadline) && values_.empty()) return std::nullopt;
    }
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    not_full_.NotifyOne();
    return value;
  }

  void Close() {
    MutexLock lock(&mutex_);
    closed_ = true;
    not_empty_.NotifyAll();
    not_full_.NotifyAll();
  }

  size_t size() const {
    MutexLock lock(&mutex_);
    return values_.size();
  }
  bool is_closed() const {
    MutexLock lock(&mutex_);
    return closed_;
  }

 private:
  const size_t capacity_;
  mutable Mutex mutex_;
  CondVar not_empty_;
  CondVar not_full_;
  std::deque<T> values_ LW_GUARDED_BY(mutex_);
  bool closed_ LW_GUARDED_BY(mutex_) = false;
};

}  // namespace lineward::base

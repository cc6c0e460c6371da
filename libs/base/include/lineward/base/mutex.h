#pragma once

// std::mutex and its guards with Clang's thread-safety annotations (checked by the tsan and fuzz
// presets). At most one lock is held, none over I/O or a callback. Not absl::Mutex: it shows races
// under ThreadSanitizer on this platform.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define LW_ANNOTATION_(x) __attribute__((x))
#else
#define LW_ANNOTATION_(x)
#endif

#define LW_CAPABILITY(x) LW_ANNOTATION_(capability(x))
#define LW_SCOPED_CAPABILITY LW_ANNOTATION_(scoped_lockable)
#define LW_GUARDED_BY(x) LW_ANNOTATION_(guarded_by(x))
#define LW_PT_GUARDED_BY(x) LW_ANNOTATION_(pt_guarded_by(x))
#define LW_REQUIRES(...) LW_ANNOTATION_(requires_capability(__VA_ARGS__))
#define LW_REQUIRES_SHARED(...) LW_ANNOTATION_(requires_shared_capability(__VA_ARGS__))
#define LW_ACQUIRE(...) LW_ANNOTATION_(acquire_capability(__VA_ARGS__))
#define LW_ACQUIRE_SHARED(...) LW_ANNOTATION_(acquire_shared_capability(__VA_ARGS__))
#define LW_RELEASE(...) LW_ANNOTATION_(release_capability(__VA_ARGS__))
#define LW_RELEASE_SHARED(...) LW_ANNOTATION_(release_shared_capability(__VA_ARGS__))
#define LW_EXCLUDES(...) LW_ANNOTATION_(locks_excluded(__VA_ARGS__))
#define LW_NO_THREAD_SAFETY_ANALYSIS LW_ANNOTATION_(no_thread_safety_analysis)

namespace lineward::base {

class LW_CAPABILITY("mutex") Mutex {
 public:
  void Lock() LW_ACQUIRE() { mutex_.lock(); }
  void Unlock() LW_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class LW_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) LW_ACQUIRE(mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~MutexLock() LW_RELEASE() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* mutex_;
};

// Many readers or one writer.
class LW_CAPABILITY("shared_mutex") SharedMutex {
 public:
  void Lock() LW_ACQUIRE() { mutex_.lock(); }
  void Unlock() LW_RELEASE() { mutex_.unlock(); }
  void LockShared() LW_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void UnlockShared() LW_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

// A condition to wait on with a deadline; the caller holds the mutex.
class CondVar {
 public:
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

  // Releases `mutex`, waits for a notice or until `deadline`, takes it again. False on time-out.
  bool WaitUntil(Mutex* mutex, std::chrono::steady_clock::time_point deadline) LW_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    const auto result = condition_.wait_until(lock, deadline);
    lock.release();
    return result == std::cv_status::no_timeout;
  }
  bool WaitFor(Mutex* mutex, std::chrono::nanoseconds timeout) LW_REQUIRES(mutex) {
    return WaitUntil(mutex, std::chrono::steady_clock::now() + timeout);
  }

 private:
  std::condition_variable condition_;
};

}  // namespace lineward::base

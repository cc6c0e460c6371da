#pragma once

// Threads that run handlers, which may block on RocksDB. Two kinds of jobs: calls, and pieces of
// long answers; at most half of the threads make pieces at a time, so that exports never starve
// point reads. Any thread.

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "lineward/base/mutex.h"

namespace lineward::http {

class Workers {
 public:
  // `waiting_max`: calls that wait; pieces are bounded by the connections.
  Workers(unsigned threads, size_t waiting_max);
  // Drops what waits, joins what runs.
  ~Workers();

  // False if too many wait.
  bool SubmitCall(std::function<void()> job);
  void SubmitPiece(std::function<void()> job);

 private:
  void Run(const std::stop_token& stop);

  const unsigned pieces_max_;
  const size_t waiting_max_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<std::function<void()>> calls_ LW_GUARDED_BY(mutex_);
  std::deque<std::function<void()>> pieces_ LW_GUARDED_BY(mutex_);
  unsigned pieces_running_ LW_GUARDED_BY(mutex_) = 0;
  bool is_stopping_ LW_GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lineward::http

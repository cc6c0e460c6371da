#include "http/src/workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "lineward/base/thread.h"

namespace lineward::http {

Workers::Workers(unsigned threads, size_t waiting_max)
    : pieces_max_(std::max(1u, threads / 2)), waiting_max_(waiting_max) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.push_back(base::StartThread(fmt::format("lw-http-work-{}", i),
                                         [this](const std::stop_token& stop) { Run(stop); }));
  }
}

Workers::~Workers() {
  {
    base::MutexLock lock(&mutex_);
    is_stopping_ = true;
    changed_.NotifyAll();
  }
  threads_.clear();
}

bool Workers::SubmitCall(std::function<void()> job) {
  base::MutexLock lock(&mutex_);
  if (calls_.size() >= waiting_max_) return false;
  calls_.push_back(std::move(job));
  changed_.NotifyOne();
  return true;
}

void Workers::SubmitPiece(std::function<void()> job) {
  base::MutexLock lock(&mutex_);
  pieces_.push_back(std::move(job));
  changed_.NotifyOne();
}

void Workers::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::function<void()> job;
    bool is_piece = false;
    {
      base::MutexLock lock(&mutex_);
      while (!is_stopping_ && calls_.empty() &&
             (pieces_.empty() || pieces_running_ >= pieces_max_)) {
        changed_.WaitFor(&mutex_, std::chrono::seconds(1));
      }
      if (is_stopping_) return;
      is_piece = calls_.empty();
      auto& queue = is_piece ? pieces_ : calls_;
      job = std::move(queue.front());
      queue.pop_front();
      if (is_piece) ++pieces_running_;
    }
    job();
    if (is_piece) {
      base::MutexLock lock(&mutex_);
      --pieces_running_;
      changed_.NotifyOne();
    }
  }
}

}  // namespace lineward::http

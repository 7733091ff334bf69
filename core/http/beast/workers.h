// Threads for handlers.
#pragma once

#include <deque>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace drover::http {

// Threads that run one job after another, at most `most` of them, started when all others are at
// work. Stop finishes the jobs that run and forgets the others.
class Workers {
 public:
  explicit Workers(std::size_t most) : most_(most) {}
  ~Workers() { Stop(); }

  void Post(std::function<void()> job) {
    Lock lock(mutex_);
    jobs_.push_back(std::move(job));
    if (idle_ < jobs_.size() && threads_.size() < most_ && !stopped_)
      threads_.emplace_back([this](const std::stop_token& stop) { Run(stop); });
    changed_.NotifyOne();
  }
  void Stop() {
    std::vector<std::jthread> threads;
    {
      Lock lock(mutex_);
      stopped_ = true;
      threads.swap(threads_);
    }
    for (std::jthread& thread : threads) thread.request_stop();
  }

 private:
  void Run(const std::stop_token& stop) {
    for (;;) {
      std::function<void()> job;
      {
        Lock lock(mutex_);
        ++idle_;
        changed_.Wait(mutex_, stop, [this]() NO_THREAD_SAFETY_ANALYSIS { return !jobs_.empty(); });
        --idle_;
        if (stop.stop_requested()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  const std::size_t most_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_ GUARDED_BY(mutex_);
};

}  // namespace drover::http

// A fixed number of threads that run what is queued, in order.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace drover::alerting {

// Thread-safe. The destructor drops what has not begun and waits for what has.
class WorkerPool {
 public:
  explicit WorkerPool(int threads) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this](std::stop_token stop) { Work(std::move(stop)); });
    }
  }

  void Run(std::function<void()> job) {
    Lock lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.NotifyOne();
  }

 private:
  void Work(std::stop_token stop) {
    for (;;) {
      std::function<void()> job;
      {
        Lock lock(mutex_);
        if (!changed_.Wait(mutex_, stop,
                           [this]() NO_THREAD_SAFETY_ANALYSIS { return !jobs_.empty(); }) ||
            stop.stop_requested())
          return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;  // last
};

}  // namespace drover::alerting

// How many queries may run at once; others wait, and their wait counts against their timeout.
#pragma once

#include <cstddef>

#include "core/base/mutex.h"
#include "receiver/api/prometheus_v1/api.h"

namespace drover::api {

// Thread-safe.
struct PrometheusApi::Slots {
 public:
  explicit Slots(std::size_t most) : free_(most) {}

  // False when `wait` passed or `stop` was requested first.
  bool Take(Millis wait, std::stop_token stop) {
    Lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + wait;
    if (!changed_.WaitUntil(mutex_, std::move(stop), deadline,
                            [this]() NO_THREAD_SAFETY_ANALYSIS { return free_ > 0; }))
      return false;
    --free_;
    return true;
  }
  void Give() {
    Lock lock(mutex_);
    ++free_;
    changed_.NotifyOne();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::size_t free_ GUARDED_BY(mutex_);
};

}  // namespace drover::api

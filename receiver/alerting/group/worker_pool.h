// A fixed number of threads for jobs that wait for others, so that nobody waits for one who hangs.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace drover::alerting {

// Each job belongs to a lane. Those of a lane begin in order and at most `per_lane` of them run at
// the same time; lanes take turns. Thread-safe. The destructor drops what has not begun and waits
// for what has.
class WorkerPool {
 public:
  using Job = std::function<void()>;

  WorkerPool(int threads, int per_lane) : per_lane_(per_lane) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this](std::stop_token stop) { Work(std::move(stop)); });
    }
  }

  void Run(const std::string& lane, Job job) {
    Lock lock(mutex_);
    const auto place = lanes_.try_emplace(lane).first;
    place->second.waiting.push_back(std::move(job));
    Offer(place);
  }

 private:
  struct Lane {
    std::deque<Job> waiting;
    int running = 0;
    bool offered = false;  // in turns_
  };
  using Lanes = std::map<std::string, Lane>;

  void Offer(Lanes::iterator place) REQUIRES(mutex_) {
    Lane& lane = place->second;
    if (lane.waiting.empty() || lane.offered || lane.running == per_lane_) return;
    lane.offered = true;
    turns_.push_back(place);
    changed_.NotifyOne();
  }

  void Work(std::stop_token stop) {
    for (;;) {
      Lanes::iterator place;
      Job job;
      {
        Lock lock(mutex_);
        if (!changed_.Wait(mutex_, stop,
                           [this]() NO_THREAD_SAFETY_ANALYSIS { return !turns_.empty(); }) ||
            stop.stop_requested())
          return;
        place = turns_.front();
        turns_.pop_front();
        Lane& lane = place->second;
        lane.offered = false;
        job = std::move(lane.waiting.front());
        lane.waiting.pop_front();
        ++lane.running;
        Offer(place);
      }
      job();
      job = nullptr;
      Lock lock(mutex_);
      --place->second.running;
      Offer(place);
      if (place->second.running == 0 && place->second.waiting.empty()) lanes_.erase(place);
    }
  }

  const int per_lane_;
  Mutex mutex_;
  CondVar changed_;
  Lanes lanes_ GUARDED_BY(mutex_);
  std::deque<Lanes::iterator> turns_ GUARDED_BY(mutex_);  // may begin a job
  std::vector<std::jthread> threads_;                     // last
};

}  // namespace drover::alerting

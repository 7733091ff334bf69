// Things to do at their time, all on one thread.
#pragma once

#include <functional>
#include <map>
#include <stop_token>

#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace drover::alerting {

// Used under its owner's mutex, but for Sleep.
class Timers {
 public:
  using Task = std::function<void(MonoTime due)>;

  // Wakes the sleeper when `due` is earlier than what it sleeps for.
  void Add(MonoTime due, Task task) {
    const bool earliest = tasks_.empty() || due < tasks_.begin()->first;
    tasks_.emplace(due, std::move(task));
    if (earliest) Wake();
  }
  void Wake() { sleep_.request_stop(); }
  void Clear() { tasks_.clear(); }

  // The next task that is due, taken out; null when none is.
  std::pair<MonoTime, Task> Pop(MonoTime now) {
    if (tasks_.empty() || tasks_.begin()->first > now) return {};
    std::pair<MonoTime, Task> out = *tasks_.begin();
    tasks_.erase(tasks_.begin());
    return out;
  }

  // Before sleeping, under the mutex: when to wake, and the token that wakes earlier.
  std::pair<MonoTime, std::stop_token> PrepareSleep(MonoTime now) {
    sleep_ = std::stop_source();
    return {tasks_.empty() ? now + std::chrono::hours(1) : tasks_.begin()->first,
            sleep_.get_token()};
  }
  // Nothing is due and the sleeper sleeps on.
  bool Idle(MonoTime now) const {
    return !sleep_.stop_requested() && (tasks_.empty() || tasks_.begin()->first > now);
  }
  std::stop_source sleep() const { return sleep_; }

 private:
  std::multimap<MonoTime, Task> tasks_;
  std::stop_source sleep_;
};

}  // namespace drover::alerting

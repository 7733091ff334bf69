// One thread on epoll(7): sockets, timers, calls from other threads. Smaller than Asio's per
// connection, and it can stop reading from one side of a relay (docs/decisions/005).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/result.h"

namespace drover::pushprox {

// What is destroyed only after the events at hand, because one of them may still name it.
class Disposable {
 public:
  virtual ~Disposable() = default;
};

class Watcher : public Disposable {
 public:
  virtual void OnEvents(std::uint32_t events) = 0;  // EPOLLIN … of its descriptor
  virtual void OnEventOver() {}                     // asked for by EventLoop::AfterEvent
};

class EventLoop;

// One thread at a time: the loop's. Set again moves it; destroyed, it is cancelled.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> fire) : loop_(loop), fire_(std::move(fire)) {}
  ~Timer() { Cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void Set(Millis in);
  void Cancel();

 private:
  friend class EventLoop;
  EventLoop& loop_;
  const std::function<void()> fire_;
  MonoTime at_{};
  bool set_ = false;
};

// All calls from the loop's own thread, besides Post and Stop.
class EventLoop {
 public:
  explicit EventLoop(const Clock& clock);
  ~EventLoop();

  void Run();                // until Stop
  void Turn(bool may_wait);  // one round: what is at hand, and timers that are due
  void Stop();
  void Post(std::function<void()> call);

  // Level-triggered. `watcher` is not owned.
  Status Add(int fd, std::uint32_t events, Watcher& watcher);
  void Change(int fd, std::uint32_t events, Watcher& watcher);
  void Remove(int fd, Watcher& watcher);
  void Again(Watcher& watcher);  // OnEvents(EPOLLIN) soon, whatever epoll says
  // OnEventOver when the event, timer or posted call at hand is handled. Once for each call.
  void AfterEvent(Watcher& watcher) { after_.push_back(&watcher); }
  void Bury(std::unique_ptr<Disposable> done);

  MonoTime now() const { return now_; }  // of this round: one clock call serves many events
  const Clock& clock() const { return clock_; }
  // For reads: what is in it is gone with the next event.
  std::vector<char>& scratch() { return scratch_; }

 private:
  friend class Timer;
  struct Earlier {
    bool operator()(const Timer* a, const Timer* b) const {
      return a->at_ != b->at_ ? a->at_ < b->at_ : a < b;
    }
  };
  int WaitMillis() const;
  void FireTimers();
  void RunAgain();
  void RunPosted();
  void EventOver();

  const Clock& clock_;
  const int epoll_;
  const int wake_;
  std::atomic<bool> stopped_{false};
  MonoTime now_;
  std::vector<char> scratch_;
  std::set<Timer*, Earlier> timers_;
  std::vector<Watcher*> at_hand_;  // of the events being handled; a removed one becomes null
  std::vector<Watcher*> again_;
  std::vector<Watcher*> after_;
  std::vector<std::unique_ptr<Disposable>> buried_;
  Mutex mutex_;
  std::vector<std::function<void()>> posted_ GUARDED_BY(mutex_);
};

}  // namespace drover::pushprox

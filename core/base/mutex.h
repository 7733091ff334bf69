// std::mutex with the annotations that clang's -Wthread-safety proves locking with (libstdc++'s own
// carries none). A guarded member says GUARDED_BY(mutex_); a function that wants the lock held says
// REQUIRES(mutex_).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#if defined(__clang__)
#define DROVER_TS(x) __attribute__((x))
#else
#define DROVER_TS(x)
#endif
#define GUARDED_BY(x) DROVER_TS(guarded_by(x))
#define PT_GUARDED_BY(x) DROVER_TS(pt_guarded_by(x))
#define REQUIRES(...) DROVER_TS(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) DROVER_TS(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS DROVER_TS(no_thread_safety_analysis)

namespace drover {

class DROVER_TS(capability("mutex")) Mutex {
 public:
  void lock() DROVER_TS(acquire_capability()) { mutex_.lock(); }
  void unlock() DROVER_TS(release_capability()) { mutex_.unlock(); }
  bool try_lock() DROVER_TS(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class DROVER_TS(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) DROVER_TS(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~Lock() DROVER_TS(release_capability()) { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with the mutex held by the caller; `ready` runs under it.
class CondVar {
 public:
  void NotifyOne() { wake_.notify_one(); }
  void NotifyAll() { wake_.notify_all(); }

  template <typename Ready>
  void Wait(Mutex& mutex, Ready ready) REQUIRES(mutex) {
    wake_.wait(mutex, std::move(ready));
  }
  // False when `stop` was requested before `ready` held.
  template <typename Ready>
  bool Wait(Mutex& mutex, std::stop_token stop, Ready ready) REQUIRES(mutex) {
    return wake_.wait(mutex, std::move(stop), std::move(ready));
  }
  // False when `deadline` or `stop` came before `ready` held.
  template <typename Ready>
  bool WaitUntil(Mutex& mutex, std::stop_token stop, std::chrono::steady_clock::time_point deadline,
                 Ready ready) REQUIRES(mutex) {
    return wake_.wait_until(mutex, std::move(stop), deadline, std::move(ready));
  }

 private:
  std::condition_variable_any wake_;
};

}  // namespace drover

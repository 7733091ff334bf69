// A clock that moves only when told. Sleepers wake when Advance passes their deadline.
#pragma once

#include <set>

#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace drover::testing {

// Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t start_ms = 1'700'000'000'000) : now_(FromMs(start_ms)) {}

  TimePoint Now() const override;
  MonoTime Mono() const override;
  bool SleepUntil(MonoTime deadline, std::stop_token stop) override;

  void Advance(Millis by);
  void StepWall(Millis by);  // somebody sets the wall clock; delays go on as they are
  int sleepers() const;      // threads in SleepUntil
  // Real time passes until `n` threads sleep in this clock, not counting
  // those whose time has come (or 5 s are over: false).
  bool WaitForSleepers(int n);

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  TimePoint now_ GUARDED_BY(mutex_);
  MonoTime mono_ GUARDED_BY(mutex_){};
  std::multiset<MonoTime> deadlines_ GUARDED_BY(mutex_);  // of those who sleep
};

}  // namespace drover::testing

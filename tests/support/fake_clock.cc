#include "tests/support/fake_clock.h"

#include <iterator>

namespace drover::testing {

TimePoint FakeClock::Now() const {
  Lock lock(mutex_);
  return now_;
}

MonoTime FakeClock::Mono() const {
  Lock lock(mutex_);
  return mono_;
}

bool FakeClock::SleepUntil(MonoTime deadline, std::stop_token stop) {
  Lock lock(mutex_);
  const auto place = deadlines_.insert(deadline);
  changed_.NotifyAll();
  changed_.Wait(mutex_, stop, [&]() NO_THREAD_SAFETY_ANALYSIS { return mono_ >= deadline; });
  deadlines_.erase(place);
  changed_.NotifyAll();
  return !stop.stop_requested();
}

void FakeClock::Advance(Millis by) {
  Lock lock(mutex_);
  now_ += by;
  mono_ += by;
  changed_.NotifyAll();
}

void FakeClock::StepWall(Millis by) {
  Lock lock(mutex_);
  now_ += by;
}

int FakeClock::sleepers() const {
  Lock lock(mutex_);
  return static_cast<int>(deadlines_.size());
}

bool FakeClock::WaitForSleepers(int n) {
  Lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  return changed_.WaitUntil(mutex_, std::stop_token(), deadline, [&]() NO_THREAD_SAFETY_ANALYSIS {
    return std::distance(deadlines_.upper_bound(mono_), deadlines_.end()) >= n;
  });
}

}  // namespace drover::testing

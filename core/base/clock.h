// Time, given to everything that asks for it, so that a test can move it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>

namespace drover {

using Millis = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Millis>;         // what a sample carries
using MonoTime = std::chrono::steady_clock::time_point;  // what a delay is measured in

inline std::int64_t ToMs(TimePoint t) { return t.time_since_epoch().count(); }
inline TimePoint FromMs(std::int64_t ms) { return TimePoint(Millis(ms)); }

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual MonoTime Mono() const = 0;
  // Waits until `deadline`. True when it was reached, false when `stop` was requested first.
  virtual bool SleepUntil(MonoTime deadline, std::stop_token stop) = 0;

  bool SleepFor(MonoTime::duration wait, std::stop_token stop) {
    return SleepUntil(Mono() + wait, std::move(stop));
  }
};

// The machine's clocks.
std::unique_ptr<Clock> MakeSystemClock();

}  // namespace drover

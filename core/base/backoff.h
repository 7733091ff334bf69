// Exponential backoff: first, first*factor, … up to cap, each spread by ± jitter.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace drover {

struct BackoffOptions {
  std::chrono::milliseconds first{30};
  std::chrono::milliseconds cap{5000};
  double factor = 2;
  double jitter = 0.1;  // share of the wait, both ways
};

// One thread at a time.
class Backoff {
 public:
  Backoff(BackoffOptions options, std::uint32_t seed) : options_(options), random_(seed) {
    Reset();
  }

  void Reset() { next_ms_ = static_cast<double>(options_.first.count()); }
  std::chrono::milliseconds Next() {
    const double wait = next_ms_;
    next_ms_ = std::min(next_ms_ * options_.factor, static_cast<double>(options_.cap.count()));
    std::uniform_real_distribution<double> spread(1 - options_.jitter, 1 + options_.jitter);
    return std::chrono::milliseconds(static_cast<std::int64_t>(wait * spread(random_)));
  }

 private:
  const BackoffOptions options_;
  std::minstd_rand random_;
  double next_ms_ = 0;
};

}  // namespace drover

// Inside the engine: what one running query shares between its parts.
#pragma once

#include <cassert>
#include <cstdint>
#include <stop_token>
#include <string_view>

#include "core/base/clock.h"
#include "core/series/queryable.h"
#include "receiver/promql/annotations.h"
#include "receiver/promql/engine.h"

namespace drover::promql {

// Samples held at once, against the limit.
class SampleBudget {
 public:
  explicit SampleBudget(std::size_t max) : max_(max) {}
  // kExhausted when `n` more are too many.
  Status Hold(std::size_t n);
  void Release(std::size_t n) {
    assert(n <= held_);
    held_ -= n;
  }
  // Points of a window, held only while a function looks at them.
  Status Look(std::size_t n) {
    total_ += n;
    if (held_ + n > peak_) peak_ = held_ + n;
    return held_ + n > max_ ? TooMany() : Status();
  }
  void LookedAt(std::size_t n) { total_ += n; }
  // While a node gathers its series: what they hold counts at once, so that a result that is too
  // large ends before it is there. Eval counts the whole again when the node is done.
  class Gathering {
   public:
    explicit Gathering(SampleBudget& budget) : budget_(budget) {}
    ~Gathering() { budget_.Release(held_); }
    Gathering(const Gathering&) = delete;
    Gathering& operator=(const Gathering&) = delete;
    Status Add(std::size_t n) {
      held_ += n;
      return budget_.Hold(n);
    }

   private:
    SampleBudget& budget_;
    std::size_t held_ = 0;
  };
  std::size_t held() const { return held_; }
  std::size_t peak() const { return peak_; }
  std::size_t total() const { return total_; }

 private:
  static Status TooMany();
  std::size_t max_;
  std::size_t held_ = 0;
  std::size_t peak_ = 0;
  std::size_t total_ = 0;
};

// One thread at a time.
struct Context {
  const Queryable& storage;
  const EngineOptions& options;
  const Clock& clock;
  MonoTime deadline;
  std::stop_token stop;
  std::int64_t lookback_ms = 0;
  // Of the whole query, also inside subqueries.
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t step = 0;
  bool instant = false;
  std::int64_t default_subquery_step = 0;
  Annotations annotations;
  SampleBudget budget;

  // kUnavailable past the deadline, kCancelled when stopped. Cheap enough for once per series.
  Status Continue() const;
};

}  // namespace drover::promql

// The receiver's own metrics as series in its own store, so that rules and pages can use them: job
// drover-receiver, and the freshness of every target that ever sent.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/metrics/registry.h"
#include "core/series/appender.h"
#include "receiver/freshness/registry.h"

namespace drover::receiver {

struct SelfOptions {
  std::string job = "drover-receiver";
  std::string instance;  // host:port of its page
  Millis interval{15'000};
};

// Adds to `registry` a source of drover_target_last_sample_age_seconds and
// drover_ingest_clock_skew_seconds, with the labels of each `up` series but its name. Both outlive
// the registry's use.
void AddFreshnessMetrics(Registry& registry, const freshness::TargetRegistry& targets,
                         const Clock& clock);

// One thread, from construction until destroyed. All references outlive it. What it appends does
// not pass the freshness decorator: the receiver is no sender.
class SelfRecorder {
 public:
  SelfRecorder(SelfOptions options, const Registry& registry, Appendable& store, Clock& clock,
               const Logger& log);
  // From the next round on. Any thread.
  void SetInterval(Millis interval) { interval_ms_ = interval.count(); }

 private:
  void Run(std::stop_token stop);
  void RecordOnce(TimePoint at);

  const SelfOptions options_;
  std::atomic<Millis::rep> interval_ms_;
  const Registry& registry_;
  Appendable& store_;
  Clock& clock_;
  const Logger& log_;
  struct Known {
    SeriesRef ref = 0;
    std::uint64_t seen = 0;
  };
  std::map<Labels, Known> known_;
  std::uint64_t round_ = 0;
  bool failing_ = false;
  std::jthread thread_;
};

}  // namespace drover::receiver

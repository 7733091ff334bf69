// Runs collectors one after the other on one thread (parallel reads of /sys fight for kernel locks)
// and never waits for one longer than the deadline: a collector past it keeps that thread, a fresh
// thread goes on with the next, and until the collector returns it is skipped at once and reported
// as failed. So a page is late by one deadline per newly hanging collector, and only the first
// time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "exporters/common/collector.h"

namespace drover::exporters {

struct RunnerConfig {
  Millis timeout{2000};
  std::size_t max_stuck_threads = 8;     // then a further hanging collector ends the page
  const MetricDesc* success = nullptr;   // label: collector; required
  const MetricDesc* duration = nullptr;  // the same, seconds; required
  std::size_t max_series = 50'000;       // of one collector; the rest is dropped: success 0
  const MetricDesc* dropped = nullptr;   // label: collector; of those that ever dropped series
  const MetricDesc* age = nullptr;       // label: collector; seconds, of those with an interval
  // How each collector ended, on the thread in Run, after its samples.
  std::function<void(std::string_view name, const Status&)> on_end{};
};

// Thread-safe: calls of Run wait for each other. The destructor does not wait for hanging
// collectors: their threads and what they use live on until they return or the process ends.
class Runner {
 public:
  struct Entry {
    std::string name;
    std::unique_ptr<Collector> collector;
    Millis timeout{0};  // 0: the configuration's
    // Above 0: what it said is given again until it is that old, so that a collector that costs
    // much runs less often than pages are asked for. A failure is not kept.
    Millis interval{0};
  };
  // `clock` and `log` outlive this.
  Runner(std::vector<Entry> entries, RunnerConfig config, const Clock& clock, const Logger& log);
  ~Runner();

  std::size_t size() const;
  const std::string& name(std::size_t index) const;

  // Runs the collectors of these indexes, in that order, and gives `sink` their samples and the
  // success and duration of each. A collector's failure is logged when its reason changes.
  // False when cancelled: what came is not a whole collection.
  bool Run(std::span<const std::size_t> which, MetricSink& sink);
  bool RunAll(MetricSink& sink);

  // For the end of the program: a Run under way stops waiting and comes short of what has not been
  // collected, later ones do nothing. Thread-safe.
  void Cancel();

  std::size_t stuck() const;  // collectors past their deadline now

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace drover::exporters

// An exporter inside the agent: collected on time like a target that is scraped, with up and
// scrape_… series.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "agent/builtin/pipeline_sink.h"
#include "agent/config/agent_config.h"
#include "agent/samples/series_cache.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/series/appender.h"

namespace drover::agent::builtin {

struct BuiltinStatus {
  std::string job;
  std::string instance;
  bool up = false;
  std::string last_error;
  TimePoint last_run{};
  std::chrono::duration<double> last_duration{};
  std::uint64_t samples = 0;
  std::uint64_t series = 0;  // of them after relabelling
  Millis interval{};
};

// One thread: runs once at start, then at the job's offset of every interval. Thread-safe.
class BuiltinLoop {
 public:
  struct Source {
    // False when cancelled: what came is not a whole collection and is thrown away.
    std::function<bool(exporters::MetricSink&)> collect;
    // Makes a collect under way return soon, and later ones at once; called from another thread.
    std::function<void()> cancel = [] {};
  };
  // `config` has its defaults filled in, instance too. `out`, `clock`, `log` outlive it. `before`
  // is the loop that this one stands in for, stopped by it: series that it had and this one has not
  // are marked stale.
  BuiltinLoop(const BuiltinConfig& config, Source source, Appendable& out, Clock& clock,
              const Logger& log, BuiltinLoop* before = nullptr);
  ~BuiltinLoop();

  BuiltinStatus status() const;
  // For a configuration that no longer has it: staleness markers. Call before destruction.
  void End();

 private:
  void Run(std::stop_token stop);
  static SeriesCache MakeCache(const BuiltinConfig& config, BuiltinLoop* before);
  void Join();
  void RunOnce(TimePoint stamped);

  const std::string job_;
  const std::string instance_;
  const Millis interval_;
  const Labels labels_;  // the target's
  const Millis offset_;
  const Source source_;
  Appendable& out_;
  Clock& clock_;
  const Logger& log_;

  Mutex run_mutex_;
  SeriesCache cache_ GUARDED_BY(run_mutex_);
  mutable Mutex mutex_;
  BuiltinStatus status_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace drover::agent::builtin

// How the last reading of the configuration went: gauges, log lines, the sentence for the pages.
#pragma once

#include <string>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/metrics/registry.h"

namespace drover {

// Registers prometheus_config_last_reload_successful and …_success_timestamp_seconds. Thread-safe.
// `clock` and `log` outlive it.
class ReloadState {
 public:
  ReloadState(Registry& registry, const Clock& clock, const Logger& log);

  void Started();                           // the first reading went well
  void Succeeded(const std::string& file);  // a later one
  Status Failed(const Error& error);        // gives the error back
  bool ok() const { return ok_.Value() != 0; }
  TimePoint last_success() const;
  // "" or that the last reload failed and the configuration before it runs.
  std::string Notice() const;

 private:
  void NoteSuccess();

  const Clock& clock_;
  const Logger& log_;
  Gauge& ok_;
  Gauge& time_;
  mutable Mutex mutex_;
  std::string error_ GUARDED_BY(mutex_);
};

}  // namespace drover

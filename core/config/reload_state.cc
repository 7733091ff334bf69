#include "core/config/reload_state.h"

namespace drover {

ReloadState::ReloadState(Registry& registry, const Clock& clock, const Logger& log)
    : clock_(clock),
      log_(log),
      ok_(registry.AddGauge("prometheus_config_last_reload_successful",
                            "Whether the last configuration reload attempt was successful.")),
      time_(registry.AddGauge("prometheus_config_last_reload_success_timestamp_seconds",
                              "Timestamp of the last successful configuration reload.")) {}

void ReloadState::Started() { NoteSuccess(); }

void ReloadState::Succeeded(const std::string& file) {
  NoteSuccess();
  log_.Info("configuration reloaded", {{"file", file}});
}

void ReloadState::NoteSuccess() {
  ok_.Set(1);
  time_.Set(static_cast<double>(ToMs(clock_.Now())) / 1000);
  Lock lock(mutex_);
  error_.clear();
}

Status ReloadState::Failed(const Error& error) {
  ok_.Set(0);
  log_.Error("reload failed: the running configuration stays", {{"err", error.message()}});
  Lock lock(mutex_);
  error_ = error.message();
  return tl::unexpected(error);
}

TimePoint ReloadState::last_success() const {
  return FromMs(static_cast<std::int64_t>(time_.Value() * 1000));
}

std::string ReloadState::Notice() const {
  Lock lock(mutex_);
  return error_.empty() ? ""
                        : "The last reload failed, the configuration before it runs: " + error_;
}

}  // namespace drover

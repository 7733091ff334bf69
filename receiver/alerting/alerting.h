// The alerting side of the receiver: what Alertmanager does, as one object.
//
//   DROVER_TRY(LoadedConfig config, LoadConfig(file));
//   DROVER_TRY(auto alerting, Alerting::Start(std::move(config), {.folder = dir}, clock, clients,
//                                             registry, log));
//   alerting->Put(alerts);                       // the rules' AlertSink
//   AddAlertmanagerApi(router, *alerting);       // receiver/api/alertmanager_v2
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/metrics/registry.h"
#include "receiver/alert/alert.h"
#include "receiver/alerting/group/alert_store.h"
#include "receiver/alerting/group/dispatcher.h"
#include "receiver/alerting/metrics.h"
#include "receiver/alerting/notify_log/notify_log.h"
#include "receiver/alerting/runtime.h"
#include "receiver/alerting/silence/silences.h"
#include "receiver/alerting/store/database.h"

namespace drover::alerting {

struct AlertingOptions {
  std::string folder;                  // of alerting.db
  Millis retention{120 * 3600'000};    // of ended silences and of the history
  Millis alert_gc_interval{1800'000};  // ended alerts are forgotten this long after their end
  // Alerts outlive a restart, so that their end is told even when no sender repeats them. False is
  // Alertmanager's way.
  bool keep_alerts = true;
  DispatchOptions dispatch;
};

// An alert as it stands now.
struct AlertView {
  std::uint64_t fingerprint = 0;
  AlertPtr alert;
  std::vector<std::string> receivers;  // in route order
  std::vector<std::string> silenced_by;
  std::vector<std::string> inhibited_by;  // fingerprints

  bool suppressed() const { return !silenced_by.empty() || !inhibited_by.empty(); }
};

// Thread-safe. `clock`, `registry` and `log` outlive it. The destructor stops within a second;
// sends under way are given up and, unlogged, go out again after the next start.
class Alerting final : public alert::AlertSink {
 public:
  // kUnsupported: the file names integrations that are not built (the program exits 1).
  static Result<std::unique_ptr<Alerting>> Start(LoadedConfig config, AlertingOptions options,
                                                 Clock& clock, ClientFactory clients,
                                                 Registry& registry, const Logger& log);
  ~Alerting() override;

  void Put(std::vector<alert::Alert> alerts) override;
  void KeepOpen(const std::vector<Labels>& labels, TimePoint until) override;
  // The same with an answer: texts about those that were refused; the others are taken.
  std::vector<std::string> Ingest(std::vector<alert::Alert> alerts);
  // Reload in two steps, for those who have more to reload. An error changes nothing but the
  // metric.
  Result<std::shared_ptr<const Runtime>> Prepare(LoadedConfig config);
  void Use(std::shared_ptr<const Runtime> runtime);
  // Both. Nothing changes on an error.
  Status Reload(LoadedConfig config);
  // The file could not be read: the metric says so.
  void ReloadFailed() { metrics_.config_ok().Set(0); }

  Silences& silences() { return *silences_; }
  const Silences& silences() const { return *silences_; }
  std::vector<AlertView> Alerts() const;  // not ended, by fingerprint
  AlertView StatusOf(std::uint64_t fingerprint, const AlertPtr& alert) const;
  std::vector<GroupView> Groups() const { return dispatcher_->Groups(); }
  // The newest deliveries and failures first.
  Result<std::vector<HistoryEntry>> History(std::size_t limit) const {
    return log_->History(limit);
  }
  std::shared_ptr<const Runtime> runtime() const { return dispatcher_->runtime(); }
  TimePoint started_at() const { return started_at_; }
  TimePoint Now() const { return clock_.Now(); }
  bool Quiet(std::size_t sending) const { return dispatcher_->Quiet(sending); }

 private:
  Alerting(AlertingOptions options, Clock& clock, ClientFactory clients, Registry& registry,
           const Logger& log);
  void Maintain(std::stop_token stop);
  KnownAlerts Known() const REQUIRES(mutex_);
  void WriteAlerts() REQUIRES(mutex_);

  const AlertingOptions options_;
  Clock& clock_;
  const ClientFactory clients_;
  const Logger& logger_;
  const TimePoint started_at_;
  Metrics metrics_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Silences> silences_;
  std::unique_ptr<NotifyLog> log_;
  mutable Mutex mutex_;  // before the dispatcher's
  std::unique_ptr<AlertStore> store_ GUARDED_BY(mutex_);
  std::unique_ptr<Dispatcher> dispatcher_;
  std::jthread maintenance_;  // last
};

}  // namespace drover::alerting

#include "receiver/alerting/alerting.h"

#include <algorithm>

namespace drover::alerting {
namespace {

constexpr Millis kMaintenance{30'000};

}  // namespace

Alerting::Alerting(AlertingOptions options, Clock& clock, ClientFactory clients, Registry& registry,
                   const Logger& log)
    : options_(std::move(options)),
      clock_(clock),
      clients_(std::move(clients)),
      logger_(log),
      started_at_(clock.Now()),
      metrics_(registry) {}

Alerting::~Alerting() {
  maintenance_ = {};
  dispatcher_.reset();
  Lock lock(mutex_);
  if (store_) (void)store_->Flush();
}

Result<std::unique_ptr<Alerting>> Alerting::Start(LoadedConfig config, AlertingOptions options,
                                                  Clock& clock, ClientFactory clients,
                                                  Registry& registry, const Logger& log) {
  std::unique_ptr<Alerting> out(
      new Alerting(std::move(options), clock, std::move(clients), registry, log));
  DROVER_TRY(auto runtime,
             Runtime::Build(std::move(config), out->clients_, [&clock] { return clock.Now(); }));
  const AlertingOptions& o = out->options_;
  DROVER_TRY(out->database_, Database::Open(o.folder));
  DROVER_TRY(out->silences_, Silences::Open(*out->database_, clock, o.retention));
  DROVER_TRY(out->log_, NotifyLog::Open(*out->database_, clock, o.retention));
  DROVER_TRY(AlertStore store, AlertStore::Open(o.keep_alerts ? out->database_.get() : nullptr));
  for (const auto& [table, rows] : std::initializer_list<std::pair<const char*, std::size_t>>{
           {"silences", out->silences_->unreadable()},
           {"notify_log", out->log_->unreadable()},
           {"alerts", store.unreadable()}}) {
    if (rows == 0) continue;
    out->metrics_.unreadable().Add(static_cast<double>(rows));
    log.Error("alerting.db has unreadable rows, passed over", {{"table", table}, {"rows", rows}});
  }
  Lock lock(out->mutex_);
  out->store_ = std::make_unique<AlertStore>(std::move(store));
  out->store_->RenewLeases(clock.Now(), out->log_->newest());
  out->WriteAlerts();
  out->dispatcher_ = std::make_unique<Dispatcher>(o.dispatch, clock, *out->silences_, *out->log_,
                                                  out->metrics_, log);
  out->dispatcher_->Use(std::move(runtime), out->Known());
  out->metrics_.config_ok().Set(1);
  out->metrics_.config_time().Set(static_cast<double>(ToMs(clock.Now()) / 1000));
  out->maintenance_ =
      std::jthread([raw = out.get()](std::stop_token stop) { raw->Maintain(std::move(stop)); });
  return out;
}

KnownAlerts Alerting::Known() const { return {store_->alerts().begin(), store_->alerts().end()}; }

void Alerting::Put(std::vector<alert::Alert> alerts) {
  for (const std::string& text : Ingest(std::move(alerts)))
    logger_.Warn("alert refused", {{"err", text}});
}

std::vector<std::string> Alerting::Ingest(std::vector<alert::Alert> alerts) {
  std::vector<std::string> errors;
  KnownAlerts taken;
  Lock lock(mutex_);
  const TimePoint now = clock_.Now();
  const Millis resolve_timeout = dispatcher_->runtime()->config().global.resolve_timeout;
  for (alert::Alert& alert : alerts) {
    metrics_.Received(!alert.ResolvedAt(now)).Add();
    auto stored = store_->Put(std::move(alert), now, resolve_timeout);
    if (stored) {
      taken.push_back(*std::move(stored));
    } else {
      metrics_.invalid().Add();
      errors.push_back(stored.error().message());
    }
  }
  // On disk before anyone is told, so that an end is told even after a crash.
  WriteAlerts();
  dispatcher_->Put(taken);
  return errors;
}

void Alerting::WriteAlerts() {
  if (const auto written = store_->Flush(); !written)
    logger_.Error("alerts not written", {{"err", written.error().message()}});
}

void Alerting::KeepOpen(const std::vector<Labels>& labels, TimePoint until) {
  KnownAlerts kept;
  Lock lock(mutex_);
  const TimePoint now = clock_.Now();
  for (const Labels& one : labels) {
    if (auto stored = store_->KeepOpen(one, now, until)) kept.push_back(*std::move(stored));
  }
  WriteAlerts();
  dispatcher_->Put(kept);
}

Status Alerting::Reload(LoadedConfig config) {
  DROVER_TRY(auto runtime, Prepare(std::move(config)));
  Use(std::move(runtime));
  return {};
}

Result<std::shared_ptr<const Runtime>> Alerting::Prepare(LoadedConfig config) {
  auto runtime = Runtime::Build(std::move(config), clients_, [this] { return clock_.Now(); });
  if (!runtime) ReloadFailed();
  return runtime;
}

void Alerting::Use(std::shared_ptr<const Runtime> runtime) {
  Lock lock(mutex_);
  dispatcher_->Use(std::move(runtime), Known());
  metrics_.config_ok().Set(1);
  metrics_.config_time().Set(static_cast<double>(ToMs(clock_.Now()) / 1000));
}

AlertView Alerting::StatusOf(std::uint64_t fingerprint, const AlertPtr& alert) const {
  const TimePoint now = clock_.Now();
  AlertView out;
  out.fingerprint = fingerprint;
  out.alert = alert;
  for (const Route* route : dispatcher_->runtime()->root.Match(alert->labels))
    out.receivers.push_back(route->receiver);
  out.silenced_by = silences_->Muting(alert->labels, now);
  if (const auto by = dispatcher_->InhibitedBy(alert->labels, now))
    out.inhibited_by.push_back(alert::FingerprintText(*by));
  return out;
}

std::vector<AlertView> Alerting::Alerts() const {
  KnownAlerts known;
  {
    Lock lock(mutex_);
    known = Known();
  }
  const TimePoint now = clock_.Now();
  std::erase_if(known, [now](const auto& a) { return a.second->ResolvedAt(now); });
  std::sort(known.begin(), known.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<AlertView> out;
  for (const auto& [fingerprint, alert] : known) out.push_back(StatusOf(fingerprint, alert));
  return out;
}

void Alerting::Maintain(std::stop_token stop) {
  while (clock_.SleepFor(kMaintenance, stop)) {
    {
      Lock lock(mutex_);
      store_->NoteEnds(clock_.Now());
      dispatcher_->Remove(store_->CollectGarbage(clock_.Now() - options_.alert_gc_interval));
      WriteAlerts();
    }
    for (const auto& done : {silences_->CollectGarbage(), log_->CollectGarbage()}) {
      if (!done) logger_.Error("alerting maintenance", {{"err", done.error().message()}});
    }
    std::map<std::string, double> states{{"active", 0}, {"suppressed", 0}, {"unprocessed", 0}};
    for (const AlertView& alert : Alerts()) ++states[alert.suppressed() ? "suppressed" : "active"];
    for (const auto& [state, count] : states) metrics_.Alerts(state).Set(count);
    for (const auto& [state, count] : silences_->Count(clock_.Now()))
      metrics_.SilencesIn(std::string(Text(state))).Set(static_cast<double>(count));
  }
}

}  // namespace drover::alerting

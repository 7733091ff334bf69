#include "receiver/alerting/group/dispatcher.h"

#include <algorithm>

#include "receiver/alerting/notify/dedup.h"

namespace drover::alerting {
namespace {

constexpr BackoffOptions kBackoff{
    .first = Millis(500), .cap = Millis(60'000), .factor = 1.5, .jitter = 0.5};
constexpr Millis kLeastFlushTime{10'000};
// One receiver's integration takes at most this part of the senders.
constexpr int kShareOfOne = 4;

}  // namespace

struct Dispatcher::Group {
  const Route* route;  // of the runtime
  Labels labels;
  std::string map_key;
  std::string group_key;
  std::map<std::uint64_t, AlertPtr> alerts;
  bool flushing = false;
  bool overdue = false;  // a tick came while flushing
  bool alive = true;
};

struct Dispatcher::Flush {
  std::shared_ptr<Group> group;
  std::shared_ptr<const Runtime> runtime;  // keeps route and integrations
  KnownAlerts resolved;                    // of the snapshot, as they were
  std::size_t open = 0;                    // integrations still at it
  bool failed = false;
};

struct Dispatcher::Job {
  std::shared_ptr<Flush> flush;
  const Integration* integration;
  NotifyTarget target;
  NotifyEntry entry;  // what the log gets
  Millis repeat{};
  Message message;
  bool silent = false;  // nothing to send, only to log
  Millis patience{};    // from the first attempt to the deadline
  MonoTime deadline;
  MonoTime first_try;
  MonoTime last_try;
  int attempts = 0;
  std::string last_error;
  std::optional<Backoff> backoff;
  std::stop_token stop;
};

Dispatcher::Dispatcher(DispatchOptions options, Clock& clock, const Silences& silences,
                       NotifyLog& log, Metrics& metrics, const Logger& logger)
    : options_(std::move(options)),
      clock_(clock),
      silences_(silences),
      log_(log),
      metrics_(metrics),
      logger_(logger),
      start_(clock.Mono()),
      seed_(options_.seed),
      senders_(options_.senders, std::max(1, options_.senders / kShareOfOne)),
      thread_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

Dispatcher::~Dispatcher() {
  Lock lock(mutex_);
  cancel_.request_stop();
  timers_.Clear();
  for (const auto& [key, group] : groups_) group->alive = false;
}

void Dispatcher::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    std::pair<MonoTime, std::stop_token> sleep;
    std::stop_source source;
    {
      Lock lock(mutex_);
      const MonoTime now = clock_.Mono();
      for (;;) {
        const auto [due, task] = timers_.Pop(now);
        if (!task) break;
        task(due);
      }
      sleep = timers_.PrepareSleep(now);
      source = timers_.sleep();
    }
    const std::stop_callback wake(stop, [&source] { source.request_stop(); });
    clock_.SleepUntil(sleep.first, sleep.second);
  }
}

void Dispatcher::Use(std::shared_ptr<const Runtime> runtime, const KnownAlerts& known) {
  Lock lock(mutex_);
  cancel_.request_stop();
  cancel_ = std::stop_source();
  for (const auto& [key, group] : groups_) group->alive = false;
  groups_.clear();
  runtime_ = std::move(runtime);
  inhibitor_.emplace(runtime_->config().inhibit_rules);
  std::size_t integrations = 0;
  for (const auto& [name, list] : runtime_->receivers) {
    for (const auto& integration : list) metrics_.Announce(integration->kind());
    integrations += list.size();
  }
  metrics_.integrations().Set(static_cast<double>(integrations));
  metrics_.receivers().Set(static_cast<double>(runtime_->config().receivers.size()));
  metrics_.inhibition_rules().Set(static_cast<double>(inhibitor_->rules()));
  const TimePoint now = clock_.Now();
  for (const auto& [fingerprint, alert] : known) inhibitor_->Update(fingerprint, alert);
  for (const auto& [fingerprint, alert] : known) Insert(fingerprint, alert, alert->ResolvedAt(now));
  metrics_.groups().Set(static_cast<double>(groups_.size()));
}

void Dispatcher::Put(const KnownAlerts& alerts) {
  Lock lock(mutex_);
  if (!runtime_) return;
  for (const auto& [fingerprint, alert] : alerts) inhibitor_->Update(fingerprint, alert);
  for (const auto& [fingerprint, alert] : alerts) Insert(fingerprint, alert, false);
  metrics_.groups().Set(static_cast<double>(groups_.size()));
}

void Dispatcher::Remove(const KnownAlerts& alerts) {
  Lock lock(mutex_);
  for (const auto& [fingerprint, alert] : alerts) {
    if (inhibitor_) inhibitor_->Remove(fingerprint, alert->labels);
  }
}

bool Dispatcher::ToldAsFiring(const Route& route, const Labels& group_labels,
                              std::uint64_t fingerprint) const {
  const auto receiver = runtime_->receivers.find(route.receiver);
  if (receiver == runtime_->receivers.end()) return false;
  const std::string group_key = GroupKey(route.key, group_labels);
  std::map<std::string, int> count;
  return std::any_of(
      receiver->second.begin(), receiver->second.end(), [&](const auto& integration) {
        const std::string kind = integration->kind();
        const auto entry = log_.Find({group_key, route.receiver, kind, count[kind]++});
        return entry && entry->firing.contains(fingerprint);
      });
}

void Dispatcher::Insert(std::uint64_t fingerprint, const AlertPtr& alert, bool only_if_told) {
  for (const Route* route : runtime_->root.Match(alert->labels)) {
    Labels labels = route->GroupLabels(alert->labels);
    if (only_if_told && !ToldAsFiring(*route, labels, fingerprint)) continue;
    const std::string map_key = route->id + '\xff' + labels.bytes();
    std::shared_ptr<Group>& group = groups_[map_key];
    if (group != nullptr) {
      group->alerts[fingerprint] = alert;
      continue;
    }
    group = std::make_shared<Group>();
    group->route = route;
    group->group_key = GroupKey(route->key, labels);
    group->labels = std::move(labels);
    group->map_key = map_key;
    group->alerts[fingerprint] = alert;
    const MonoTime now = clock_.Mono();
    // Alerts that were known before a restart or reload have waited already.
    const bool waited = alert->starts_at + route->group_wait < clock_.Now();
    const MonoTime due =
        std::max(waited ? now : now + route->group_wait, start_ + options_.start_delay);
    timers_.Add(due, [this, group](MonoTime at) NO_THREAD_SAFETY_ANALYSIS { Tick(group, at); });
  }
}

void Dispatcher::Tick(const std::shared_ptr<Group>& group, MonoTime due) {
  if (!group->alive) return;
  if (group->flushing) {
    group->overdue = true;
    return;
  }
  MonoTime next = due + group->route->group_interval;
  if (next <= clock_.Mono()) next = clock_.Mono() + group->route->group_interval;
  timers_.Add(next, [this, group](MonoTime at) NO_THREAD_SAFETY_ANALYSIS { Tick(group, at); });
  Start(group, due);
}

std::vector<std::string> Dispatcher::MutedBy(const Route& route, TimePoint now) const {
  const auto inside = [&](const std::string& name) {
    return runtime_->intervals.at(name)->Contains(now);
  };
  std::vector<std::string> out;
  for (const std::string& name : route.mute_time_intervals) {
    if (inside(name)) out.push_back(name);
  }
  const auto& active = route.active_time_intervals;
  if (out.empty() && !active.empty() && std::none_of(active.begin(), active.end(), inside))
    return active;
  return out;
}

void Dispatcher::Filter(Group& group, TimePoint now, KnownAlerts& alerts) {
  const auto drop = [&](const char* reason, const auto& dropped) {
    const auto count = std::erase_if(alerts, dropped);
    if (count > 0) metrics_.Suppressed(reason).Add(static_cast<double>(count));
  };
  drop("inhibition",
       [&](const auto& a) { return inhibitor_->MutedBy(a.second->labels, now).has_value(); });
  const Route& route = *group.route;
  const auto inside = [&](const std::string& name) {
    return runtime_->intervals.at(name)->Contains(now);
  };
  const auto& active = route.active_time_intervals;
  const auto& mute = route.mute_time_intervals;
  if (!active.empty() && std::none_of(active.begin(), active.end(), inside))
    drop("active_time_interval", [](const auto&) { return true; });
  if (std::any_of(mute.begin(), mute.end(), inside))
    drop("mute_time_interval", [](const auto&) { return true; });
  drop("silence", [&](const auto& a) { return !silences_.Muting(a.second->labels, now).empty(); });
}

std::map<std::string, std::string> Dispatcher::RouteLabels(const Route& route,
                                                           const Message& message) const {
  std::map<std::string, std::string> out = route.labels;
  if (out.empty()) return out;
  const tmpl::Value data = tmpl::ToValue(DataOf(message, message.alerts.size()));
  for (auto& [name, value] : out) {
    if (value.find("{{") == std::string::npos) continue;
    // A broken template must not keep the alert from anyone.
    if (auto text = runtime_->templates.Expand(value, data)) value = *std::move(text);
  }
  return out;
}

void Dispatcher::Start(const std::shared_ptr<Group>& group, MonoTime due) {
  if (group->alerts.empty()) return;
  const TimePoint now = clock_.Now();
  const TimePoint tick = now - std::chrono::duration_cast<Millis>(clock_.Mono() - due);
  auto flush = std::make_shared<Flush>();
  flush->group = group;
  flush->runtime = runtime_;
  KnownAlerts alerts;
  for (const auto& [fingerprint, alert] : group->alerts) {
    if (alert->ResolvedAt(now)) {
      alerts.emplace_back(fingerprint, alert);
      flush->resolved.emplace_back(fingerprint, alert);
    } else {
      auto open = std::make_shared<alert::Alert>(*alert);
      open->ends_at = {};
      alerts.emplace_back(fingerprint, std::move(open));
    }
  }
  group->flushing = true;
  Filter(*group, now, alerts);
  std::sort(alerts.begin(), alerts.end(),
            [](const auto& a, const auto& b) { return ToldBefore(*a.second, *b.second); });
  Fingerprints firing;
  Fingerprints resolved;
  for (const auto& [fingerprint, alert] : alerts)
    (alert->ends_at == TimePoint{} ? firing : resolved).insert(fingerprint);

  const Route& route = *group->route;
  std::vector<std::shared_ptr<Job>> jobs;
  std::map<std::string, int> count;
  const auto receiver = runtime_->receivers.find(route.receiver);
  if (!alerts.empty() && receiver != runtime_->receivers.end()) {
    for (const auto& integration : receiver->second) {
      const std::string kind = integration->kind();
      NotifyTarget target{group->group_key, route.receiver, kind, count[kind]++};
      auto reason = ReasonToTell(log_.Find(target), firing, resolved, integration->send_resolved(),
                                 tick, route.repeat_interval);
      if (!reason) continue;
      auto job = std::make_shared<Job>();
      job->flush = flush;
      job->integration = integration.get();
      job->target = std::move(target);
      job->entry = {tick, firing, resolved};
      job->repeat = route.repeat_interval;
      job->silent = firing.empty() && !integration->send_resolved();
      Message& message = job->message;
      message.receiver = route.receiver;
      message.group_key = group->group_key;
      message.group_labels = group->labels;
      message.reason = *std::move(reason);
      message.external_url = options_.external_url;
      for (const auto& [fingerprint, alert] : alerts) {
        if (integration->send_resolved() || alert->ends_at == TimePoint{})
          message.alerts.push_back(alert);
      }
      message.route_labels = RouteLabels(route, message);
      job->patience = std::max(route.group_interval, kLeastFlushTime);
      job->backoff.emplace(kBackoff, seed_++);
      job->stop = cancel_.get_token();
      jobs.push_back(std::move(job));
    }
  }
  flush->open = jobs.size();
  if (jobs.empty()) Finish(flush);
  for (const auto& job : jobs) Submit(job);
}

void Dispatcher::Finish(const std::shared_ptr<Flush>& flush) {
  Group& group = *flush->group;
  group.flushing = false;
  if (!group.alive) return;
  if (!flush->failed) {
    for (const auto& [fingerprint, alert] : flush->resolved) {
      const auto found = group.alerts.find(fingerprint);
      if (found != group.alerts.end() && found->second->updated_at == alert->updated_at)
        group.alerts.erase(found);
    }
    if (group.alerts.empty()) {
      group.alive = false;
      groups_.erase(group.map_key);
      metrics_.groups().Set(static_cast<double>(groups_.size()));
      return;
    }
  }
  if (group.overdue) {
    group.overdue = false;
    timers_.Add(clock_.Mono(), [this, shared = flush->group](MonoTime at)
                                   NO_THREAD_SAFETY_ANALYSIS { Tick(shared, at); });
  }
}

void Dispatcher::Submit(const std::shared_ptr<Job>& job) {
  ++sending_;
  const NotifyTarget& target = job->target;
  senders_.Run(
      target.receiver + '\xff' + target.integration + '\xff' + std::to_string(target.index),
      [this, job] { Execute(job); });
}

void Dispatcher::Execute(const std::shared_ptr<Job>& job) {
  const std::string kind = job->target.integration;
  if (job->silent) {
    Done(job, RecordSuccess(*job).has_value());
    return;
  }
  const MonoTime now = clock_.Mono();
  if (job->attempts == 0) {
    job->first_try = now;
    job->deadline = now + job->patience;
  }
  if (job->stop.stop_requested()) {
    Fail(job, Outcome::Retry("cancelled", "contextCanceled"));
    return;
  }
  if (now >= job->deadline) {
    Fail(job, Outcome::Retry(job->last_error.empty() ? "out of time" : job->last_error,
                             "contextDeadlineExceeded"));
    return;
  }
  job->last_try = now;
  ++job->attempts;
  metrics_.Requests(kind).Add();
  const Outcome outcome = job->integration->Send(
      {std::chrono::ceil<Millis>(job->deadline - now), job->stop}, job->message);
  if (outcome.kind == Outcome::Kind::kOk) {
    metrics_.Latency(kind).Observe(
        std::chrono::duration<double>(clock_.Mono() - job->first_try).count());
    // Told is told: what the disk says about it must not make the alert go out again.
    if (const auto written = RecordSuccess(*job); !written) {
      metrics_.log_errors().Add();
      logger_.Error("notification log not written", {{"err", written.error().message()}});
    }
    metrics_.Notifications(kind).Add();
    Done(job, true);
    return;
  }
  metrics_.RequestsFailed(kind).Add();
  job->last_error = outcome.error;
  if (outcome.kind == Outcome::Kind::kPermanent || job->stop.stop_requested()) {
    Fail(job, outcome);
    return;
  }
  logger_.Debug("notification attempt failed", {{"receiver", job->target.receiver},
                                                {"integration", kind},
                                                {"attempt", job->attempts},
                                                {"err", outcome.error}});
  // The wait counts from the attempt's beginning: a slow one has waited already.
  MonoTime next = std::max(clock_.Mono(), job->last_try + job->backoff->Next());
  if (outcome.retry_after) next = std::max(next, clock_.Mono() + *outcome.retry_after);
  Lock lock(mutex_);
  --sending_;
  timers_.Add(std::min(next, job->deadline),
              [this, job](MonoTime) NO_THREAD_SAFETY_ANALYSIS { Submit(job); });
}

Status Dispatcher::RecordSuccess(const Job& job) {
  return log_.Record(
      job.target, job.entry, job.repeat * 2,
      {job.entry.time, job.target, job.message.reason, static_cast<int>(job.entry.firing.size()),
       static_cast<int>(job.entry.resolved.size()), job.attempts, ""});
}

void Dispatcher::Fail(const std::shared_ptr<Job>& job, const Outcome& outcome) {
  const std::string& kind = job->target.integration;
  metrics_.Notifications(kind).Add();
  metrics_.Failed(kind, outcome.reason).Add();
  if (outcome.reason != "contextCanceled") {
    logger_.Error("notify failed", {{"receiver", job->target.receiver},
                                    {"integration", kind},
                                    {"group_key", job->target.group_key},
                                    {"attempts", job->attempts},
                                    {"err", outcome.error}});
    (void)log_.RecordFailure({job->entry.time, job->target, job->message.reason,
                              static_cast<int>(job->entry.firing.size()),
                              static_cast<int>(job->entry.resolved.size()), job->attempts,
                              outcome.error});
  }
  Done(job, false);
}

void Dispatcher::Done(const std::shared_ptr<Job>& job, bool ok) {
  Lock lock(mutex_);
  --sending_;
  Flush& flush = *job->flush;
  flush.failed = flush.failed || !ok;
  if (--flush.open == 0) Finish(job->flush);
}

std::optional<std::uint64_t> Dispatcher::InhibitedBy(const Labels& labels, TimePoint now) const {
  Lock lock(mutex_);
  return inhibitor_ ? inhibitor_->MutedBy(labels, now) : std::nullopt;
}

std::vector<GroupView> Dispatcher::Groups() const {
  std::vector<GroupView> out;
  {
    Lock lock(mutex_);
    const TimePoint now = clock_.Now();
    for (const auto& [key, group] : groups_) {
      const Route& route = *group->route;
      out.push_back({group->labels, route.receiver, route.labels, group->group_key,
                     MutedBy(route, now), KnownAlerts(group->alerts.begin(), group->alerts.end())});
    }
  }
  std::sort(out.begin(), out.end(), [](const GroupView& a, const GroupView& b) {
    if (const int order = a.labels.Compare(b.labels); order != 0) return order < 0;
    return a.receiver < b.receiver;
  });
  return out;
}

std::shared_ptr<const Runtime> Dispatcher::runtime() const {
  Lock lock(mutex_);
  return runtime_;
}

bool Dispatcher::Quiet(std::size_t sending) const {
  Lock lock(mutex_);
  return sending_ <= sending && timers_.Idle(clock_.Mono());
}

}  // namespace drover::alerting

// From alerts to messages: puts alerts into the groups of their routes, looks at each group at its
// ticks, drops what is inhibited, muted or silenced, and sends what the notification log does not
// hold yet. One thread keeps the time of all groups; a few send, and an integration that hangs
// keeps no more than a quarter of those.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/base/backoff.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "receiver/alerting/group/timers.h"
#include "receiver/alerting/group/worker_pool.h"
#include "receiver/alerting/inhibit/inhibitor.h"
#include "receiver/alerting/metrics.h"
#include "receiver/alerting/notify_log/notify_log.h"
#include "receiver/alerting/runtime.h"
#include "receiver/alerting/silence/silences.h"

namespace drover::alerting {

struct DispatchOptions {
  int senders = 16;          // threads that wait for receivers' answers
  Millis start_delay{0};     // no group is told about earlier than this after the start
  std::string external_url;  // without a slash at the end
  std::uint32_t seed = 1;    // of the jitter between attempts
};

struct GroupView {
  Labels labels;
  std::string receiver;
  std::map<std::string, std::string> route_labels;
  std::string key;
  std::vector<std::string> muted_by;  // time intervals
  std::vector<std::pair<std::uint64_t, AlertPtr>> alerts;
};

using KnownAlerts = std::vector<std::pair<std::uint64_t, AlertPtr>>;

// Thread-safe. What the constructor is given outlives it.
class Dispatcher {
 public:
  Dispatcher(DispatchOptions options, Clock& clock, const Silences& silences, NotifyLog& log,
             Metrics& metrics, const Logger& logger);
  // Cancels what is being sent and waits for it.
  ~Dispatcher();

  // Another configuration: groups are built anew from `known`; sends under way are cancelled. Of
  // alerts that ended only those come back whose end somebody has yet to be told.
  void Use(std::shared_ptr<const Runtime> runtime, const KnownAlerts& known);
  void Put(const KnownAlerts& alerts);
  void Remove(const KnownAlerts& alerts);  // from the inhibitor: they ended long ago

  std::optional<std::uint64_t> InhibitedBy(const Labels& labels, TimePoint now) const;
  std::vector<GroupView> Groups() const;  // by group labels, then receiver
  std::shared_ptr<const Runtime> runtime() const;
  // Nothing is due and no more than `sending` sends are under way: a test's clock may move.
  bool Quiet(std::size_t sending) const;

 private:
  struct Group;
  struct Flush;
  struct Job;

  void Run(std::stop_token stop);
  // `only_if_told`: not into groups whose receiver has not been told that it fires.
  void Insert(std::uint64_t fingerprint, const AlertPtr& alert, bool only_if_told) REQUIRES(mutex_);
  bool ToldAsFiring(const Route& route, const Labels& group_labels, std::uint64_t fingerprint) const
      REQUIRES(mutex_);
  void Tick(const std::shared_ptr<Group>& group, MonoTime due) REQUIRES(mutex_);
  void Start(const std::shared_ptr<Group>& group, MonoTime due) REQUIRES(mutex_);
  void Filter(Group& group, TimePoint now, KnownAlerts& alerts) REQUIRES(mutex_);
  void Finish(const std::shared_ptr<Flush>& flush) REQUIRES(mutex_);
  void Submit(const std::shared_ptr<Job>& job) REQUIRES(mutex_);
  void Execute(const std::shared_ptr<Job>& job);
  void Done(const std::shared_ptr<Job>& job, bool ok) EXCLUDES(mutex_);
  Status RecordSuccess(const Job& job);
  void Fail(const std::shared_ptr<Job>& job, const Outcome& outcome);
  std::vector<std::string> MutedBy(const Route& route, TimePoint now) const REQUIRES(mutex_);
  std::map<std::string, std::string> RouteLabels(const Route& route, const Message& message) const
      REQUIRES(mutex_);

  const DispatchOptions options_;
  Clock& clock_;
  const Silences& silences_;
  NotifyLog& log_;
  Metrics& metrics_;
  const Logger& logger_;
  const MonoTime start_;

  mutable Mutex mutex_;
  std::shared_ptr<const Runtime> runtime_ GUARDED_BY(mutex_);
  std::optional<Inhibitor> inhibitor_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::shared_ptr<Group>> groups_ GUARDED_BY(mutex_);
  Timers timers_ GUARDED_BY(mutex_);
  std::stop_source cancel_ GUARDED_BY(mutex_);
  std::size_t sending_ GUARDED_BY(mutex_) = 0;
  std::uint32_t seed_ GUARDED_BY(mutex_);
  WorkerPool senders_;
  std::jthread thread_;  // last
};

}  // namespace drover::alerting

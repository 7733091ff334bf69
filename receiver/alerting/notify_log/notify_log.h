// What each integration was last told about each group, so that nobody is told twice, not even
// after kill -9; and the history of all attempts, for people.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "receiver/alerting/store/database.h"

namespace drover::alerting {

struct NotifyTarget {
  std::string group_key;
  std::string receiver;
  std::string integration;  // "webhook"
  int index = 0;            // among the receiver's of that kind
  auto operator<=>(const NotifyTarget&) const = default;
};

using Fingerprints = std::set<std::uint64_t>;

struct NotifyEntry {
  TimePoint time{};  // of the tick
  Fingerprints firing;
  Fingerprints resolved;
};

struct HistoryEntry {
  TimePoint time{};
  NotifyTarget target;
  std::string reason;  // "first notification" …
  int firing = 0;
  int resolved = 0;
  int attempts = 0;
  std::string error;  // empty: delivered
};

// Thread-safe. What Record wrote is durable when it returns.
class NotifyLog {
 public:
  static Result<std::unique_ptr<NotifyLog>> Open(Database& database, const Clock& clock,
                                                 Millis retention);

  std::optional<NotifyEntry> Find(const NotifyTarget& target) const;
  // After a delivery: entry and history in one write. `history.attempts` 0: nothing was sent.
  Status Record(const NotifyTarget& target, const NotifyEntry& entry, Millis keep,
                const HistoryEntry& history);
  Status RecordFailure(const HistoryEntry& history);
  // The newest first.
  Result<std::vector<HistoryEntry>> History(std::size_t limit) const;
  Status CollectGarbage();
  std::size_t size() const;
  std::size_t unreadable() const { return unreadable_; }  // rows that Open passed over
  TimePoint newest() const;  // time of the last delivery; the epoch when there is none

 private:
  NotifyLog(Database& database, const Clock& clock, Millis retention)
      : database_(database), clock_(clock), retention_(retention) {}

  struct Kept {
    NotifyEntry entry;
    TimePoint expires{};
  };
  Database& database_;
  const Clock& clock_;
  const Millis retention_;
  std::size_t unreadable_ = 0;
  mutable Mutex mutex_;
  std::map<NotifyTarget, Kept> entries_ GUARDED_BY(mutex_);
};

}  // namespace drover::alerting

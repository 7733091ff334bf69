// All alerts that are known, by fingerprint: merged as they arrive, kept over restarts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "receiver/alert/alert.h"
#include "receiver/alerting/notify/message.h"
#include "receiver/alerting/store/database.h"

namespace drover::alerting {

// One thread at a time.
class AlertStore {
 public:
  // Null `database`: in memory only.
  static Result<AlertStore> Open(Database* database);
  std::size_t unreadable() const { return unreadable_; }  // rows that Open passed over

  // Fills in times the sender left out, drops empty labels, checks, and merges with the stored
  // alert of the same labels. kInvalid: not stored.
  Result<std::pair<std::uint64_t, AlertPtr>> Put(alert::Alert alert, TimePoint now,
                                                 Millis resolve_timeout);
  // The open alert of these labels ends no earlier than `until`; nullopt: none is open.
  std::optional<std::pair<std::uint64_t, AlertPtr>> KeepOpen(const Labels& labels, TimePoint now,
                                                             TimePoint until);
  // An end that lies after the last word of the sender is a lease: it stands still while the
  // program is down, since nobody could renew it. After a start, leases that had not run out when
  // the program was last known to run (the newest of `alive` and all arrivals) begin anew.
  void RenewLeases(TimePoint now, TimePoint alive);
  // Remembers that leases ran out while the program was there to see it.
  void NoteEnds(TimePoint now);
  // Writes what changed since the last call, all in one go.
  Status Flush();
  // Forgets alerts that ended before `t`; returns them.
  std::vector<std::pair<std::uint64_t, AlertPtr>> CollectGarbage(TimePoint t);

  const std::unordered_map<std::uint64_t, AlertPtr>& alerts() const { return alerts_; }

 private:
  explicit AlertStore(Database* database) : database_(database) {}
  Database* database_;
  std::size_t unreadable_ = 0;
  std::unordered_map<std::uint64_t, AlertPtr> alerts_;
  std::map<std::uint64_t, AlertPtr> dirty_;  // null: to be deleted
};

// Two alerts of the same labels whose spans overlap, as one.
alert::Alert Merge(const alert::Alert& old, const alert::Alert& fresh, TimePoint now);

}  // namespace drover::alerting

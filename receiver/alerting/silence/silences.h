// Silences: alerts that match all matchers of one are not told about while it is active.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/model/labels.h"
#include "core/model/matcher.h"
#include "receiver/alerting/store/database.h"

namespace drover::alerting {

enum class SilenceState { kPending, kActive, kExpired };
std::string_view Text(SilenceState state);  // pending active expired

struct Silence {
  std::string id;  // UUID
  std::vector<Matcher> matchers;
  TimePoint starts_at{};
  TimePoint ends_at{};
  TimePoint updated_at{};
  std::string created_by;
  std::string comment;
  std::map<std::string, std::string> annotations;

  SilenceState StateAt(TimePoint t) const {
    return t < starts_at ? SilenceState::kPending
           : t > ends_at ? SilenceState::kExpired
                         : SilenceState::kActive;
  }
};

// Thread-safe. Every change is durable before the call returns. `database` and `clock` outlive it.
class Silences {
 public:
  // kCorrupt when a stored silence cannot be read.
  static Result<std::unique_ptr<Silences>> Open(Database& database, const Clock& clock,
                                                Millis retention);

  // Creates, or changes the one of `silence.id`: in place when its matchers stay and it only ends
  // at another time, else by expiring it and creating a new one. The id in force comes back.
  // kNotFound: no such id. kInvalid with the reference's texts.
  Result<std::string> Set(Silence silence);
  // Ends it now; one that has ended stays as it is. kNotFound.
  Status Expire(const std::string& id);

  std::shared_ptr<const Silence> Find(const std::string& id) const;
  // Active (soonest end first), pending (soonest start first), expired (latest end first).
  std::vector<std::shared_ptr<const Silence>> List() const;
  // Sorted ids of active silences that match.
  std::vector<std::string> Muting(const Labels& labels, TimePoint now) const;
  // How many are pending, active, expired.
  std::map<SilenceState, std::size_t> Count(TimePoint now) const;
  // Forgets silences that ended longer than the retention ago.
  Status CollectGarbage();

  std::size_t unreadable() const { return unreadable_; }  // rows that Open passed over

 private:
  Silences(Database& database, const Clock& clock, Millis retention)
      : database_(database), clock_(clock), retention_(retention) {}
  Status Store(std::vector<Silence> silences) REQUIRES(mutex_);
  Result<Silence> Parse(const SqlRow& row) const;

  Database& database_;
  const Clock& clock_;
  const Millis retention_;
  std::size_t unreadable_ = 0;
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<const Silence>> silences_ GUARDED_BY(mutex_);
};

// A random UUID, version 4.
std::string NewUuid();
bool IsUuid(std::string_view text);

}  // namespace drover::alerting

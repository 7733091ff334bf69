// A rule group: its rules run in order at slots of its interval.
//
// Slots are the times t with t ≡ hash(file, name) mod interval, so that groups do not all run at
// once and the same group runs at the same phase after a restart.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <variant>
#include <vector>

#include "core/base/mutex.h"
#include "receiver/rules/alerting_rule.h"
#include "receiver/rules/environment.h"
#include "receiver/rules/rule_state.h"

namespace drover::rules {

// Evaluate: one thread at a time. The rest: any thread.
class Group {
 public:
  // `restore`: the program has just started, alert states are looked up after two evaluations.
  Group(const GroupSpec& spec, const Environment& env, const RuleOptions& options, bool restore);

  // The first slot after `now`.
  TimePoint NextSlot(TimePoint now) const;
  // The slot to run after `slot` when it is `now`; slots that went by are counted as missed. When
  // the wall clock was set back by more than an interval, the next one of the new time.
  TimePoint SlotAfter(TimePoint slot, TimePoint now);

  // Runs all rules: writes their series (a transaction per rule, so that later ones see them) and
  // staleness markers for those that are gone, hands due alerts to the sink.
  void Evaluate(TimePoint slot, std::stop_token stop = {});

  // Takes over alert states and known series from the group that had this place in the
  // configuration, rule by rule (name and labels). Series of vanished rules go stale at the next
  // Evaluate. Before the first Evaluate; `old` must not run any more.
  void CopyStateFrom(const Group& old);
  // The series written by the last run: what must go stale when the group is removed.
  std::vector<Labels> KnownSeries() const;

  GroupSnapshot Snapshot() const;
  const GroupSpec& spec() const { return spec_; }
  Millis interval() const { return interval_; }

  struct Counters {
    std::uint64_t evaluations = 0, failures = 0, iterations = 0, missed = 0;
    double last_seconds = 0;
    TimePoint last_evaluation{};
    std::size_t last_samples = 0;
  };
  Counters counters() const;

 private:
  using KnownSet = std::set<Labels>;
  struct Entry {
    RuleSpec spec;
    std::string query;
    std::unique_ptr<AlertingRule> alerting;  // null: a recording rule
    promql::Query parsed;
    // Written by Evaluate alone, under mutex_; the others read under it.
    KnownSet known;  // series written last time
    Health health = Health::kUnknown;
    std::string last_error;
    double seconds = 0;
    TimePoint last_evaluation{};
  };

  Result<std::vector<RuleSample>> Record(const Entry& entry, TimePoint query_time,
                                         std::stop_token stop) const;
  Status RunRule(Entry& entry, TimePoint slot, std::stop_token stop, std::size_t& written);
  Status Write(Entry& entry, const std::vector<RuleSample>& samples, TimePoint t,
               std::size_t& written);
  void WriteStale(const KnownSet& series, TimePoint t);

  const GroupSpec spec_;
  const Environment& env_;
  const RuleOptions options_;
  const Millis interval_;
  const Millis query_offset_;
  bool restore_;
  int runs_ = 0;
  KnownSet orphans_;  // series of rules that a reload removed
  std::vector<Entry> rules_;
  mutable Mutex mutex_;
  Counters counters_ GUARDED_BY(mutex_);
};

}  // namespace drover::rules

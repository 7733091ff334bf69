// One alerting rule: its state per label set, from pending over firing to resolved.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/base/mutex.h"
#include "receiver/promql/engine.h"
#include "receiver/rules/environment.h"
#include "receiver/rules/rule_state.h"

namespace drover::rules {

struct RuleSample {
  Labels labels;
  double value = 0;
};

// The samples of a query at one time; a scalar is one without labels. kInvalid for other results
// and for native histograms.
Result<std::vector<RuleSample>> QuerySamples(const Environment& env, const promql::Query& query,
                                             TimePoint t, std::stop_token stop);

class AlertingRule {
 public:
  // `restored` false: ALERTS series are not written before Restore.
  AlertingRule(const RuleSpec& spec, const Environment& env, const RuleOptions& options,
               bool restored);

  // Moves the state to slot `t` (the query looks at `t` - `query_offset`) and answers the series to
  // write: ALERTS and ALERTS_FOR_STATE. An error leaves the state, but for too many alerts, which
  // clears it.
  Result<std::vector<RuleSample>> Evaluate(TimePoint t, Millis query_offset, std::size_t limit,
                                           std::stop_token stop) EXCLUDES(mutex_);
  // What is due to be sent at slot `t`; remembers that it was sent.
  std::vector<alert::Alert> TakeDue(TimePoint t, Millis interval) EXCLUDES(mutex_);

  // Labels of what is due to fire but waits for its `for`, when the condition was true soon after
  // the program's start: it may have been told as firing before the outage. Soon is within
  // one lease of the first evaluation.
  std::vector<Labels> CarriedOver(TimePoint t, Millis interval) EXCLUDES(mutex_);
  // An alert that is handed over ends this long after, unless it is handed over again.
  Millis Lease(Millis interval) const;

  // Active times of before a restart, from ALERTS_FOR_STATE; afterwards the series are written.
  void Restore(TimePoint t) EXCLUDES(mutex_);
  void CopyStateFrom(const AlertingRule& old) EXCLUDES(mutex_);

  std::vector<AlertSnapshot> Alerts(AlertState& highest) const EXCLUDES(mutex_);
  const RuleSpec& spec() const { return spec_; }

 private:
  struct Active {
    AlertState state = AlertState::kPending;
    TextMap annotations;
    double value = 0;
    bool carried_over = false;
    TimePoint active_at{};
    std::optional<TimePoint> fired_at, resolved_at, keep_firing_since, last_sent_at;
  };
  using ActiveMap = std::map<Labels, Active>;

  Result<ActiveMap> Fresh(const std::vector<RuleSample>& samples, TimePoint t, TimePoint query_time,
                          std::stop_token stop) const;
  Labels Outgoing(const Labels& labels) const;  // with the external labels
  // The wall clock was set back: nothing has happened after `t`.
  void ForgetTheFuture(TimePoint t) REQUIRES(mutex_);
  void Advance(const ActiveMap& fresh, TimePoint t, std::vector<RuleSample>& out) REQUIRES(mutex_);

  const RuleSpec spec_;
  const promql::Query query_;
  const Environment& env_;
  const RuleOptions& options_;
  const std::string generator_url_;
  mutable Mutex mutex_;
  ActiveMap active_ GUARDED_BY(mutex_);
  bool restored_ GUARDED_BY(mutex_);
  std::optional<TimePoint> first_evaluation_ GUARDED_BY(mutex_);  // not of rules that a reload adds
};

}  // namespace drover::rules

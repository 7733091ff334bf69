#include "receiver/rules/group.h"

#include <algorithm>
#include <map>

#include "receiver/promql/printer.h"

namespace drover::rules {
namespace {

double SecondsBetween(MonoTime a, MonoTime b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

Group::Group(const GroupSpec& spec, const Environment& env, const RuleOptions& options,
             bool restore)
    : spec_(spec),
      env_(env),
      options_(options),
      interval_(spec.interval.value_or(options.evaluation_interval)),
      query_offset_(spec.query_offset.value_or(options.query_offset)),
      restore_(restore) {
  for (const RuleSpec& rule : spec_.rules) {
    Entry& entry = rules_.emplace_back();
    entry.spec = rule;
    entry.query = promql::ToText(*rule.expr);
    entry.parsed = {rule.query, rule.expr};
    if (rule.alerting) {
      entry.alerting = std::make_unique<AlertingRule>(rule, env, options_, !restore);
    }
  }
}

TimePoint Group::NextSlot(TimePoint now) const {
  const std::int64_t interval = interval_.count();
  const auto hash = alert::Fingerprint(Labels{{"file", spec_.file}, {"name", spec_.name}});
  const auto offset = static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval));
  const std::int64_t t = ToMs(now) - offset;
  const std::int64_t slots = t / interval - (t % interval < 0 ? 1 : 0);
  return FromMs((slots + 1) * interval + offset);
}

TimePoint Group::SlotAfter(TimePoint slot, TimePoint now) {
  if (slot > now + interval_) return NextSlot(now);
  const std::int64_t passed = std::max<std::int64_t>(1, (now - slot) / interval_);
  const Lock lock(mutex_);
  counters_.missed += static_cast<std::uint64_t>(passed - 1);
  counters_.iterations += static_cast<std::uint64_t>(passed - 1);
  return slot + passed * interval_;
}

void Group::Evaluate(TimePoint slot, std::stop_token stop) {
  const MonoTime start = env_.clock.Mono();
  std::size_t written = 0;
  for (Entry& entry : rules_) {
    if (stop.stop_requested()) return;
    const MonoTime rule_start = env_.clock.Mono();
    const Status done = RunRule(entry, slot, stop, written);
    if (!done && done.error().code() == ErrorCode::kCancelled) return;
    const Lock lock(mutex_);
    ++counters_.evaluations;
    entry.seconds = SecondsBetween(rule_start, env_.clock.Mono());
    entry.last_evaluation = slot;
    entry.health = done ? Health::kOk : Health::kErr;
    entry.last_error = done ? "" : done.error().message();
    if (!done) ++counters_.failures;
  }
  if (!orphans_.empty()) {
    WriteStale(orphans_, slot - query_offset_);
    const Lock lock(mutex_);
    orphans_.clear();
  }
  if (restore_ && ++runs_ == 2) {
    for (Entry& entry : rules_) {
      if (entry.alerting) entry.alerting->Restore(slot);
    }
    restore_ = false;
  }
  const Lock lock(mutex_);
  ++counters_.iterations;
  counters_.last_seconds = SecondsBetween(start, env_.clock.Mono());
  counters_.last_evaluation = slot;
  counters_.last_samples = written;
}

Result<std::vector<RuleSample>> Group::Record(const Entry& entry, TimePoint query_time,
                                              std::stop_token stop) const {
  DROVER_TRY(auto samples, QuerySamples(env_, entry.parsed, query_time, std::move(stop)));
  KnownSet seen;
  for (RuleSample& sample : samples) {
    LabelsBuilder builder(sample.labels);
    builder.Set(kMetricName, entry.spec.name);
    for (const auto& [name, value] : entry.spec.labels) builder.Set(name, value);
    sample.labels = builder.Build();
    if (!seen.insert(sample.labels).second) {
      return Fail(ErrorCode::kInvalid,
                  "vector contains metrics with the same labelset after applying rule labels");
    }
  }
  if (spec_.limit > 0 && samples.size() > spec_.limit) {
    return Fail(ErrorCode::kExhausted, "exceeded limit of " + std::to_string(spec_.limit) +
                                           " with " + std::to_string(samples.size()) + " series");
  }
  return samples;
}

Status Group::RunRule(Entry& entry, TimePoint slot, std::stop_token stop, std::size_t& written) {
  const TimePoint query_time = slot - query_offset_;
  std::vector<RuleSample> samples;
  if (entry.alerting) {
    DROVER_TRY(samples, entry.alerting->Evaluate(slot, query_offset_, spec_.limit, stop));
    std::vector<alert::Alert> due = entry.alerting->TakeDue(slot, interval_);
    if (!due.empty()) env_.sink.Put(std::move(due));
    const std::vector<Labels> carried = entry.alerting->CarriedOver(slot, interval_);
    if (!carried.empty()) env_.sink.KeepOpen(carried, slot + entry.alerting->Lease(interval_));
  } else {
    DROVER_TRY(samples, Record(entry, query_time, stop));
  }
  return Write(entry, samples, query_time, written);
}

Status Group::Write(Entry& entry, const std::vector<RuleSample>& samples, TimePoint t,
                    std::size_t& written) {
  const std::unique_ptr<Appender> appender = env_.appendable.NewAppender();
  KnownSet now;
  std::size_t refused = 0;
  std::string reason;
  for (const RuleSample& sample : samples) {
    now.insert(sample.labels);
    if (auto ref = appender->Append(0, sample.labels, ToMs(t), sample.value); !ref) {
      ++refused;
      reason = ref.error().message();
    }
  }
  for (const Labels& old : entry.known) {
    if (now.contains(old)) continue;
    // Refused markers are normal: another rule may write the series, or a newer sample is there.
    (void)appender->Append(0, old, ToMs(t), StaleMarker());
  }
  DROVER_CHECK(appender->Commit());
  written += samples.size() - refused;
  {
    const Lock lock(mutex_);
    entry.known = std::move(now);
  }
  if (refused == 0) return {};
  env_.log.Warn(
      "rule evaluation result discarded",
      {{"group", spec_.name}, {"rule", entry.spec.name}, {"samples", refused}, {"err", reason}});
  return Fail(ErrorCode::kInvalid, reason);
}

void Group::WriteStale(const KnownSet& series, TimePoint t) {
  const std::unique_ptr<Appender> appender = env_.appendable.NewAppender();
  for (const Labels& labels : series) (void)appender->Append(0, labels, ToMs(t), StaleMarker());
  if (auto done = appender->Commit(); !done) {
    env_.log.Warn("writing staleness markers failed",
                  {{"group", spec_.name}, {"err", done.error().message()}});
  }
}

void Group::CopyStateFrom(const Group& old) {
  std::map<std::pair<std::string, TextMap>, std::vector<const Entry*>> by_identity;
  for (const Entry& entry : old.rules_) {
    by_identity[{entry.spec.name, entry.spec.labels}].push_back(&entry);
  }
  restore_ = old.restore_;
  runs_ = old.runs_;
  orphans_ = old.orphans_;
  for (Entry& entry : rules_) {
    auto& candidates = by_identity[{entry.spec.name, entry.spec.labels}];
    if (candidates.empty()) continue;
    const Entry& before = *candidates.front();
    candidates.erase(candidates.begin());
    entry.known = before.known;
    entry.health = before.health;
    entry.last_error = before.last_error;
    entry.seconds = before.seconds;
    entry.last_evaluation = before.last_evaluation;
    if (entry.alerting && before.alerting) entry.alerting->CopyStateFrom(*before.alerting);
  }
  for (const auto& [identity, rest] : by_identity) {
    for (const Entry* entry : rest) orphans_.insert(entry->known.begin(), entry->known.end());
  }
  const Counters counters = old.counters();
  const Lock lock(mutex_);
  counters_ = counters;
}

std::vector<Labels> Group::KnownSeries() const {
  const Lock lock(mutex_);
  std::vector<Labels> all(orphans_.begin(), orphans_.end());
  for (const Entry& entry : rules_) all.insert(all.end(), entry.known.begin(), entry.known.end());
  return all;
}

Group::Counters Group::counters() const {
  const Lock lock(mutex_);
  return counters_;
}

GroupSnapshot Group::Snapshot() const {
  GroupSnapshot out;
  out.name = spec_.name;
  out.file = spec_.file;
  out.interval = interval_;
  out.limit = spec_.limit;
  const Lock lock(mutex_);
  out.evaluation_seconds = counters_.last_seconds;
  out.last_evaluation = counters_.last_evaluation;
  for (const Entry& entry : rules_) {
    RuleSnapshot& rule = out.rules.emplace_back();
    rule.spec = entry.spec;
    rule.query = entry.query;
    rule.health = entry.health;
    rule.last_error = entry.last_error;
    rule.evaluation_seconds = entry.seconds;
    rule.last_evaluation = entry.last_evaluation;
    if (entry.alerting) rule.alerts = entry.alerting->Alerts(rule.state);
  }
  return out;
}

}  // namespace drover::rules

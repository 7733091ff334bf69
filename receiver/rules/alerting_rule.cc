#include "receiver/rules/alerting_rule.h"

#include <algorithm>

#include "receiver/promql/printer.h"
#include "receiver/rules/rule_template.h"

namespace drover::rules {
namespace {

constexpr Millis kResolvedRetention = std::chrono::minutes(15);
constexpr const char* kForState = "ALERTS_FOR_STATE";

// Upstream starts from the rule's own labels, so one whose template gives "" is there unexpanded.
Labels SeriesLabels(const TextMap& rule_labels, const Labels& alert, const char* name,
                    std::optional<AlertState> state) {
  LabelsBuilder builder;
  for (const auto& [label, text] : rule_labels) builder.Set(label, text);
  for (const LabelView& label : alert) builder.Set(label.name, label.value);
  builder.Set(kMetricName, name);
  if (state) builder.Set("alertstate", Text(*state));
  return builder.Build();
}

double UnixSeconds(TimePoint t) {
  return static_cast<double>(
      std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count());
}

}  // namespace

std::string_view Text(AlertState state) {
  return state == AlertState::kFiring    ? "firing"
         : state == AlertState::kPending ? "pending"
                                         : "inactive";
}
std::string_view Text(Health health) {
  return health == Health::kOk ? "ok" : health == Health::kErr ? "err" : "unknown";
}

Result<std::vector<RuleSample>> QuerySamples(const Environment& env, const promql::Query& query,
                                             TimePoint t, std::stop_token stop) {
  promql::QueryParams params;
  params.stop = std::move(stop);
  DROVER_TRY(promql::QueryResult result, env.engine.Instant(env.storage, query, t, params));
  std::vector<RuleSample> out;
  if (const auto* scalar = std::get_if<promql::ScalarValue>(&result.value)) {
    out.push_back({Labels(), scalar->value});
    return out;
  }
  auto* vector = std::get_if<promql::InstantVector>(&result.value);
  if (vector == nullptr) {
    return Fail(ErrorCode::kInvalid, "rule result is not a vector or scalar");
  }
  for (promql::VectorElement& element : *vector) {
    if (element.histogram) {
      return Fail(ErrorCode::kUnsupported, "native histograms are not supported in rules");
    }
    out.push_back({std::move(element.labels), element.value});
  }
  return out;
}

AlertingRule::AlertingRule(const RuleSpec& spec, const Environment& env, const RuleOptions& options,
                           bool restored)
    : spec_(spec),
      query_{spec.query, spec.expr},
      env_(env),
      options_(options),
      generator_url_(options.external_url + "/graph?g0.expr=" +
                     tmpl::QueryEscape(promql::ToText(*spec.expr)) + "&g0.tab=1"),
      restored_(restored) {}

Result<AlertingRule::ActiveMap> AlertingRule::Fresh(const std::vector<RuleSample>& samples,
                                                    TimePoint t, TimePoint query_time,
                                                    std::stop_token stop) const {
  tmpl::PrometheusEnv template_env;
  template_env.external_url = options_.external_url;
  template_env.path_prefix = options_.path_prefix;
  template_env.query = [this, query_time,
                        stop](const std::string& text) -> Result<std::vector<tmpl::QuerySample>> {
    DROVER_TRY(const promql::Query query, env_.engine.Parse(text));
    DROVER_TRY(const auto found, QuerySamples(env_, query, query_time, stop));
    std::vector<tmpl::QuerySample> out;
    for (const RuleSample& sample : found) {
      tmpl::QuerySample& made = out.emplace_back();
      for (const LabelView& label : sample.labels) made.labels.emplace(label.name, label.value);
      made.value = sample.value;
    }
    return out;
  };
  RuleTemplates templates(spec_.name, template_env, options_.external_labels);
  ActiveMap fresh;
  for (const RuleSample& sample : samples) {
    templates.SetSample(sample.labels, sample.value);
    LabelsBuilder builder(sample.labels);
    builder.Del(kMetricName);
    for (const auto& [name, text] : spec_.labels) builder.Set(name, templates.Expand(text));
    builder.Set("alertname", spec_.name);
    Active alert;
    alert.value = sample.value;
    alert.active_at = t;
    for (const auto& [name, text] : spec_.annotations) {
      alert.annotations[name] = templates.Expand(text);
    }
    if (!fresh.emplace(builder.Build(), std::move(alert)).second) {
      return Fail(ErrorCode::kInvalid,
                  "vector contains metrics with the same labelset after applying alert labels");
    }
  }
  if (templates.errors() > 0) {
    env_.log.Warn("expanding alert template failed",
                  {{"alert", spec_.name}, {"times", templates.errors()}});
  }
  return fresh;
}

Result<std::vector<RuleSample>> AlertingRule::Evaluate(TimePoint t, Millis query_offset,
                                                       std::size_t limit, std::stop_token stop) {
  DROVER_TRY(const auto samples, QuerySamples(env_, query_, t - query_offset, stop));
  DROVER_TRY(ActiveMap fresh, Fresh(samples, t, t - query_offset, stop));
  const Lock lock(mutex_);
  ForgetTheFuture(t);
  for (auto& [labels, alert] : fresh) {
    const auto known = active_.find(labels);
    if (known != active_.end() && known->second.state != AlertState::kInactive) {
      known->second.value = alert.value;
      known->second.annotations = alert.annotations;
    } else {
      active_[labels] = alert;
    }
  }
  std::vector<RuleSample> out;
  Advance(fresh, t, out);
  const auto live =
      static_cast<std::size_t>(std::count_if(active_.begin(), active_.end(), [](const auto& a) {
        return a.second.state != AlertState::kInactive;
      }));
  if (limit > 0 && live > limit) {
    active_.clear();
    return Fail(ErrorCode::kExhausted, "exceeded limit of " + std::to_string(limit) + " with " +
                                           std::to_string(live) + " alerts");
  }
  return out;
}

void AlertingRule::ForgetTheFuture(TimePoint t) {
  const auto limit = [t](std::optional<TimePoint>& time) {
    if (time && *time > t) time = t;
  };
  for (auto& [labels, alert] : active_) {
    // What fires has waited long enough already.
    if (alert.active_at > t) {
      alert.active_at = alert.state == AlertState::kPending ? t : t - spec_.hold;
    }
    limit(alert.fired_at);
    limit(alert.resolved_at);
    limit(alert.keep_firing_since);
    if (alert.last_sent_at && *alert.last_sent_at > t) alert.last_sent_at.reset();
  }
}

void AlertingRule::Advance(const ActiveMap& fresh, TimePoint t, std::vector<RuleSample>& out) {
  for (auto it = active_.begin(); it != active_.end();) {
    Active& alert = it->second;
    bool keeps_firing = false;
    if (!fresh.contains(it->first)) {
      if (alert.state == AlertState::kFiring && spec_.keep_firing_for > Millis(0)) {
        if (!alert.keep_firing_since) alert.keep_firing_since = t;
        keeps_firing = t - *alert.keep_firing_since < spec_.keep_firing_for;
      }
      const bool forget = alert.state == AlertState::kPending ||
                          (alert.state == AlertState::kInactive && alert.resolved_at &&
                           t - *alert.resolved_at > kResolvedRetention);
      if (forget) {
        it = active_.erase(it);
        continue;
      }
      if (!keeps_firing) {
        if (alert.state == AlertState::kFiring) {
          alert.state = AlertState::kInactive;
          alert.resolved_at = t;
        }
        ++it;
        continue;
      }
    } else {
      alert.keep_firing_since.reset();
    }
    const bool long_enough = t - alert.active_at >= spec_.hold;
    if (alert.state == AlertState::kPending && long_enough) {
      alert.state = AlertState::kFiring;
      alert.fired_at = t;
    } else if (alert.state == AlertState::kFiring && !long_enough && !keeps_firing) {
      alert.state = AlertState::kPending;  // `for` was raised
      alert.fired_at.reset();
    }
    if (restored_) {
      out.push_back({SeriesLabels(spec_.labels, it->first, "ALERTS", alert.state), 1});
      out.push_back({SeriesLabels(spec_.labels, it->first, kForState, std::nullopt),
                     UnixSeconds(alert.active_at)});
    }
    ++it;
  }
}

Labels AlertingRule::Outgoing(const Labels& labels) const {
  LabelsBuilder builder(labels);
  for (const LabelView& label : options_.external_labels) {
    if (builder.Get(label.name).empty()) builder.Set(label.name, label.value);
  }
  return builder.Build();
}

std::vector<Labels> AlertingRule::CarriedOver(TimePoint t, Millis interval) {
  const Lock lock(mutex_);
  std::vector<Labels> out;
  if (!restored_ && !first_evaluation_) first_evaluation_ = t;
  if (!first_evaluation_) return out;
  for (auto& [labels, alert] : active_) {
    if (alert.state != AlertState::kPending) continue;
    if (t - *first_evaluation_ < Lease(interval)) alert.carried_over = true;
    if (alert.carried_over) out.push_back(Outgoing(labels));
  }
  return out;
}

Millis AlertingRule::Lease(Millis interval) const {
  return 4 * std::max(interval, options_.resend_delay);
}

std::vector<alert::Alert> AlertingRule::TakeDue(TimePoint t, Millis interval) {
  const Lock lock(mutex_);
  std::vector<alert::Alert> due;
  for (auto& [labels, alert] : active_) {
    if (alert.state == AlertState::kPending) continue;
    const bool resolved_since =
        alert.resolved_at && (!alert.last_sent_at || *alert.resolved_at > *alert.last_sent_at);
    const bool again = !alert.last_sent_at || *alert.last_sent_at + options_.resend_delay < t;
    if (!resolved_since && !again) continue;
    alert.last_sent_at = t;
    alert::Alert sent;
    sent.labels = Outgoing(labels);
    sent.annotations = alert.annotations;
    sent.starts_at = alert.fired_at.value_or(t);
    sent.ends_at = alert.resolved_at.value_or(t + Lease(interval));
    sent.generator_url = generator_url_;
    sent.updated_at = t;
    due.push_back(std::move(sent));
  }
  return due;
}

void AlertingRule::Restore(TimePoint t) {
  std::map<Labels, Sample> newest;
  if (spec_.hold >= options_.grace_period) {
    const std::vector<Matcher> matchers = {
        *Matcher::Make(MatchType::kEqual, kMetricName, kForState),
        *Matcher::Make(MatchType::kEqual, "alertname", spec_.name)};
    auto set = env_.storage.Select(matchers, ToMs(t - options_.outage_tolerance), ToMs(t), {});
    if (!set) {
      env_.log.Error("restoring alert states failed",
                     {{"alert", spec_.name}, {"err", set.error().message()}});
    }
    SampleColumns samples;
    while (set && (*set)->Next()) {
      if (!(*set)->Samples(samples) || samples.size() == 0) continue;
      LabelsBuilder builder((*set)->labels());
      builder.Del(kMetricName);
      newest[builder.Build()] = {samples.t_ms.back(), samples.value.back()};
    }
  }
  const Lock lock(mutex_);
  for (auto& [labels, alert] : active_) {
    const auto found = newest.find(SeriesLabels(spec_.labels, labels, "", std::nullopt));
    if (found == newest.end() || IsStale(found->second.value)) continue;
    const TimePoint down = FromMs(found->second.t_ms);
    const TimePoint active = FromMs(static_cast<std::int64_t>(found->second.value) * 1000);
    const Millis remaining = spec_.hold - (down - active);
    if (remaining <= Millis(0)) {
      alert.active_at = active;
    } else if (remaining < options_.grace_period) {
      alert.active_at = t + options_.grace_period - spec_.hold;
    } else {
      alert.active_at = active + (t - down);
    }
  }
  restored_ = true;
}

void AlertingRule::CopyStateFrom(const AlertingRule& old) {
  ActiveMap active;
  bool restored = true;
  std::optional<TimePoint> first;
  {
    const Lock lock(old.mutex_);
    active = old.active_;
    restored = old.restored_;
    first = old.first_evaluation_;
  }
  const Lock lock(mutex_);
  active_ = std::move(active);
  restored_ = restored;
  first_evaluation_ = first;
}

std::vector<AlertSnapshot> AlertingRule::Alerts(AlertState& highest) const {
  const Lock lock(mutex_);
  std::vector<AlertSnapshot> out;
  highest = AlertState::kInactive;
  for (const auto& [labels, alert] : active_) {
    if (alert.state == AlertState::kInactive) continue;
    highest = std::max(highest, alert.state);
    out.push_back({labels, alert.annotations, alert.state, alert.active_at, alert.keep_firing_since,
                   alert.value});
  }
  return out;
}

}  // namespace drover::rules

#include "receiver/self/self_recorder.h"

#include "core/model/sample.h"

namespace drover::receiver {

void AddFreshnessMetrics(Registry& registry, const freshness::TargetRegistry& targets,
                         const Clock& clock) {
  registry.AddSource([&targets, &clock](std::vector<OwnFamily>& out) {
    OwnFamily age{"drover_target_last_sample_age_seconds",
                  "How old the newest sample of a target's up series is, by this receiver's clock. "
                  "Kept for 7 days after the last.",
                  "gauge",
                  {}};
    OwnFamily skew{"drover_ingest_clock_skew_seconds",
                   "Arrival minus time of the last sample of a target's up series: above zero when "
                   "the sender's clock is behind or samples waited.",
                   "gauge",
                   {}};
    const std::int64_t now_ms = ToMs(clock.Now());
    for (const freshness::Target& target : targets.Snapshot()) {
      OwnSample sample;
      for (const LabelView& label : target.labels) {
        if (label.name != kMetricName) sample.labels.emplace_back(label.name, label.value);
      }
      sample.value = target.AgeSeconds(now_ms);
      age.samples.push_back(sample);
      sample.value = target.SkewSeconds();
      skew.samples.push_back(std::move(sample));
    }
    out.push_back(std::move(age));
    out.push_back(std::move(skew));
  });
}

SelfRecorder::SelfRecorder(SelfOptions options, const Registry& registry, Appendable& store,
                           Clock& clock, const Logger& log)
    : options_(std::move(options)),
      interval_ms_(options_.interval.count()),
      registry_(registry),
      store_(store),
      clock_(clock),
      log_(log),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

void SelfRecorder::Run(std::stop_token stop) {
  do {
    RecordOnce(clock_.Now());
  } while (clock_.SleepFor(Millis(interval_ms_), stop));
}

void SelfRecorder::RecordOnce(TimePoint at) {
  ++round_;
  const std::int64_t t_ms = ToMs(at);
  auto out = store_.NewAppender();
  LabelsBuilder builder;
  const auto append = [&](double value) {
    Known& known = known_[builder.Build()];
    known.seen = round_;
    if (const auto ref = out->Append(known.ref, builder.Build(), t_ms, value)) known.ref = *ref;
  };
  for (const OwnFamily& family : registry_.Collect()) {
    // Metadata repeats each round: it is small and a restart forgets it.
    const MetricType type = family.type == "counter"     ? MetricType::kCounter
                            : family.type == "gauge"     ? MetricType::kGauge
                            : family.type == "histogram" ? MetricType::kHistogram
                                                         : MetricType::kUnknown;
    (void)out->AppendMetadata({family.name, type, family.help, ""});
    for (const OwnSample& sample : family.samples) {
      builder.Clear();
      builder.Set(kMetricName, family.name + sample.suffix);
      for (const auto& [name, value] : sample.labels) builder.Set(name, value);
      // A target's own job and instance stay; everything else is this program's.
      if (builder.Get("job").empty()) builder.Set("job", options_.job);
      if (builder.Get("instance").empty()) builder.Set("instance", options_.instance);
      append(sample.value);
    }
  }
  builder.Clear();
  builder.Set(kMetricName, "up");
  builder.Set("job", options_.job);
  builder.Set("instance", options_.instance);
  append(1);
  for (auto it = known_.begin(); it != known_.end();) {
    if (it->second.seen == round_) {
      ++it;
      continue;
    }
    (void)out->Append(it->second.ref, it->first, t_ms, StaleMarker());
    it = known_.erase(it);
  }
  const Status committed = out->Commit();
  if (!committed && !failing_)
    log_.Error("own metrics cannot be stored", {{"err", committed.error().message()}});
  failing_ = !committed;
}

}  // namespace drover::receiver

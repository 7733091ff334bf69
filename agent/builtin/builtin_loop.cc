#include "agent/builtin/builtin_loop.h"

#include "agent/samples/scrape_report.h"

namespace drover::agent::builtin {
namespace {

SampleRules RulesOf(const BuiltinConfig& config) {
  SampleRules rules;
  LabelsBuilder labels;
  for (const auto& [name, value] : config.labels) labels.Set(name, value);
  labels.Set("job", config.job_name);
  labels.Set("instance", config.instance);
  rules.target_labels = labels.Build();
  rules.metric_relabel = config.metric_relabel_configs.rules;
  return rules;
}

}  // namespace

BuiltinLoop::BuiltinLoop(const BuiltinConfig& config, Source source, Appendable& out, Clock& clock,
                         const Logger& log, BuiltinLoop* before)
    : job_(config.job_name),
      instance_(config.instance),
      interval_(config.scrape_interval),
      labels_(RulesOf(config).target_labels),
      offset_(ScrapeOffset(labels_.Hash(), interval_)),
      source_(std::move(source)),
      out_(out),
      clock_(clock),
      log_(log),
      cache_(MakeCache(config, before)),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

BuiltinLoop::~BuiltinLoop() { Join(); }

SeriesCache BuiltinLoop::MakeCache(const BuiltinConfig& config, BuiltinLoop* before) {
  SeriesCache cache(RulesOf(config));
  if (before == nullptr) return cache;
  if (before->labels_ == RulesOf(config).target_labels) {
    before->Join();
    Lock lock(before->run_mutex_);
    cache.Inherit(before->cache_);
  } else {
    before->End();
  }
  return cache;
}

void BuiltinLoop::Join() {
  thread_.request_stop();
  source_.cancel();
  if (thread_.joinable()) thread_.join();
}

void BuiltinLoop::Run(std::stop_token stop) {
  RunOnce(clock_.Now());
  for (;;) {
    const TimePoint now = clock_.Now();
    const TimePoint next = NextScrape(now, interval_, offset_);
    if (!clock_.SleepUntil(clock_.Mono() + (next - now), stop)) return;
    RunOnce(ScrapeTime(next, clock_.Now()));
  }
}

void BuiltinLoop::RunOnce(TimePoint stamped) {
  Lock run_lock(run_mutex_);
  const MonoTime started = clock_.Mono();
  const std::int64_t t_ms = ToMs(stamped);
  auto out = out_.NewAppender();
  cache_.Begin(*out, t_ms);
  PipelineSink sink(cache_, *out);
  if (!source_.collect(sink)) {
    out->Rollback();
    return;
  }
  ScrapeReport report;
  report.up = sink.status().has_value();
  if (report.up) {
    cache_.Finish();
    report.counts = cache_.counts();
  } else {
    out->Rollback();
    cache_.Abandon(*out, t_ms);
  }
  report.duration = clock_.Mono() - started;
  AppendReport(cache_, *out, t_ms, report);
  const Status committed = out->Commit();

  Lock lock(mutex_);
  if (!report.up && status_.last_error != sink.status().error().message()) {
    log_.Warn("collecting failed", {{"job", job_}, {"err", sink.status().error().message()}});
  }
  status_.up = report.up;
  status_.last_error = !report.up   ? sink.status().error().message()
                       : !committed ? committed.error().message()
                                    : "";
  status_.last_run = stamped;
  status_.last_duration = report.duration;
  status_.samples = report.counts.scraped;
  status_.series = report.counts.after_relabel;
}

void BuiltinLoop::End() {
  Join();
  Lock run_lock(run_mutex_);
  auto out = out_.NewAppender();
  cache_.End(*out, ToMs(clock_.Now()));
  (void)out->Commit();  // a full queue is counted by the queue
}

BuiltinStatus BuiltinLoop::status() const {
  Lock lock(mutex_);
  BuiltinStatus out = status_;
  out.job = job_;
  out.instance = instance_;
  out.interval = interval_;
  return out;
}

}  // namespace drover::agent::builtin

#include "core/metrics/registry.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <map>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "core/base/mutex.h"
#include "core/base/numbers.h"

namespace drover {
namespace {

class CounterImpl final : public Counter {
 public:
  void Add(double n) override { counter_.Increment(n); }
  double Value() const override { return counter_.Value(); }

 private:
  prometheus::Counter counter_;
};
class GaugeImpl final : public Gauge {
 public:
  void Set(double v) override { gauge_.Set(v); }
  void Add(double n) override { gauge_.Increment(n); }
  double Value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge gauge_;
};
class HistogramImpl final : public Histogram {
 public:
  explicit HistogramImpl(const std::vector<double>& bounds) : histogram_(bounds) {}
  void Observe(double v) override { histogram_.Observe(v); }
  prometheus::ClientMetric Collect() const { return histogram_.Collect(); }

 private:
  prometheus::Histogram histogram_;
};

struct Family {
  std::string help;
  std::string type;
  std::map<MetricLabels, std::unique_ptr<CounterImpl>> counters;
  std::map<MetricLabels, std::unique_ptr<GaugeImpl>> gauges;
  std::map<MetricLabels, std::unique_ptr<HistogramImpl>> histograms;
};

void AddHistogramSamples(const MetricLabels& labels, const HistogramImpl& histogram,
                         OwnFamily& out) {
  const prometheus::ClientMetric collected = histogram.Collect();
  for (const auto& bucket : collected.histogram.bucket) {
    OwnSample sample{
        "_bucket", {labels.begin(), labels.end()}, static_cast<double>(bucket.cumulative_count)};
    std::string bound;
    AppendGoFloat(bound, bucket.upper_bound);
    sample.labels.emplace_back("le", std::move(bound));
    out.samples.push_back(std::move(sample));
  }
  out.samples.push_back({"_sum", {labels.begin(), labels.end()}, collected.histogram.sample_sum});
  out.samples.push_back({"_count",
                         {labels.begin(), labels.end()},
                         static_cast<double>(collected.histogram.sample_count)});
}

}  // namespace

struct Registry::State {
  Family& Find(const std::string& name, const std::string& help, std::string_view type)
      REQUIRES(mutex) {
    Family& family = families[name];
    assert((family.type.empty() || family.type == type) && "one metric name, two kinds");
    family.type = type;
    family.help = help;
    return family;
  }

  mutable Mutex mutex;
  std::map<std::string, Family> families GUARDED_BY(mutex);
  std::vector<std::function<void(std::vector<OwnFamily>&)>> sources GUARDED_BY(mutex);
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::AddCounter(const std::string& name, const std::string& help,
                              const MetricLabels& labels) {
  Lock lock(state_->mutex);
  auto& slot = state_->Find(name, help, "counter").counters[labels];
  if (!slot) slot = std::make_unique<CounterImpl>();
  return *slot;
}

Gauge& Registry::AddGauge(const std::string& name, const std::string& help,
                          const MetricLabels& labels) {
  Lock lock(state_->mutex);
  auto& slot = state_->Find(name, help, "gauge").gauges[labels];
  if (!slot) slot = std::make_unique<GaugeImpl>();
  return *slot;
}

Histogram& Registry::AddHistogram(const std::string& name, const std::string& help,
                                  const MetricLabels& labels, const std::vector<double>& bounds) {
  Lock lock(state_->mutex);
  auto& slot = state_->Find(name, help, "histogram").histograms[labels];
  if (!slot) slot = std::make_unique<HistogramImpl>(bounds);
  return *slot;
}

void Registry::AddSource(std::function<void(std::vector<OwnFamily>&)> source) {
  Lock lock(state_->mutex);
  state_->sources.push_back(std::move(source));
}

std::vector<OwnFamily> Registry::Collect() const {
  std::vector<OwnFamily> out;
  std::vector<std::function<void(std::vector<OwnFamily>&)>> sources;
  {
    Lock lock(state_->mutex);
    for (const auto& [name, family] : state_->families) {
      OwnFamily& one = out.emplace_back(OwnFamily{name, family.help, family.type, {}});
      for (const auto& [labels, counter] : family.counters) {
        one.samples.push_back({"", {labels.begin(), labels.end()}, counter->Value()});
      }
      for (const auto& [labels, gauge] : family.gauges) {
        one.samples.push_back({"", {labels.begin(), labels.end()}, gauge->Value()});
      }
      for (const auto& [labels, histogram] : family.histograms)
        AddHistogramSamples(labels, *histogram, one);
    }
    sources = state_->sources;
  }
  for (const auto& source : sources) source(out);
  std::stable_sort(out.begin(), out.end(),
                   [](const OwnFamily& a, const OwnFamily& b) { return a.name < b.name; });
  return out;
}

}  // namespace drover

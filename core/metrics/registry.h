// A program's own counters, gauges and histograms. They live as long as the registry; keep the
// reference, do not look up by name on a hot path.
//
//   Counter& sent = registry.AddCounter("prometheus_remote_storage_samples_total", "…", {{"url",
//   url}}); sent.Add();
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drover {

using MetricLabels = std::map<std::string, std::string>;

// Thread-safe, lock-free.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double n = 1) = 0;  // n >= 0
  virtual double Value() const = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double v) = 0;
  virtual void Add(double n) = 0;
  virtual double Value() const = 0;
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double v) = 0;
};

struct OwnSample {
  std::string suffix;  // "", "_bucket", "_sum", "_count"
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};
struct OwnFamily {
  std::string name;
  std::string help;
  std::string type;  // counter, gauge, histogram
  std::vector<OwnSample> samples;
};

// Thread-safe. The same name and labels give the same object again; the same name with another kind
// is a bug (assert).
class Registry {
 public:
  Registry();
  ~Registry();

  Counter& AddCounter(const std::string& name, const std::string& help,
                      const MetricLabels& labels = {});
  Gauge& AddGauge(const std::string& name, const std::string& help,
                  const MetricLabels& labels = {});
  Histogram& AddHistogram(const std::string& name, const std::string& help,
                          const MetricLabels& labels, const std::vector<double>& bounds);
  // Asked at every Collect; for values that something else holds (process, queue sizes). What it
  // uses must outlive the registry.
  void AddSource(std::function<void(std::vector<OwnFamily>&)> source);

  // All families sorted by name.
  std::vector<OwnFamily> Collect() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace drover

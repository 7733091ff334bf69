// Range queries over 10,000 counter series in memory, one sample each 15 s for an hour: decoded
// samples per second of evaluation. The store hands out columns, so this is the engine alone.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "receiver/promql/engine.h"

namespace {

using namespace drover;

constexpr int kSeries = 10'000;
constexpr int kSamples = 240;
constexpr std::int64_t kStepMs = 15'000;

class ColumnStore final : public Queryable {
 public:
  ColumnStore() {
    for (int i = 0; i < kSamples; ++i) {
      samples_.t_ms.push_back(i * kStepMs);
      samples_.value.push_back(i % 100 * 3.0);  // resets now and then
    }
    for (int i = 0; i < kSeries; ++i) {
      const std::string pod = "pod-" + std::to_string(100'000 + i);
      const std::string job = "job-" + std::to_string(i % 50);
      labels_.push_back(Labels{{kMetricName, "x_total"},
                               {"code", "200"},
                               {"instance", "10.0.0.1:9100"},
                               {"job", job},
                               {"namespace", "default"},
                               {"pod", pod}});
    }
  }

  class Set final : public SeriesSet {
   public:
    explicit Set(const ColumnStore& store) : store_(store) {}
    bool Next() override { return ++at_ <= kSeries; }
    const Labels& labels() const override {
      return store_.labels_[static_cast<std::size_t>(at_ - 1)];
    }
    Status Samples(SampleColumns& out) override {
      out.t_ms.assign(store_.samples_.t_ms.begin(), store_.samples_.t_ms.end());
      out.value.assign(store_.samples_.value.begin(), store_.samples_.value.end());
      out.histograms.clear();
      return {};
    }

   private:
    const ColumnStore& store_;
    int at_ = 0;
  };

  Result<std::unique_ptr<SeriesSet>> Select(const std::vector<Matcher>&, std::int64_t, std::int64_t,
                                            const SelectHints&) const override {
    return std::unique_ptr<SeriesSet>(std::make_unique<Set>(*this));
  }
  Result<std::vector<std::string>> LabelNames(const std::vector<Matcher>&, std::int64_t,
                                              std::int64_t) const override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::string>> LabelValues(std::string_view, const std::vector<Matcher>&,
                                               std::int64_t, std::int64_t) const override {
    return std::vector<std::string>();
  }

 private:
  std::vector<Labels> labels_;
  SampleColumns samples_;
};

}  // namespace

int main() {
  const ColumnStore store;
  const auto clock = MakeSystemClock();
  promql::EngineOptions options;
  options.max_samples = 500'000'000;
  const promql::Engine engine(options, *clock);
  for (const char* text : {"x_total", "rate(x_total[5m])", "sum(rate(x_total[5m]))",
                           "sum by (job) (rate(x_total[5m]))", "max_over_time(x_total[5m])",
                           "rate(x_total[5m]) / on (pod) x_total", "topk(5, rate(x_total[5m]))"}) {
    const auto query = engine.Parse(text);
    double best = 1e9;
    std::size_t looked_at = 0;
    for (int round = 0; round < 3; ++round) {
      const auto start = std::chrono::steady_clock::now();
      const auto result = engine.Range(store, *query, FromMs(0), FromMs(3'600'000), Millis(60'000));
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      if (!result) {
        std::printf("%s: %s\n", text, result.error().message().c_str());
        return 1;
      }
      best = std::min(best, took.count());
      looked_at = result->stats.total_samples;
    }
    const double decoded = static_cast<double>(kSeries) * kSamples;
    std::printf("%-40s %8.1f ms %8.1f M decoded samples/s %8.1f M looked at/s\n", text, best * 1e3,
                decoded / best / 1e6, static_cast<double>(looked_at) / best / 1e6);
  }
  return 0;
}

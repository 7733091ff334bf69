#include "tests/support/memory_store.h"

#include <algorithm>
#include <set>

namespace drover::testing {
namespace {

// Holds copies of what it selected.
class CopiedSet final : public SeriesSet {
 public:
  void Add(const Labels& labels, SampleColumns samples) {
    series_.emplace_back(labels, std::move(samples));
  }
  bool Next() override { return ++at_ <= series_.size(); }
  const Labels& labels() const override { return series_[at_ - 1].first; }
  Status Samples(SampleColumns& out) override {
    out = series_[at_ - 1].second;
    return {};
  }

 private:
  std::vector<std::pair<Labels, SampleColumns>> series_;
  std::size_t at_ = 0;
};

bool AllMatch(const std::vector<Matcher>& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& m) { return m.Matches(labels); });
}

SampleColumns Cut(const SampleColumns& all, std::int64_t min_t, std::int64_t max_t) {
  const auto low = std::lower_bound(all.t_ms.begin(), all.t_ms.end(), min_t) - all.t_ms.begin();
  const auto high = std::upper_bound(all.t_ms.begin(), all.t_ms.end(), max_t) - all.t_ms.begin();
  SampleColumns out;
  if (low >= high) return out;
  out.t_ms.assign(all.t_ms.begin() + low, all.t_ms.begin() + high);
  out.value.assign(all.value.begin() + low, all.value.begin() + high);
  if (!all.histograms.empty()) {
    out.histograms.assign(all.histograms.begin() + low, all.histograms.begin() + high);
  }
  return out;
}

class MemoryAppender final : public Appender {
 public:
  explicit MemoryAppender(MemoryStore& store) : store_(store) {}
  Result<SeriesRef> Append(SeriesRef, const Labels& labels, std::int64_t t_ms,
                           double value) override {
    pending_.push_back({labels, t_ms, value});
    return SeriesRef{1};
  }
  Status AppendMetadata(const MetricMetadata&) override { return {}; }
  Status Commit() override {
    for (const Pending& p : pending_) store_.Add(p.labels, p.t_ms, p.value);
    pending_.clear();
    return {};
  }
  void Rollback() override { pending_.clear(); }

 private:
  struct Pending {
    Labels labels;
    std::int64_t t_ms;
    double value;
  };
  MemoryStore& store_;
  std::vector<Pending> pending_;
};

}  // namespace

void MemoryStore::Add(const Labels& labels, std::int64_t t_ms, double value,
                      HistogramPtr histogram) {
  const Lock lock(mutex_);
  SampleColumns& s = series_[labels];
  const bool again = !s.t_ms.empty() && s.t_ms.back() == t_ms;
  if (!again) {
    s.t_ms.push_back(t_ms);
    s.value.push_back(0);
    if (!s.histograms.empty()) s.histograms.emplace_back();
  }
  s.value.back() = value;
  if (histogram && s.histograms.empty()) s.histograms.resize(s.t_ms.size());
  if (!s.histograms.empty()) s.histograms.back() = std::move(histogram);
}

void MemoryStore::Clear() {
  const Lock lock(mutex_);
  series_.clear();
}

std::size_t MemoryStore::series() const {
  const Lock lock(mutex_);
  return series_.size();
}

Result<std::unique_ptr<SeriesSet>> MemoryStore::Select(const std::vector<Matcher>& matchers,
                                                       std::int64_t min_t, std::int64_t max_t,
                                                       const SelectHints&) const {
  const Lock lock(mutex_);
  auto set = std::make_unique<CopiedSet>();
  for (const auto& [labels, samples] : series_) {
    if (!AllMatch(matchers, labels)) continue;
    SampleColumns cut = Cut(samples, min_t, max_t);
    if (cut.size() > 0) set->Add(labels, std::move(cut));
  }
  return std::unique_ptr<SeriesSet>(std::move(set));
}

Result<std::vector<std::string>> MemoryStore::LabelNames(const std::vector<Matcher>& matchers,
                                                         std::int64_t, std::int64_t) const {
  const Lock lock(mutex_);
  std::set<std::string> names;
  for (const auto& [labels, samples] : series_) {
    if (!AllMatch(matchers, labels)) continue;
    for (const auto& label : labels) names.emplace(label.name);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::vector<std::string>> MemoryStore::LabelValues(std::string_view name,
                                                          const std::vector<Matcher>& matchers,
                                                          std::int64_t, std::int64_t) const {
  const Lock lock(mutex_);
  std::set<std::string> values;
  for (const auto& [labels, samples] : series_) {
    if (AllMatch(matchers, labels) && labels.Has(name)) values.emplace(labels.Get(name));
  }
  return std::vector<std::string>(values.begin(), values.end());
}

std::unique_ptr<Appender> MemoryStore::NewAppender() {
  return std::make_unique<MemoryAppender>(*this);
}

}  // namespace drover::testing

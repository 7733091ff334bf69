// What was committed, scrape by scrape, as text.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/numbers.h"
#include "core/model/sample.h"
#include "core/series/appender.h"

namespace drover::testing {

struct RecordedSample {
  Labels labels;
  std::int64_t t_ms = 0;
  double value = 0;

  bool stale() const { return IsStale(value); }
};

// Thread-safe. Refuses series whose name is in `refuse`, with kInvalid.
class RecordingAppendable final : public Appendable {
 public:
  std::unique_ptr<Appender> NewAppender() override { return std::make_unique<Batch>(*this); }

  // All that was committed since the last call, in order.
  std::vector<RecordedSample> Take() {
    Lock lock(mutex_);
    return std::exchange(committed_, {});
  }
  std::vector<MetricMetadata> metadata() const {
    Lock lock(mutex_);
    return metadata_;
  }
  int commits() const {
    Lock lock(mutex_);
    return commits_;
  }
  // Real time passes until there were `n` commits (or 5 s are over: false).
  bool WaitForCommits(int n) {
    Lock lock(mutex_);
    return changed_.WaitUntil(mutex_, std::stop_token(),
                              std::chrono::steady_clock::now() + std::chrono::seconds(5),
                              [&]() NO_THREAD_SAFETY_ANALYSIS { return commits_ >= n; });
  }

  std::vector<std::string> refuse;  // before use

 private:
  class Batch final : public Appender {
   public:
    explicit Batch(RecordingAppendable& owner) : owner_(owner) {}
    Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, std::int64_t t_ms,
                             double value) override {
      const std::string name(labels.Get(kMetricName));
      if (std::find(owner_.refuse.begin(), owner_.refuse.end(), name) != owner_.refuse.end())
        return Fail(ErrorCode::kInvalid, "refused");
      samples_.push_back({labels, t_ms, value});
      return ref != 0 ? ref : labels.Hash() | 1;
    }
    Status AppendMetadata(const MetricMetadata& metadata) override {
      metadata_.push_back(metadata);
      return {};
    }
    Status Commit() override {
      Lock lock(owner_.mutex_);
      for (auto& sample : samples_) owner_.committed_.push_back(std::move(sample));
      for (auto& one : metadata_) owner_.metadata_.push_back(std::move(one));
      ++owner_.commits_;
      owner_.changed_.NotifyAll();
      Rollback();
      return {};
    }
    void Rollback() override {
      samples_.clear();
      metadata_.clear();
    }

   private:
    RecordingAppendable& owner_;
    std::vector<RecordedSample> samples_;
    std::vector<MetricMetadata> metadata_;
  };

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<RecordedSample> committed_ GUARDED_BY(mutex_);
  std::vector<MetricMetadata> metadata_ GUARDED_BY(mutex_);
  int commits_ GUARDED_BY(mutex_) = 0;
};

// One line per sample, sorted: `name{…} value`, "stale" for a marker, @time for another time than
// `t_ms`. Series whose names start with scrape_ are left out: durations differ.
inline std::vector<std::string> Lines(const std::vector<RecordedSample>& samples,
                                      std::int64_t t_ms) {
  std::vector<std::string> out;
  for (const RecordedSample& sample : samples) {
    if (sample.labels.Get(kMetricName).starts_with("scrape_")) continue;
    std::string line = sample.labels.ToMetricString() + " ";
    if (sample.stale()) {
      line += "stale";
    } else {
      AppendFloatF(line, sample.value);
    }
    if (sample.t_ms != t_ms) line += " @" + std::to_string(sample.t_ms);
    out.push_back(std::move(line));
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline double ValueOf(const std::vector<RecordedSample>& samples, std::string_view name) {
  for (const RecordedSample& sample : samples) {
    if (sample.labels.Get(kMetricName) == name) return sample.value;
  }
  return -1;
}

}  // namespace drover::testing

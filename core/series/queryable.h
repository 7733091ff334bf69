// How stored series are read: by the PromQL engine, the API, rules and tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/labels.h"
#include "core/model/matcher.h"
#include "core/model/sample.h"

namespace drover {

struct FloatHistogram;  // core/model/histogram.h

// Samples of one series in time order, column by column: batch decoders fill these and functions
// run over plain arrays. `histograms` is empty when the series has none; else it is as long as the
// others and the entry is null where the sample is a float. Staleness markers are included.
struct SampleColumns {
  std::vector<std::int64_t> t_ms;
  std::vector<double> value;
  std::vector<std::shared_ptr<const FloatHistogram>> histograms;

  std::size_t size() const { return t_ms.size(); }
  void clear() {
    t_ms.clear();
    value.clear();
    histograms.clear();
  }
};

// Series in label order (Labels::Compare), each once.
//   while (set.Next()) { set.labels(); DROVER_CHECK(set.Samples(columns)); }
// One thread at a time. Holds what it needs of the store until it is destroyed.
class SeriesSet {
 public:
  virtual ~SeriesSet() = default;
  virtual bool Next() = 0;
  virtual const Labels& labels() const = 0;  // until the next Next()
  // Replaces `out` with the samples of [min_t, max_t] of the Select, both ends included.
  virtual Status Samples(SampleColumns& out) = 0;
};

struct SelectHints {
  std::int64_t step_ms = 0;
  std::int64_t range_ms = 0;
  std::string function;      // "rate" …, or empty
  bool labels_only = false;  // Samples() will not be called
};

// Thread-safe. Times are milliseconds, both ends included.
class Queryable {
 public:
  virtual ~Queryable() = default;
  virtual Result<std::unique_ptr<SeriesSet>> Select(const std::vector<Matcher>& matchers,
                                                    std::int64_t min_t, std::int64_t max_t,
                                                    const SelectHints& hints) const = 0;
  // Sorted. `matchers` may be empty: all series of the time range.
  virtual Result<std::vector<std::string>> LabelNames(const std::vector<Matcher>& matchers,
                                                      std::int64_t min_t,
                                                      std::int64_t max_t) const = 0;
  virtual Result<std::vector<std::string>> LabelValues(std::string_view name,
                                                       const std::vector<Matcher>& matchers,
                                                       std::int64_t min_t,
                                                       std::int64_t max_t) const = 0;
};

}  // namespace drover

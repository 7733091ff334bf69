// Series in memory behind the interfaces of a store. Samples of a series must come in time order;
// the same time again overwrites.
#pragma once

#include <map>

#include "core/base/mutex.h"
#include "core/model/histogram.h"
#include "core/series/appender.h"
#include "core/series/queryable.h"

namespace drover::testing {

// Thread-safe. Commits become visible at once and whole.
class MemoryStore final : public Queryable, public Appendable {
 public:
  void Add(const Labels& labels, std::int64_t t_ms, double value, HistogramPtr histogram = nullptr);
  void Clear();
  std::size_t series() const;

  Result<std::unique_ptr<SeriesSet>> Select(const std::vector<Matcher>& matchers,
                                            std::int64_t min_t, std::int64_t max_t,
                                            const SelectHints& hints) const override;
  Result<std::vector<std::string>> LabelNames(const std::vector<Matcher>& matchers,
                                              std::int64_t min_t,
                                              std::int64_t max_t) const override;
  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               const std::vector<Matcher>& matchers,
                                               std::int64_t min_t,
                                               std::int64_t max_t) const override;
  std::unique_ptr<Appender> NewAppender() override;

 private:
  mutable Mutex mutex_;
  std::map<Labels, SampleColumns> series_ GUARDED_BY(mutex_);
};

}  // namespace drover::testing

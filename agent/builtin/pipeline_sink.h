// Takes what collectors emit straight into a target's series cache: no page is printed or parsed.
#pragma once

#include <string>

#include "agent/samples/series_cache.h"
#include "exporters/common/metric.h"

namespace drover::agent::builtin {

// One scrape: between SeriesCache::Begin and Finish. One thread at a time.
class PipelineSink final : public exporters::MetricSink {
 public:
  PipelineSink(SeriesCache& cache, Appender& out) : cache_(cache), out_(out) {}

  using MetricSink::Add;
  void Add(const exporters::MetricDesc& desc, std::span<const std::string_view> values,
           double value) override;

  // The first error of SeriesCache::Add: a limit, bad labels.
  const Status& status() const { return status_; }

 private:
  SeriesCache& cache_;
  Appender& out_;
  const exporters::MetricDesc* described_ = nullptr;  // metadata of the family just seen
  std::string key_;
  Status status_;
};

}  // namespace drover::agent::builtin

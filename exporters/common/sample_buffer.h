// Samples of one collector's run, kept until they are handed on. A collector that hangs writes into
// its own buffer, so what it adds late never reaches a page that was served without it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exporters/common/metric.h"

namespace drover::exporters {

// One thread at a time. Memory is kept between runs.
class SampleBuffer final : public MetricSink {
 public:
  // Samples beyond `max_samples` are dropped and counted.
  explicit SampleBuffer(std::size_t max_samples = 1'000'000) : max_samples_(max_samples) {}

  using MetricSink::Add;
  void Add(const MetricDesc& desc, std::span<const std::string_view> values, double value) override;

  void Clear();
  // In the order they came.
  void Replay(MetricSink& sink) const;

  std::size_t size() const { return records_.size(); }
  std::size_t dropped() const { return dropped_; }

 private:
  struct Record {
    const MetricDesc* desc;
    double value;
    std::uint32_t first_value;  // in ends_
    std::uint32_t values;
  };

  const std::size_t max_samples_;
  std::size_t dropped_ = 0;
  std::vector<Record> records_;
  std::string text_;                 // all values in a row
  std::vector<std::uint32_t> ends_;  // where each value ends in text_
};

}  // namespace drover::exporters

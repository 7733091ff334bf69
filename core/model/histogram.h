// A native histogram with float counts (https://prometheus.io/docs/specs/native_histograms/).
// Integer histograms are converted to this form when they are read from a store.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace drover {

// Schema of histograms with custom bounds: custom_values are the upper bounds, without +Inf.
inline constexpr std::int32_t kCustomBucketsSchema = -53;

enum class CounterResetHint : std::uint8_t { kUnknown, kReset, kNotReset, kGauge };

// `length` buckets in a row, `offset` after the end of the span before (the first: after index 0).
struct HistogramSpan {
  std::int32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const HistogramSpan&) const = default;
};

// Buckets hold absolute counts (not deltas), one per bucket of the spans, in order. Bucket i of a
// standard schema s (-4…8) ends at 2^(i·2^-s). A histogram whose sum is the staleness marker is a
// staleness marker itself.
struct FloatHistogram {
  CounterResetHint counter_reset_hint = CounterResetHint::kUnknown;
  std::int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<HistogramSpan> positive_spans;
  std::vector<double> positive_buckets;
  std::vector<HistogramSpan> negative_spans;
  std::vector<double> negative_buckets;
  std::vector<double> custom_values;

  bool UsesCustomBuckets() const { return schema == kCustomBucketsSchema; }
};
using HistogramPtr = std::shared_ptr<const FloatHistogram>;

}  // namespace drover

// Inside the engine: buckets of a native histogram as (index, count) pairs, and their bounds.
#pragma once

#include <utility>
#include <vector>

#include "core/model/histogram.h"

namespace drover::promql {

using Buckets = std::vector<std::pair<std::int32_t, double>>;  // rising indexes

Buckets Unpacked(const std::vector<HistogramSpan>& spans, const std::vector<double>& counts);
// Empty buckets go; neighbours share a span.
void Pack(const Buckets& buckets, std::vector<HistogramSpan>& spans, std::vector<double>& counts);

// Upper bound of a positive bucket; the lower one is that of index - 1.
double UpperBound(const FloatHistogram& h, std::int32_t index);
double LowerBound(const FloatHistogram& h, std::int32_t index);

// A bucket with its ends, negative ones too.
struct Range {
  double lower = 0;
  double upper = 0;
  double count = 0;
  bool zero = false;  // the zero bucket
};
// From the lowest to the highest; the zero bucket among them when it holds something. Its ends are
// [-w, w], cut to 0 on a side without buckets when `cut_zero`.
std::vector<Range> Ascending(const FloatHistogram& h, bool cut_zero);

// The same histogram in a coarser standard schema.
void ReduceTo(FloatHistogram& h, std::int32_t schema);
// Widens the zero bucket to at least `threshold`; to the end of a bucket that it would cut.
void WidenZero(FloatHistogram& h, double threshold);
void Compact(FloatHistogram& h);
bool SameHistogram(const FloatHistogram& a, const FloatHistogram& b);
// Memory in units of a float sample (16 bytes).
std::size_t SampleSize(const FloatHistogram& h);

}  // namespace drover::promql

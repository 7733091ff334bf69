// Inside the engine: what can be said about the observations in a native histogram.
#pragma once

#include "core/model/histogram.h"

namespace drover::promql {

struct QuantileNotes {
  bool nan_result = false;  // NaN observations, and the rank lies among them
  bool nan_skewed = false;  // NaN observations below count as the highest
};
double HistogramQuantileOf(double phi, const FloatHistogram& h, QuantileNotes& notes);
// `has_nan`: NaN observations, which no fraction holds.
double HistogramFractionOf(double low, double high, const FloatHistogram& h, bool& has_nan);
// Population variance, each bucket at its middle.
double HistogramVariance(const FloatHistogram& h);

}  // namespace drover::promql

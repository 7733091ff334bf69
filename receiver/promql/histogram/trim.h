// Inside the engine: the operators </ and >/, and histograms as text.
#pragma once

#include <string>

#include "core/model/histogram.h"

namespace drover::promql {

// Observations up to x (`upper`) or from x on; a bucket that holds x is cut by interpolation.
FloatHistogram Trimmed(const FloatHistogram& h, double x, bool upper);

// {count:20, sum:10, [-2,-1):2, [-0.001,0.001]:2, (0.5,1]:1}
std::string HistogramText(const FloatHistogram& h);

}  // namespace drover::promql

// Inside the engine: sums, differences and multiples of native histograms.
#pragma once

#include <optional>

#include "core/model/histogram.h"

namespace drover::promql {

// What an addition met on its way; the caller makes annotations of it.
struct AddNotes {
  bool incompatible = false;        // exponential with custom buckets: there is no result
  bool conflicting_resets = false;  // one says reset, the other not
  bool reconciled_bounds = false;   // different custom bounds: their intersection
};

// a + sign·b, compacted.
FloatHistogram Add(const FloatHistogram& a, const FloatHistogram& b, double sign, AddNotes& notes);
FloatHistogram Multiplied(const FloatHistogram& h, double factor);
FloatHistogram Divided(const FloatHistogram& h, double by);

// One after the other. Notes gather.
struct HistogramSum {
  FloatHistogram sum;
  double n = 0;
  AddNotes notes;

  void Add(const FloatHistogram& h) {
    sum = n == 0 ? h : promql::Add(sum, h, 1, notes);
    ++n;
  }
};

// Whether a counter was reset between two samples.
bool DetectReset(const FloatHistogram& before, const FloatHistogram& now);

}  // namespace drover::promql

// Inside the engine: the values of one series at the steps of a query.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/model/histogram.h"
#include "core/model/labels.h"
#include "core/model/sample.h"

namespace drover::promql {

// Times start, start + step …; one time: step is 0 or has no meaning.
struct Grid {
  std::int64_t start = 0;
  std::int64_t step = 0;
  std::size_t size = 1;

  std::int64_t At(std::size_t k) const { return start + static_cast<std::int64_t>(k) * step; }
  std::int64_t last() const { return At(size - 1); }
};

// "No value at this step". The staleness marker never is a result, so it can say so in place.
inline double Absent() { return StaleMarker(); }
inline bool IsAbsent(double v) { return IsStale(v); }

// values[i] belongs to step first + i. Outside of that range the series has no value.
struct Column {
  Labels labels;
  bool drop_name = false;  // with delayed name removal: the name goes at the end
  std::size_t first = 0;
  std::vector<double> values;
  std::vector<HistogramPtr> histograms;  // empty, or one per value; set: the value is a histogram

  std::size_t end() const { return first + values.size(); }
  bool Has(std::size_t step) const {
    return step >= first && step < end() && !IsAbsent(values[step - first]);
  }
  // Absent() outside.
  double At(std::size_t step) const {
    return step >= first && step < end() ? values[step - first] : Absent();
  }
  const HistogramPtr& HistogramAt(std::size_t step) const {
    static const HistogramPtr kNone;
    return histograms.empty() || step < first || step >= end() ? kNone : histograms[step - first];
  }
  bool IsHistogram(std::size_t step) const { return HistogramAt(step) != nullptr; }
  std::size_t CountSamples() const;
  // No values at all: the column can be left out.
  bool IsEmpty() const { return CountSamples() == 0; }
  // Cuts absent values off both ends.
  void Trim();
};

// An empty column as wide as the grid.
Column WideColumn(Labels labels, std::size_t steps);

// Columns with equal labels become one. kInvalid `message` when two have a value at one step.
Status MergeEqualLabels(std::vector<Column>& columns, const char* message);
inline constexpr const char* kSameLabelset = "vector cannot contain metrics with the same labelset";

}  // namespace drover::promql

// What a query answers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/model/histogram.h"
#include "core/model/labels.h"
#include "core/series/queryable.h"
#include "receiver/promql/annotations.h"

namespace drover::promql {

struct VectorElement {
  Labels labels;
  double value = 0;
  HistogramPtr histogram;  // when set, `value` has no meaning
};
// In order after sort, topk and bottomk.
using InstantVector = std::vector<VectorElement>;

struct MatrixSeries {
  Labels labels;
  SampleColumns samples;
};
// Sorted by labels.
using Matrix = std::vector<MatrixSeries>;

// Evaluated at every step of a range query: then a matrix with one series without labels.
struct ScalarValue {
  double value = 0;
};

using AnyValue = std::variant<ScalarValue, std::string, InstantVector, Matrix>;

struct QueryStats {
  std::size_t total_samples = 0;  // looked at, every window counted at each step
  std::size_t peak_samples = 0;   // held at once
};

struct QueryResult {
  AnyValue value;
  std::int64_t t_ms = 0;  // of an instant query
  Annotations annotations;
  QueryStats stats;
};

}  // namespace drover::promql

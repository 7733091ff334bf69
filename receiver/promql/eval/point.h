// Inside the engine: one value that may be a histogram, and operators on such.
#pragma once

#include "receiver/promql/eval/evaluator.h"

namespace drover::promql {

struct Point {
  double value = 0;  // Absent(): none
  HistogramPtr histogram;

  static Point None() { return {Absent(), nullptr}; }
  static Point Of(const Column& column, std::size_t step) {
    return {column.At(step), column.HistogramAt(step)};
  }
  static Point Of(FloatHistogram h) {
    return {0, std::make_shared<const FloatHistogram>(std::move(h))};
  }
};

// `lhs` op `rhs` where at least one is a histogram: absent (with an annotation) when the operator
// does not take them, or when a comparison filters it. kUnsupported for what the engine lacks.
Result<Point> HistogramBinary(Evaluator& evaluator, const Binary& binary, const Point& lhs,
                              const Point& rhs);

// Puts a point into a column of the grid's width.
void SetPoint(Column& column, std::size_t step, Point point);

}  // namespace drover::promql

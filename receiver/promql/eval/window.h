// Inside the engine: range vectors, one series at a time, and the windows functions look at.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "receiver/promql/eval/evaluator.h"

namespace drover::promql {

// All samples a range function may need of one series, staleness markers removed.
struct RangeSeries {
  Labels labels;
  bool drop_name = false;
  SampleColumns samples;
};

// The windows of a range vector: (end - length, end] for every step.
struct RangeShape {
  std::int64_t first_end = 0;
  std::int64_t step = 0;  // 0 when all windows are the same (@)
  std::int64_t length = 0;
  Extension extension = Extension::kNone;

  std::int64_t EndAt(std::size_t k) const {
    return first_end + static_cast<std::int64_t>(k) * step;
  }
};

// `expr` is a matrix selector or a subquery, perhaps in parentheses.
Result<RangeShape> ShapeOf(Evaluator& evaluator, const Expr& expr);

// Calls `visit` for every series that has samples in any window. `function` is a hint for storage.
Status ForEachRangeSeries(Evaluator& evaluator, const Expr& expr, const RangeShape& shape,
                          std::string_view function,
                          const std::function<Status(RangeSeries&)>& visit);

}  // namespace drover::promql

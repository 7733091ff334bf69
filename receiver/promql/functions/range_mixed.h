// Inside the engine: range functions over windows in which native histograms occur.
#pragma once

#include "receiver/promql/eval/point.h"
#include "receiver/promql/functions/range_kernels.h"

namespace drover::promql {

struct MixedCall {
  Evaluator& evaluator;
  std::string_view function;
  const Labels& labels;
  TextRange where;
  RangeKernel kernel;  // for floats
  bool float_results = false;
};

// `h` has an entry per sample, null for floats. w.drops is not used.
Point OverMixed(MixedCall& call, const FloatWindow& w, const HistogramPtr* h);

}  // namespace drover::promql

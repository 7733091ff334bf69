// Inside the engine: implementations by family; each list is {name, function}.
#pragma once

#include <span>
#include <string_view>

#include "receiver/promql/eval/evaluator.h"

namespace drover::promql {

struct FunctionRow {
  std::string_view name;
  FunctionImpl impl;
};

std::span<const FunctionRow> ElementFunctions();    // abs … clamp, round
std::span<const FunctionRow> TimeFunctions();       // time, timestamp, hour …
std::span<const FunctionRow> ScalarFunctions();     // scalar, vector, pi, start …
std::span<const FunctionRow> LabelFunctions();      // label_replace, label_join
std::span<const FunctionRow> SortFunctions();       // sort, sort_by_label …
std::span<const FunctionRow> AbsentFunctions();     // absent, absent_over_time
std::span<const FunctionRow> RangeFunctions();      // rate, *_over_time …
std::span<const FunctionRow> HistogramFunctions();  // histogram_quantile …
std::span<const FunctionRow> InfoFunctions();       // info

}  // namespace drover::promql

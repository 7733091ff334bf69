#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "receiver/promql/functions/table.h"

namespace drover::promql {
namespace {

Value Constant(Evaluator& evaluator, double v) {
  return Value::Scalar(std::vector<double>(evaluator.grid().size, v));
}
double Seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

Result<Value> ToScalar(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[0]));
  const std::size_t steps = evaluator.grid().size;
  std::vector<double> out(steps, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::size_t> found(steps, 0);
  for (const Column& column : columns) {
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      if (IsAbsent(column.values[i]) || column.IsHistogram(column.first + i)) continue;
      const std::size_t k = column.first + i;
      out[k] = ++found[k] == 1 ? column.values[i] : std::numeric_limits<double>::quiet_NaN();
    }
  }
  return Value::Scalar(std::move(out));
}

Result<Value> ToVector(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(auto scalars, evaluator.Scalars(*call.args[0]));
  Column column;
  column.values = std::move(scalars);
  std::vector<Column> columns;
  columns.push_back(std::move(column));
  return Value::Vector(std::move(columns));
}

Result<Value> Pi(Evaluator& evaluator, const Call&) {
  return Constant(evaluator, std::numbers::pi);
}
Result<Value> Start(Evaluator& evaluator, const Call&) {
  return Constant(evaluator, Seconds(evaluator.context().start));
}
Result<Value> End(Evaluator& evaluator, const Call&) {
  return Constant(evaluator, Seconds(evaluator.context().end));
}
Result<Value> Range(Evaluator& evaluator, const Call&) {
  return Constant(evaluator, Seconds(evaluator.context().end - evaluator.context().start));
}
Result<Value> Step(Evaluator& evaluator, const Call&) {
  return Constant(evaluator, Seconds(evaluator.context().step));
}

template <bool smaller>
Result<Value> Extreme(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(auto a, evaluator.Scalars(*call.args[0]));
  DROVER_TRY(const auto b, evaluator.Scalars(*call.args[1]));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) || std::isnan(b[i])) {
      a[i] = std::numeric_limits<double>::quiet_NaN();
    } else {
      a[i] = smaller ? std::min(a[i], b[i]) : std::max(a[i], b[i]);
    }
  }
  return Value::Scalar(std::move(a));
}

constexpr FunctionRow kRows[] = {
    {"scalar", ToScalar},
    {"vector", ToVector},
    {"pi", Pi},
    {"start", Start},
    {"end", End},
    {"range", Range},
    {"step", Step},
    {"min_of", Extreme<true>},
    {"max_of", Extreme<false>},
};

}  // namespace

std::span<const FunctionRow> ScalarFunctions() { return kRows; }

}  // namespace drover::promql

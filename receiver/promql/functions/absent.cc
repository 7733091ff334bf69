#include <map>

#include "receiver/promql/eval/window.h"
#include "receiver/promql/functions/extended.h"
#include "receiver/promql/functions/table.h"

namespace drover::promql {
namespace {

// The labels a plain selector fixes: its = matchers, once per label, without the name.
Labels FixedLabels(const Expr& arg) {
  const Expr& inner = Unwrap(arg);
  const VectorSelector* selector = nullptr;
  if (inner.kind == ExprKind::kVectorSelector) selector = &inner.As<VectorSelector>();
  if (inner.kind == ExprKind::kMatrixSelector) selector = inner.As<MatrixSelector>().selector.get();
  if (selector == nullptr) return {};
  std::map<std::string, int> times;
  LabelsBuilder builder;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name() == kMetricName) continue;
    ++times[matcher.name()];
    if (matcher.type() == MatchType::kEqual && times[matcher.name()] == 1) {
      builder.Set(matcher.name(), matcher.value());
    } else {
      builder.Del(matcher.name());
    }
  }
  return builder.Build();
}

Value WhereAbsent(const Expr& arg, const std::vector<char>& present) {
  Column column = WideColumn(FixedLabels(arg), present.size());
  for (std::size_t k = 0; k < present.size(); ++k) {
    if (present[k] == 0) column.values[k] = 1;
  }
  std::vector<Column> columns;
  if (!column.IsEmpty()) columns.push_back(std::move(column));
  return Value::Vector(std::move(columns));
}

Result<Value> AbsentNow(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[0]));
  std::vector<char> present(evaluator.grid().size, 0);
  for (const Column& column : columns) {
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      if (!IsAbsent(column.values[i])) present[column.first + i] = 1;
    }
  }
  return WhereAbsent(*call.args[0], present);
}

Result<Value> AbsentOverTime(Evaluator& evaluator, const Call& call) {
  const Expr& arg = *call.args[0];
  DROVER_TRY(const RangeShape shape, ShapeOf(evaluator, arg));
  DROVER_CHECK(CheckExtension(shape.extension, "absent_over_time"));
  std::vector<char> present(evaluator.grid().size, 0);
  DROVER_CHECK(ForEachRangeSeries(evaluator, arg, shape, "absent_over_time",
                                  [&](RangeSeries& series) -> Status {
                                    const auto& times = series.samples.t_ms;
                                    std::size_t next = 0;
                                    for (std::size_t k = 0; k < present.size(); ++k) {
                                      const std::int64_t end = shape.EndAt(k);
                                      while (next < times.size() && times[next] <= end) ++next;
                                      if (next > 0 && times[next - 1] > end - shape.length)
                                        present[k] = 1;
                                    }
                                    return {};
                                  }));
  return WhereAbsent(arg, present);
}

constexpr FunctionRow kRows[] = {{"absent", AbsentNow}, {"absent_over_time", AbsentOverTime}};

}  // namespace

std::span<const FunctionRow> AbsentFunctions() { return kRows; }

}  // namespace drover::promql

#include "receiver/promql/eval/window.h"

#include <algorithm>

namespace drover::promql {
namespace {

Status FromSelector(Evaluator& evaluator, const MatrixSelector& matrix, const RangeShape& shape,
                    std::string_view function, const std::function<Status(RangeSeries&)>& visit) {
  Context& context = evaluator.context();
  const VectorSelector& selector = *matrix.selector;
  // Neighbours outside of the windows.
  const std::int64_t before = shape.extension == Extension::kNone ? 0 : context.lookback_ms;
  const std::int64_t after = shape.extension == Extension::kSmoothed ? context.lookback_ms : 0;
  SelectHints hints;
  hints.step_ms = evaluator.grid().step;
  hints.range_ms = shape.length;
  hints.function = std::string(function);
  auto set = context.storage.Select(selector.matchers, shape.first_end - shape.length - before + 1,
                                    shape.EndAt(evaluator.grid().size - 1) + after, hints);
  if (!set) return tl::unexpected(std::move(set).error().With("expanding series"));
  RangeSeries series;
  while ((*set)->Next()) {
    DROVER_CHECK(context.Continue());
    SampleColumns& samples = series.samples;
    if (auto read = (*set)->Samples(samples); !read) {
      return tl::unexpected(std::move(read).error().With("expanding series"));
    }
    const bool mixed = !samples.histograms.empty();
    bool any_histogram = false;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const bool histogram = mixed && samples.histograms[i];
      if (histogram ? IsStale(samples.histograms[i]->sum) : IsStale(samples.value[i])) continue;
      if (kept != i) {
        samples.t_ms[kept] = samples.t_ms[i];
        samples.value[kept] = samples.value[i];
        if (mixed) samples.histograms[kept] = std::move(samples.histograms[i]);
      }
      any_histogram = any_histogram || histogram;
      ++kept;
    }
    samples.t_ms.resize(kept);
    samples.value.resize(kept);
    if (any_histogram) {
      samples.histograms.resize(kept);
    } else {
      samples.histograms.clear();
    }
    if (kept == 0) continue;
    series.labels = (*set)->labels();
    series.drop_name = false;
    DROVER_CHECK(visit(series));
  }
  return {};
}

// What a subquery computed says nothing about resets between its points.
HistogramPtr WithoutHint(const HistogramPtr& h) {
  if (!h || h->counter_reset_hint == CounterResetHint::kUnknown ||
      h->counter_reset_hint == CounterResetHint::kGauge) {
    return h;
  }
  auto copy = std::make_shared<FloatHistogram>(*h);
  copy->counter_reset_hint = CounterResetHint::kUnknown;
  return copy;
}

Status FromSubquery(Evaluator& evaluator, const Subquery& subquery, const RangeShape& shape,
                    const std::function<Status(RangeSeries&)>& visit) {
  Context& context = evaluator.context();
  Grid inner;
  inner.step = context.default_subquery_step;
  if (subquery.step) {
    DROVER_TRY(inner.step, evaluator.ResolveMs(*subquery.step));
  }
  if (inner.step <= 0) return Fail(ErrorCode::kInvalid, "duration must be greater than 0");
  const std::int64_t left = shape.first_end - shape.length;
  inner.start = inner.step * (left / inner.step);
  if (inner.start <= left) inner.start += inner.step;
  const std::int64_t right = shape.EndAt(evaluator.grid().size - 1);
  if (inner.start > right) return {};
  inner.size = static_cast<std::size_t>((right - inner.start) / inner.step) + 1;
  DROVER_CHECK(context.budget.Look(inner.size));

  const std::size_t held_before = context.budget.held();
  Evaluator evaluation(context, inner);
  DROVER_TRY(const std::vector<Column> columns, evaluation.Vector(*subquery.expr));
  const std::size_t held = context.budget.held() - held_before;
  RangeSeries series;
  for (const Column& column : columns) {
    DROVER_CHECK(context.Continue());
    series.samples.clear();
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      if (IsAbsent(column.values[i])) continue;
      series.samples.t_ms.push_back(inner.At(column.first + i));
      series.samples.value.push_back(column.values[i]);
      if (column.histograms.empty()) continue;
      series.samples.histograms.push_back(WithoutHint(column.histograms[i]));
    }
    if (series.samples.size() == 0) continue;
    series.labels = column.labels;
    series.drop_name = column.drop_name;
    DROVER_CHECK(visit(series));
  }
  context.budget.Release(held);
  return {};
}

}  // namespace

Result<RangeShape> ShapeOf(Evaluator& evaluator, const Expr& expr) {
  const Expr& inner = Unwrap(expr);
  const bool subquery = inner.kind == ExprKind::kSubquery;
  const Shift& shift =
      subquery ? inner.As<Subquery>().shift : inner.As<MatrixSelector>().selector->shift;
  const Duration& window =
      subquery ? inner.As<Subquery>().window : inner.As<MatrixSelector>().window;
  RangeShape shape;
  DROVER_TRY(shape.length, evaluator.ResolveMs(window));
  if (shape.length <= 0) return Fail(ErrorCode::kInvalid, "duration must be greater than 0");
  DROVER_TRY(shape.first_end, evaluator.ReferenceTime(shift, evaluator.grid().start));
  shape.step = shift.at == AtKind::kNone ? evaluator.grid().step : 0;
  if (!subquery) shape.extension = inner.As<MatrixSelector>().selector->extension;
  return shape;
}

Status ForEachRangeSeries(Evaluator& evaluator, const Expr& expr, const RangeShape& shape,
                          std::string_view function,
                          const std::function<Status(RangeSeries&)>& visit) {
  const Expr& inner = Unwrap(expr);
  if (inner.kind == ExprKind::kSubquery) {
    return FromSubquery(evaluator, inner.As<Subquery>(), shape, visit);
  }
  return FromSelector(evaluator, inner.As<MatrixSelector>(), shape, function, visit);
}

}  // namespace drover::promql

#include "receiver/promql/engine.h"

#include <algorithm>

#include "receiver/promql/eval/evaluator.h"
#include "receiver/promql/eval/window.h"

namespace drover::promql {
namespace {

Context MakeContext(const Queryable& storage, const EngineOptions& options, const Clock& clock,
                    const QueryParams& params) {
  const Millis timeout =
      params.timeout ? std::min(*params.timeout, options.timeout) : options.timeout;
  Context context{.storage = storage,
                  .options = options,
                  .clock = clock,
                  .deadline = clock.Mono() + timeout,
                  .stop = params.stop,
                  .annotations = {},
                  .budget = SampleBudget(options.max_samples)};
  context.lookback_ms = params.lookback_delta.value_or(options.lookback_delta).count();
  return context;
}

// With delayed removal: now is the end.
Status FinishNames(const EngineOptions& options, const Evaluator& evaluator,
                   std::vector<Column>& columns) {
  if (!options.delayed_name_removal) return {};
  for (Column& column : columns) {
    if (column.drop_name) column.labels = evaluator.WithoutName(column.labels);
  }
  return MergeEqualLabels(columns, kSameLabelset);
}

SampleColumns ToSamples(const Column& column, const Grid& grid) {
  SampleColumns samples;
  const std::size_t n = column.CountSamples();
  samples.t_ms.reserve(n);
  samples.value.reserve(n);
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    if (IsAbsent(column.values[i])) continue;
    samples.t_ms.push_back(grid.At(column.first + i));
    samples.value.push_back(column.values[i]);
    if (!column.histograms.empty()) samples.histograms.push_back(column.histograms[i]);
  }
  const bool any = std::any_of(samples.histograms.begin(), samples.histograms.end(),
                               [](const HistogramPtr& h) { return h != nullptr; });
  if (!any) samples.histograms.clear();
  return samples;
}

void SortByLabels(Matrix& matrix) {
  std::sort(matrix.begin(), matrix.end(),
            [](const MatrixSeries& a, const MatrixSeries& b) { return a.labels < b.labels; });
}

template <typename List>
void Limit(List& list, std::size_t limit, Annotations& annotations) {
  if (limit == 0 || list.size() <= limit) return;
  list.resize(limit);
  annotations.WarnPlain("results truncated due to limit");
}

Result<AnyValue> RangeVector(Evaluator& evaluator, const Expr& expr) {
  DROVER_TRY(const RangeShape shape, ShapeOf(evaluator, expr));
  if (shape.extension != Extension::kNone) {
    return Fail(ErrorCode::kInvalid, "anchored and smoothed need a function around them");
  }
  Matrix matrix;
  const auto take = [&](RangeSeries& series) -> Status {
    const std::size_t n = series.samples.size();
    Labels labels =
        series.drop_name ? evaluator.WithoutName(series.labels) : std::move(series.labels);
    matrix.push_back({std::move(labels), std::move(series.samples)});
    series.samples = {};
    return evaluator.context().budget.Hold(n);
  };
  DROVER_CHECK(ForEachRangeSeries(evaluator, expr, shape, "", take));
  SortByLabels(matrix);
  return AnyValue(std::move(matrix));
}

QueryStats StatsOf(const Context& context) {
  return {context.budget.total(), context.budget.peak()};
}

}  // namespace

Result<Query> Engine::Parse(std::string_view text) const {
  DROVER_TRY(ExprPtr expr, promql::Parse(text, options_.parser));
  return Query{std::string(text), std::shared_ptr<const Expr>(std::move(expr))};
}

Result<QueryResult> Engine::Instant(const Queryable& storage, const Query& query, TimePoint t,
                                    const QueryParams& params) const {
  Context context = MakeContext(storage, options_, *clock_, params);
  context.default_subquery_step = subquery_step_ms_;
  context.start = context.end = ToMs(t);
  context.instant = true;
  const Grid grid{ToMs(t), 0, 1};
  Evaluator evaluator(context, grid);
  QueryResult result;
  result.t_ms = ToMs(t);
  const Expr& root = Unwrap(*query.expr);
  if (root.type() == ValueType::kMatrix) {
    DROVER_TRY(result.value, RangeVector(evaluator, root));
    Limit(std::get<Matrix>(result.value), params.limit, context.annotations);
  } else {
    DROVER_TRY(Value value, evaluator.Eval(root));
    if (value.type == ValueType::kScalar) {
      result.value = ScalarValue{value.scalars.front()};
    } else if (value.type == ValueType::kString) {
      result.value = std::move(value.text);
    } else {
      DROVER_CHECK(FinishNames(options_, evaluator, value.columns));
      InstantVector vector;
      for (Column& column : value.columns) {
        if (!column.Has(0)) continue;
        HistogramPtr histogram = column.HistogramAt(0);
        vector.push_back({std::move(column.labels), column.At(0), std::move(histogram)});
      }
      Limit(vector, params.limit, context.annotations);
      result.value = std::move(vector);
    }
  }
  result.annotations = std::move(context.annotations);
  result.stats = StatsOf(context);
  return result;
}

Result<QueryResult> Engine::Range(const Queryable& storage, const Query& query, TimePoint start,
                                  TimePoint end, Millis step, const QueryParams& params) const {
  const Expr& root = Unwrap(*query.expr);
  if (root.type() != ValueType::kScalar && root.type() != ValueType::kVector) {
    return Fail(ErrorCode::kInvalid, "invalid expression type \"" +
                                         std::string(DocumentedText(root.type())) +
                                         "\" for range query, must be Scalar or instant Vector");
  }
  Context context = MakeContext(storage, options_, *clock_, params);
  context.default_subquery_step = subquery_step_ms_;
  context.start = ToMs(start);
  context.end = ToMs(end);
  context.step = step.count();
  const Grid grid{context.start, context.step,
                  static_cast<std::size_t>((end - start).count() / step.count()) + 1};
  DROVER_CHECK(context.budget.Look(grid.size));
  Evaluator evaluator(context, grid);
  DROVER_TRY(Value value, evaluator.Eval(root));
  if (value.type == ValueType::kScalar) {
    Column column;
    column.values = std::move(value.scalars);
    value.columns.push_back(std::move(column));
  }
  DROVER_CHECK(FinishNames(options_, evaluator, value.columns));
  QueryResult result;
  Matrix matrix;
  for (Column& column : value.columns) {
    SampleColumns samples = ToSamples(column, grid);
    if (samples.size() > 0) matrix.push_back({std::move(column.labels), std::move(samples)});
  }
  SortByLabels(matrix);
  Limit(matrix, params.limit, context.annotations);
  result.value = std::move(matrix);
  result.t_ms = context.end;
  result.annotations = std::move(context.annotations);
  result.stats = StatsOf(context);
  return result;
}

}  // namespace drover::promql

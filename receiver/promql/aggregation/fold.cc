#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "receiver/promql/aggregation/grouping.h"
#include "receiver/promql/eval/arithmetic.h"
#include "receiver/promql/eval/point.h"
#include "receiver/promql/histogram/arithmetic.h"

namespace drover::promql {
namespace {

struct SumState {
  CompensatedSum total;
  bool any = false;
  void Add(double v) {
    any = true;
    total.Add(v);
  }
  double Result() const { return total.Total(); }
};

struct MeanState {
  CompensatedMean mean;
  bool any = false;
  void Add(double v) {
    any = true;
    mean.Add(v);
  }
  double Result() const { return mean.Mean(); }
};

template <bool smaller>
struct ExtremeState {
  double best = 0;
  bool any = false;
  void Add(double v) {
    if (!any || std::isnan(best) || (smaller ? v < best : v > best)) best = v;
    any = true;
  }
  double Result() const { return best; }
};

struct CountState {
  double n = 0;
  bool any = false;
  void Add(double) {
    any = true;
    ++n;
  }
  double Result() const { return n; }
};

struct GroupState {
  bool any = false;
  void Add(double) { any = true; }
  double Result() const { return 1; }
};

template <bool root>
struct VarianceState {  // Welford
  double n = 0;
  CompensatedSum mean, squares;
  bool any = false;
  bool broken = false;
  void Add(double v) {
    any = true;
    if (std::isnan(v) || std::isinf(v)) broken = true;
    if (broken) return;
    ++n;
    const double delta = v - mean.Total();
    mean.Add(delta / n);
    squares.Add(delta * (v - mean.Total()));
  }
  double Result() const {
    if (broken) return std::numeric_limits<double>::quiet_NaN();
    const double variance = squares.Total() / n;
    return root ? std::sqrt(variance) : variance;
  }
};

template <typename State>
Column FoldGroup(const std::vector<Column>& columns, const AggregateGroup& group, std::size_t steps,
                 bool skip_histograms = true) {
  std::vector<State> states(steps);
  for (const std::size_t index : group.members) {
    const Column& column = columns[index];
    State* state = states.data() + column.first;
    if (!column.histograms.empty() && skip_histograms) {
      for (std::size_t i = 0; i < column.values.size(); ++i, ++state) {
        if (!IsAbsent(column.values[i]) && !column.histograms[i]) state->Add(column.values[i]);
      }
      continue;
    }
    for (const double v : column.values) {
      if (!IsAbsent(v)) state->Add(v);
      ++state;
    }
  }
  Column out = WideColumn(group.labels, steps);
  for (std::size_t k = 0; k < steps; ++k) {
    if (states[k].any) out.values[k] = states[k].Result();
  }
  return out;
}

Column QuantileGroup(const std::vector<Column>& columns, const AggregateGroup& group,
                     const std::vector<double>& param) {
  Column out = WideColumn(group.labels, param.size());
  std::vector<double> values;
  for (std::size_t k = 0; k < out.values.size(); ++k) {
    values.clear();
    for (const std::size_t index : group.members) {
      const double v = columns[index].At(k);
      if (!IsAbsent(v) && !columns[index].IsHistogram(k)) values.push_back(v);
    }
    if (values.empty()) continue;
    out.values[k] = Quantile(param[k], values);
  }
  return out;
}

// sum and avg of a group in which histograms occur. A step with floats too has no result.
Column SumHistograms(Evaluator& evaluator, const Aggregate& aggregate,
                     const std::vector<Column>& columns, const AggregateGroup& group) {
  Annotations& annotations = evaluator.context().annotations;
  Column out = WideColumn(group.labels, evaluator.grid().size);
  for (std::size_t k = 0; k < out.values.size(); ++k) {
    HistogramSum sum;
    MeanState mean;
    SumState floats;
    for (const std::size_t index : group.members) {
      if (!columns[index].Has(k)) continue;
      if (const HistogramPtr& h = columns[index].HistogramAt(k)) {
        sum.Add(*h);
      } else {
        mean.Add(columns[index].At(k));
        floats.Add(columns[index].At(k));
      }
    }
    if (sum.n == 0 && !floats.any) continue;
    const bool average = aggregate.op == AggregateOp::kAvg;
    if (sum.n == 0) {
      out.values[k] = average ? mean.Result() : floats.Result();
      continue;
    }
    const TextRange where = aggregate.expr->range;
    if (floats.any) {
      annotations.Warn(where, "encountered a mix of histograms and floats for aggregation");
      continue;
    }
    if (sum.notes.conflicting_resets) {
      annotations.Warn(where, "conflicting counter resets during histogram aggregation");
    }
    if (sum.notes.incompatible) {
      annotations.Warn(where,
                       "vector contains a mix of histograms with exponential and custom buckets "
                       "schemas for metric name \"\"");
      continue;
    }
    if (sum.notes.reconciled_bounds) {
      annotations.Info(where, "mismatched custom buckets were reconciled during aggregation");
    }
    SetPoint(out, k, Point::Of(average ? Divided(sum.sum, sum.n) : std::move(sum.sum)));
  }
  return out;
}

void WarnAboutQuantiles(Evaluator& evaluator, const Expr& where, const std::vector<double>& phis) {
  for (const double phi : phis) {
    if (phi >= 0 && phi <= 1) continue;
    char text[80];
    std::snprintf(text, sizeof text, "quantile value should be between 0 and 1, got %g", phi);
    evaluator.context().annotations.Warn(
        where.range, std::isnan(phi) ? "quantile value should be between 0 and 1, got NaN" : text);
  }
}

}  // namespace

double Quantile(double phi, std::vector<double>& values) {
  if (values.empty() || std::isnan(phi)) return std::numeric_limits<double>::quiet_NaN();
  if (phi < 0) return -std::numeric_limits<double>::infinity();
  if (phi > 1) return std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double n = static_cast<double>(values.size());
  const double rank = phi * (n - 1);
  const double low = std::max(0.0, std::floor(rank));
  const double high = std::min(n - 1, low + 1);
  const double weight = rank - std::floor(rank);
  return values[static_cast<std::size_t>(low)] * (1 - weight) +
         values[static_cast<std::size_t>(high)] * weight;
}

std::vector<Column> Fold(Evaluator& evaluator, const Aggregate& aggregate,
                         const std::vector<Column>& columns,
                         const std::vector<AggregateGroup>& groups,
                         const std::vector<double>& param) {
  if (aggregate.op == AggregateOp::kQuantile) {
    WarnAboutQuantiles(evaluator, *aggregate.param, param);
  }
  const std::size_t steps = evaluator.grid().size;
  std::vector<Column> out;
  out.reserve(groups.size());
  for (const AggregateGroup& group : groups) {
    const bool histograms = std::any_of(group.members.begin(), group.members.end(),
                                        [&](auto i) { return !columns[i].histograms.empty(); });
    if (histograms && (aggregate.op == AggregateOp::kSum || aggregate.op == AggregateOp::kAvg)) {
      out.push_back(SumHistograms(evaluator, aggregate, columns, group));
      out.back().drop_name = group.drop_name;
      continue;
    }
    if (histograms && aggregate.op != AggregateOp::kCount && aggregate.op != AggregateOp::kGroup) {
      evaluator.context().annotations.Info(
          aggregate.expr->range,
          "ignored histogram in " + std::string(Text(aggregate.op)) + " aggregation");
    }
    const auto fold = [&]() -> Column {
      switch (aggregate.op) {
        case AggregateOp::kSum:
          return FoldGroup<SumState>(columns, group, steps);
        case AggregateOp::kAvg:
          return FoldGroup<MeanState>(columns, group, steps);
        case AggregateOp::kMin:
          return FoldGroup<ExtremeState<true>>(columns, group, steps);
        case AggregateOp::kMax:
          return FoldGroup<ExtremeState<false>>(columns, group, steps);
        case AggregateOp::kCount:
          return FoldGroup<CountState>(columns, group, steps, false);
        case AggregateOp::kStddev:
          return FoldGroup<VarianceState<true>>(columns, group, steps);
        case AggregateOp::kStdvar:
          return FoldGroup<VarianceState<false>>(columns, group, steps);
        case AggregateOp::kQuantile:
          return QuantileGroup(columns, group, param);
        default:
          return FoldGroup<GroupState>(columns, group, steps, false);
      }
    };
    out.push_back(fold());
    out.back().drop_name = group.drop_name;
    out.back().Trim();
  }
  std::erase_if(out, [](const Column& c) { return c.values.empty(); });
  return out;
}

}  // namespace drover::promql

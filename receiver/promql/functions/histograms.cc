#include <cmath>
#include <cstdio>
#include <limits>
#include <unordered_map>

#include "core/base/numbers.h"
#include "receiver/promql/functions/classic_histogram.h"
#include "receiver/promql/functions/table.h"
#include "receiver/promql/histogram/quantile.h"

namespace drover::promql {
namespace {

struct ClassicGroup {
  Labels labels;  // without le
  bool drop_name = false;
  std::vector<std::pair<double, std::size_t>> buckets;  // upper bound, column
};

bool HasFloats(const Column& column) {
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    if (!IsAbsent(column.values[i]) && (column.histograms.empty() || !column.histograms[i])) {
      return true;
    }
  }
  return false;
}

std::vector<ClassicGroup> GroupBuckets(Evaluator& evaluator, const Expr& arg,
                                       const std::vector<Column>& columns) {
  std::vector<ClassicGroup> groups;
  std::unordered_map<Labels, std::size_t, LabelsHash> numbers;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Labels& labels = columns[i].labels;
    if (!HasFloats(columns[i])) continue;
    const std::string_view le = labels.Get("le");
    const std::optional<double> bound = ParseFloat(le);
    if (!bound) {
      std::string text = "bucket label \"le\" is missing or has a malformed value of ";
      AppendGoQuoted(text, le);
      if (labels.Has(kMetricName)) {
        text += " for metric name ";
        AppendGoQuoted(text, labels.Get(kMetricName));
      }
      evaluator.context().annotations.Warn(arg.range, text);
      continue;
    }
    LabelsBuilder builder(labels);
    builder.Del("le");
    Labels key = builder.Build();
    const auto [it, fresh] = numbers.try_emplace(key, groups.size());
    if (fresh) groups.push_back({std::move(key), false, {}});
    ClassicGroup& group = groups[it->second];
    group.drop_name = group.drop_name || columns[i].drop_name;
    group.buckets.emplace_back(*bound, i);
  }
  return groups;
}

std::string ForMetric(std::string_view text, std::string_view name) {
  std::string out(text);
  if (name.empty()) return out;
  out += " for metric name ";
  AppendGoQuoted(out, name);
  return out;
}

// Calls classic(step, labels, buckets) and native(step, labels, histogram), both giving a double,
// for what there is at each step. Where both are there for the same labels neither is answered.
template <typename Classic, typename Native>
std::vector<Column> OverHistograms(Evaluator& evaluator, const Expr& arg,
                                   const std::vector<Column>& columns, Classic&& classic,
                                   Native&& native) {
  const std::size_t steps = evaluator.grid().size;
  std::vector<Column> out;
  std::unordered_map<Labels, std::size_t, LabelsHash> classic_of;
  std::vector<Bucket> buckets;
  for (const ClassicGroup& group : GroupBuckets(evaluator, arg, columns)) {
    Column column = WideColumn(group.labels, steps);
    column.drop_name = group.drop_name;
    for (std::size_t k = 0; k < steps; ++k) {
      buckets.clear();
      for (const auto& [bound, index] : group.buckets) {
        const double v = columns[index].At(k);
        if (!IsAbsent(v) && !columns[index].IsHistogram(k)) buckets.push_back({bound, v});
      }
      if (!buckets.empty()) column.values[k] = classic(k, group.labels, buckets);
    }
    classic_of.emplace(group.labels, out.size());
    out.push_back(std::move(column));
  }
  for (const Column& input : columns) {
    if (input.histograms.empty()) continue;
    Column column = WideColumn(input.labels, steps);
    column.drop_name = input.drop_name;
    const auto same = classic_of.find(input.labels);
    for (std::size_t k = 0; k < steps; ++k) {
      const HistogramPtr& h = input.HistogramAt(k);
      if (!h) continue;
      if (same != classic_of.end() && out[same->second].Has(k)) {
        out[same->second].values[k] = Absent();
        evaluator.context().annotations.Warn(
            arg.range, ForMetric("vector contains a mix of classic and native histograms",
                                 input.labels.Get(kMetricName)));
        continue;
      }
      column.values[k] = native(k, input.labels, *h);
    }
    out.push_back(std::move(column));
  }
  std::erase_if(out, [](const Column& c) { return c.IsEmpty(); });
  return out;
}

void WarnAboutPhi(Evaluator& evaluator, const Expr& where, const std::vector<double>& phis) {
  for (const double phi : phis) {
    if (phi >= 0 && phi <= 1) continue;
    char text[80];
    std::snprintf(text, sizeof text, "quantile value should be between 0 and 1, got %g", phi);
    evaluator.context().annotations.Warn(
        where.range, std::isnan(phi) ? "quantile value should be between 0 and 1, got NaN" : text);
  }
}

std::vector<Column> Quantiles(Evaluator& evaluator, const Expr& arg,
                              const std::vector<Column>& columns, const std::vector<double>& phi) {
  Annotations& annotations = evaluator.context().annotations;
  const auto classic = [&](std::size_t k, const Labels& labels, std::vector<Bucket>& buckets) {
    BucketRepair repair;
    const double quantile = BucketQuantile(phi[k], buckets, repair);
    if (repair.needed) {
      const std::int64_t t = evaluator.grid().At(k);
      annotations.InfoRepaired(arg.range, std::string(labels.Get(kMetricName)),
                               {repair.lowest, repair.highest, repair.max_difference, t, t, 1});
    }
    return quantile;
  };
  const auto native = [&](std::size_t k, const Labels& labels, const FloatHistogram& h) {
    QuantileNotes notes;
    const double quantile = HistogramQuantileOf(phi[k], h, notes);
    if (notes.nan_result || notes.nan_skewed) {
      annotations.Info(arg.range,
                       ForMetric(std::string("input to histogram_quantile has NaN observations, "
                                             "result is ") +
                                     (notes.nan_result ? "NaN" : "skewed higher"),
                                 labels.Get(kMetricName)));
    }
    return quantile;
  };
  return OverHistograms(evaluator, arg, columns, classic, native);
}

Result<Value> HistogramQuantile(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto phi, evaluator.Scalars(*call.args[0]));
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[1]));
  WarnAboutPhi(evaluator, *call.args[0], phi);
  std::vector<Column> out = Quantiles(evaluator, *call.args[1], columns, phi);
  DROVER_CHECK(evaluator.DropNames(out));
  return Value::Vector(std::move(out));
}

Result<Value> HistogramQuantiles(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[0]));
  const std::string& label = Evaluator::String(*call.args[1]);
  std::vector<Column> out;
  for (std::size_t i = 2; i < call.args.size(); ++i) {
    DROVER_TRY(const auto phi, evaluator.Scalars(*call.args[i]));
    WarnAboutPhi(evaluator, *call.args[i], phi);
    std::string text;
    AppendGoFloat(text, phi.front());
    if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";  // as quantile=""
    for (Column& column : Quantiles(evaluator, *call.args[0], columns, phi)) {
      LabelsBuilder builder(column.labels);
      builder.Set(label, text);
      column.labels = builder.Build();
      out.push_back(std::move(column));
    }
  }
  DROVER_CHECK(evaluator.DropNames(out));
  return Value::Vector(std::move(out));
}

Result<Value> HistogramFraction(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto low, evaluator.Scalars(*call.args[0]));
  DROVER_TRY(const auto high, evaluator.Scalars(*call.args[1]));
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[2]));
  const Expr& arg = *call.args[2];
  const auto classic = [&](std::size_t k, const Labels&, std::vector<Bucket>& buckets) {
    return BucketFraction(low[k], high[k], buckets);
  };
  const auto native = [&](std::size_t k, const Labels& labels, const FloatHistogram& h) {
    bool has_nan = false;
    const double fraction = HistogramFractionOf(low[k], high[k], h, has_nan);
    if (has_nan) {
      evaluator.context().annotations.Info(
          arg.range, ForMetric("input to histogram_fraction has NaN observations, which are "
                               "excluded from all fractions",
                               labels.Get(kMetricName)));
    }
    return fraction;
  };
  std::vector<Column> out = OverHistograms(evaluator, arg, columns, classic, native);
  DROVER_CHECK(evaluator.DropNames(out));
  return Value::Vector(std::move(out));
}

double Count(const FloatHistogram& h) { return h.count; }
double Sum(const FloatHistogram& h) { return h.sum; }
double Average(const FloatHistogram& h) { return h.sum / h.count; }
double Stddev(const FloatHistogram& h) { return std::sqrt(HistogramVariance(h)); }

// Floats are ignored.
template <double (*f)(const FloatHistogram&)>
Result<Value> OfNative(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(auto columns, evaluator.Vector(*call.args[0]));
  for (Column& column : columns) {
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      const bool histogram = !column.histograms.empty() && column.histograms[i];
      column.values[i] = histogram ? f(*column.histograms[i]) : Absent();
    }
    column.histograms.clear();
  }
  std::erase_if(columns, [](const Column& c) { return c.IsEmpty(); });
  DROVER_CHECK(evaluator.DropNames(columns));
  return Value::Vector(std::move(columns));
}

constexpr FunctionRow kRows[] = {
    {"histogram_quantile", HistogramQuantile}, {"histogram_quantiles", HistogramQuantiles},
    {"histogram_fraction", HistogramFraction}, {"histogram_avg", OfNative<Average>},
    {"histogram_count", OfNative<Count>},      {"histogram_sum", OfNative<Sum>},
    {"histogram_stddev", OfNative<Stddev>},    {"histogram_stdvar", OfNative<HistogramVariance>},
};

}  // namespace

std::span<const FunctionRow> HistogramFunctions() { return kRows; }

}  // namespace drover::promql

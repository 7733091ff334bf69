#include <cmath>
#include <cstdio>
#include <limits>
#include <unordered_map>

#include "core/base/numbers.h"
#include "receiver/promql/functions/classic_histogram.h"
#include "receiver/promql/functions/table.h"

namespace drover::promql {
namespace {

struct ClassicGroup {
  Labels labels;  // without le
  bool drop_name = false;
  std::vector<std::pair<double, std::size_t>> buckets;  // upper bound, column
};

std::vector<ClassicGroup> GroupBuckets(Evaluator& evaluator, const Expr& arg,
                                       const std::vector<Column>& columns) {
  std::vector<ClassicGroup> groups;
  std::unordered_map<Labels, std::size_t, LabelsHash> numbers;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Labels& labels = columns[i].labels;
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

// Calls compute(step, buckets) -> double for every group and step that has buckets.
template <typename Compute>
Column OverGroup(Evaluator& evaluator, const std::vector<Column>& columns,
                 const ClassicGroup& group, Compute&& compute) {
  Column out = WideColumn(group.labels, evaluator.grid().size);
  out.drop_name = group.drop_name;
  std::vector<Bucket> buckets;
  for (std::size_t k = 0; k < out.values.size(); ++k) {
    buckets.clear();
    for (const auto& [bound, index] : group.buckets) {
      const double v = columns[index].At(k);
      if (!IsAbsent(v)) buckets.push_back({bound, v});
    }
    if (!buckets.empty()) out.values[k] = compute(k, buckets);
  }
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

Column QuantileColumn(Evaluator& evaluator, const Expr& arg, const std::vector<Column>& columns,
                      const ClassicGroup& group, const std::vector<double>& phi) {
  return OverGroup(evaluator, columns, group, [&](std::size_t k, std::vector<Bucket>& buckets) {
    BucketRepair repair;
    const double quantile = BucketQuantile(phi[k], buckets, repair);
    if (repair.needed) {
      const std::int64_t t = evaluator.grid().At(k);
      evaluator.context().annotations.InfoRepaired(
          arg.range, std::string(group.labels.Get(kMetricName)),
          {repair.lowest, repair.highest, repair.max_difference, t, t, 1});
    }
    return quantile;
  });
}

Result<Value> HistogramQuantile(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto phi, evaluator.Scalars(*call.args[0]));
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[1]));
  WarnAboutPhi(evaluator, *call.args[0], phi);
  std::vector<Column> out;
  for (const ClassicGroup& group : GroupBuckets(evaluator, *call.args[1], columns)) {
    out.push_back(QuantileColumn(evaluator, *call.args[1], columns, group, phi));
  }
  DROVER_CHECK(evaluator.DropNames(out));
  return Value::Vector(std::move(out));
}

Result<Value> HistogramQuantiles(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[0]));
  const std::string& label = Evaluator::String(*call.args[1]);
  const auto groups = GroupBuckets(evaluator, *call.args[0], columns);
  std::vector<Column> out;
  for (std::size_t i = 2; i < call.args.size(); ++i) {
    DROVER_TRY(const auto phi, evaluator.Scalars(*call.args[i]));
    WarnAboutPhi(evaluator, *call.args[i], phi);
    std::string text;
    AppendGoFloat(text, phi.front());
    if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";  // as quantile=""
    for (const ClassicGroup& group : groups) {
      out.push_back(QuantileColumn(evaluator, *call.args[0], columns, group, phi));
      LabelsBuilder builder(group.labels);
      builder.Set(label, text);
      out.back().labels = builder.Build();
    }
  }
  DROVER_CHECK(evaluator.DropNames(out));
  return Value::Vector(std::move(out));
}

Result<Value> HistogramFraction(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto low, evaluator.Scalars(*call.args[0]));
  DROVER_TRY(const auto high, evaluator.Scalars(*call.args[1]));
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[2]));
  std::vector<Column> out;
  for (const ClassicGroup& group : GroupBuckets(evaluator, *call.args[2], columns)) {
    out.push_back(
        OverGroup(evaluator, columns, group, [&](std::size_t k, std::vector<Bucket>& buckets) {
          return BucketFraction(low[k], high[k], buckets);
        }));
  }
  DROVER_CHECK(evaluator.DropNames(out));
  return Value::Vector(std::move(out));
}

// Floats are ignored, and histograms cannot reach this far yet.
Result<Value> OfNativeHistograms(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto columns, evaluator.Vector(*call.args[0]));
  return Value::Vector({});
}

constexpr FunctionRow kRows[] = {
    {"histogram_quantile", HistogramQuantile}, {"histogram_quantiles", HistogramQuantiles},
    {"histogram_fraction", HistogramFraction}, {"histogram_avg", OfNativeHistograms},
    {"histogram_count", OfNativeHistograms},   {"histogram_sum", OfNativeHistograms},
    {"histogram_stddev", OfNativeHistograms},  {"histogram_stdvar", OfNativeHistograms},
};

}  // namespace

std::span<const FunctionRow> HistogramFunctions() { return kRows; }

}  // namespace drover::promql

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <unordered_map>

#include "core/base/numbers.h"
#include "core/base/utf8.h"
#include "receiver/promql/aggregation/grouping.h"
#include "receiver/promql/histogram/trim.h"

namespace drover::promql {
namespace {

// FNV-1a of the labels, its bits mixed: the same in every build, unlike Labels::Hash.
std::uint64_t StableHash(const Labels& labels) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : labels.bytes()) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  hash ^= hash >> 31;
  hash *= 0x7FB5D329728EA185ULL;
  hash ^= hash >> 27;
  hash *= 0x81DADEF4BC2DD44DULL;
  return hash ^ (hash >> 33);
}

// Go's %v of a float.
std::string GoFloat(double v) {
  std::string out;
  AppendGoFloat(out, v);
  return out;
}

Result<std::int64_t> LimitOf(double k) {
  if (std::isnan(k)) return Fail(ErrorCode::kInvalid, "Parameter value is NaN");
  if (k <= -9223372036854775808.0) {
    return Fail(ErrorCode::kInvalid, "Scalar value " + GoFloat(k) + " underflows int64");
  }
  if (k >= 9223372036854775808.0) {
    return Fail(ErrorCode::kInvalid, "Scalar value " + GoFloat(k) + " overflows int64");
  }
  return static_cast<std::int64_t>(k);
}

// The first `limit` of `members` that have a value at the step.
void FirstK(const std::vector<Column>& columns, const AggregateGroup& group, std::size_t step,
            std::size_t limit, std::vector<std::size_t>& chosen) {
  for (const std::size_t index : group.members) {
    if (chosen.size() == limit) return;
    if (columns[index].Has(step)) chosen.push_back(index);
  }
}

// Best first; NaN is worst; of equals the earlier series.
void BestK(const std::vector<Column>& columns, const AggregateGroup& group, std::size_t step,
           std::size_t limit, bool largest, std::vector<std::size_t>& chosen) {
  for (const std::size_t index : group.members) {
    if (columns[index].Has(step) && !columns[index].IsHistogram(step)) chosen.push_back(index);
  }
  const auto better = [&](std::size_t a, std::size_t b) {
    const double x = columns[a].At(step);
    const double y = columns[b].At(step);
    if (std::isnan(x) || std::isnan(y)) {
      return std::isnan(x) == std::isnan(y) ? a < b : std::isnan(y);
    }
    if (x != y) return largest ? x > y : x < y;
    return a < b;
  };
  const std::size_t kept = std::min(limit, chosen.size());
  std::partial_sort(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(kept),
                    chosen.end(), better);
  chosen.resize(kept);
}

void ByRatio(const std::vector<Column>& columns, const AggregateGroup& group, std::size_t step,
             double ratio, std::vector<std::size_t>& chosen) {
  for (const std::size_t index : group.members) {
    if (!columns[index].Has(step)) continue;
    const double place =
        static_cast<double>(StableHash(columns[index].labels)) / 18446744073709551616.0;
    if (ratio >= 0 ? place < ratio : place >= 1 + ratio) chosen.push_back(index);
  }
}

Result<double> RatioOf(Evaluator& evaluator, const Expr& where, double ratio) {
  if (std::isnan(ratio)) return Fail(ErrorCode::kInvalid, "Ratio value is NaN");
  const double capped = std::clamp(ratio, -1.0, 1.0);
  if (capped != ratio) {
    char text[120];
    std::snprintf(text, sizeof text,
                  "ratio value should be between -1 and 1, got %g, capping to %g", ratio, capped);
    evaluator.context().annotations.Warn(where.range, text);
  }
  return capped;
}

}  // namespace

Result<std::vector<Column>> Choose(Evaluator& evaluator, const Aggregate& aggregate,
                                   std::vector<Column> columns,
                                   const std::vector<AggregateGroup>& groups,
                                   const std::vector<double>& param) {
  const std::size_t steps = evaluator.grid().size;
  const AggregateOp op = aggregate.op;
  std::vector<std::vector<double>> kept(columns.size());
  std::vector<std::size_t> order;  // of an instant query: as they come out
  std::vector<std::size_t> chosen;
  if (op == AggregateOp::kTopK || op == AggregateOp::kBottomK) {
    for (const Column& column : columns) {
      if (column.histograms.empty()) continue;
      evaluator.context().annotations.Info(
          aggregate.expr->range, "ignored histogram in " + std::string(Text(op)) + " aggregation");
    }
  }
  for (std::size_t k = 0; k < steps; ++k) {
    DROVER_CHECK(evaluator.context().Continue());
    std::int64_t limit = 0;
    double ratio = 0;
    if (op == AggregateOp::kLimitRatio) {
      DROVER_TRY(ratio, RatioOf(evaluator, *aggregate.param, param[k]));
    } else {
      DROVER_TRY(limit, LimitOf(param[k]));
      if (limit < 1) continue;
    }
    for (const AggregateGroup& group : groups) {
      chosen.clear();
      const auto most = static_cast<std::size_t>(limit);
      if (op == AggregateOp::kLimitRatio) {
        ByRatio(columns, group, k, ratio, chosen);
      } else if (op == AggregateOp::kLimitK) {
        FirstK(columns, group, k, most, chosen);
      } else {
        BestK(columns, group, k, most, op == AggregateOp::kTopK, chosen);
      }
      for (const std::size_t index : chosen) {
        if (kept[index].empty()) {
          kept[index].assign(columns[index].values.size(), Absent());
          order.push_back(index);
        }
        kept[index][k - columns[index].first] = columns[index].At(k);
      }
    }
  }
  std::vector<Column> out;
  for (const std::size_t index : order) {
    Column& column = columns[index];
    column.values = std::move(kept[index]);
    for (std::size_t i = 0; i < column.histograms.size(); ++i) {
      if (IsAbsent(column.values[i])) column.histograms[i].reset();
    }
    column.Trim();
    out.push_back(std::move(column));
  }
  return out;
}

Result<std::vector<Column>> CountValues(Evaluator& evaluator, const Aggregate& aggregate,
                                        const std::vector<Column>& columns,
                                        const std::vector<AggregateGroup>& groups) {
  const std::string& label = Evaluator::String(*aggregate.param);
  if (label.empty() || !IsValidUtf8(label)) {
    std::string text = "invalid label name ";
    AppendGoQuoted(text, label);
    return Fail(ErrorCode::kInvalid, text);
  }
  const std::size_t steps = evaluator.grid().size;
  std::vector<Column> out;
  std::unordered_map<Labels, std::size_t, LabelsHash> numbers;
  std::string text;
  for (const AggregateGroup& group : groups) {
    std::unordered_map<std::string, std::size_t> by_text;
    for (const std::size_t index : group.members) {
      const Column& column = columns[index];
      for (std::size_t i = 0; i < column.values.size(); ++i) {
        if (IsAbsent(column.values[i])) continue;
        text.clear();
        if (column.IsHistogram(column.first + i)) {
          text = HistogramText(*column.histograms[i]);
        } else {
          AppendFloatF(text, column.values[i]);
        }
        auto [it, fresh] = by_text.try_emplace(text, 0);
        if (fresh) {
          LabelsBuilder builder(group.labels);
          builder.Set(label, text);
          const auto [place, added] = numbers.try_emplace(builder.Build(), out.size());
          if (added) out.push_back(WideColumn(place->first, steps));
          it->second = place->second;
        }
        double& n = out[it->second].values[column.first + i];
        n = IsAbsent(n) ? 1 : n + 1;
      }
    }
  }
  return out;
}

}  // namespace drover::promql

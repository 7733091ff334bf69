#include "receiver/promql/signatures.h"

#include <algorithm>
#include <cstdint>

namespace drover::promql {
namespace {

constexpr ValueType S = ValueType::kScalar;
constexpr ValueType V = ValueType::kVector;
constexpr ValueType M = ValueType::kMatrix;
constexpr ValueType T = ValueType::kString;

const std::vector<Signature>& Table() {
  // Sorted by name.
  static const std::vector<Signature> table = [] {
    std::vector<Signature> t = {
        {"absent_over_time", {M}},
        {"absent", {V}},
        {"clamp", {V, S, S}},
        {"clamp_max", {V, S}},
        {"clamp_min", {V, S}},
        {"double_exponential_smoothing", {M, S, S}, 0, V, true},
        {"end", {}, 0, S, true},
        {"histogram_fraction", {S, S, V}},
        {"histogram_quantile", {S, V}},
        {"histogram_quantiles", {V, T, S}, -2, V, true},
        {"info", {V, V}, 1, V, true},
        {"label_join", {V, T, T, T}, -1},
        {"label_replace", {V, T, T, T, T}},
        {"max_of", {S, S}, 0, S, true},
        {"min_of", {S, S}, 0, S, true},
        {"pi", {}, 0, S},
        {"predict_linear", {M, S}},
        {"quantile_over_time", {S, M}},
        {"range", {}, 0, S, true},
        {"round", {V, S}, 1},
        {"scalar", {V}, 0, S},
        {"sort_by_label", {V, T}, -1, V, true},
        {"sort_by_label_desc", {V, T}, -1, V, true},
        {"start", {}, 0, S, true},
        {"start_timestamp", {V}, 0, V, true},
        {"step", {}, 0, S, true},
        {"time", {}, 0, S},
        {"timestamp", {V}},
        {"vector", {S}},
    };
    for (const char* name : {"abs",
                             "acos",
                             "acosh",
                             "asin",
                             "asinh",
                             "atan",
                             "atanh",
                             "ceil",
                             "cos",
                             "cosh",
                             "deg",
                             "exp",
                             "floor",
                             "ln",
                             "log10",
                             "log2",
                             "rad",
                             "sgn",
                             "sin",
                             "sinh",
                             "sort",
                             "sqrt",
                             "tan",
                             "tanh",
                             "sort_desc",
                             "histogram_avg",
                             "histogram_count",
                             "histogram_sum",
                             "histogram_stddev",
                             "histogram_stdvar"}) {
      t.push_back({name, {V}});
    }
    for (const char* name : {"avg_over_time", "changes", "count_over_time", "delta", "deriv",
                             "first_over_time", "idelta", "increase", "irate", "last_over_time",
                             "max_over_time", "min_over_time", "present_over_time", "rate",
                             "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time"}) {
      t.push_back({name, {M}});
    }
    for (const char* name : {"mad_over_time", "ts_of_first_over_time", "ts_of_last_over_time",
                             "ts_of_max_over_time", "ts_of_min_over_time"}) {
      t.push_back({name, {M}, 0, V, true});
    }
    for (const char* name : {"day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour",
                             "minute", "month", "year"}) {
      t.push_back({name, {V}, 1});
    }
    std::sort(t.begin(), t.end(),
              [](const Signature& a, const Signature& b) { return a.name < b.name; });
    return t;
  }();
  return table;
}

}  // namespace

std::size_t Signature::min_args() const {
  if (optional == -2) return args.size();
  return optional < 0 ? args.size() - 1 : args.size() - static_cast<std::size_t>(optional);
}

std::size_t Signature::max_args() const {
  if (optional == -2) return args.size() + 9;
  return optional < 0 ? SIZE_MAX : args.size();
}

const Signature* FindSignature(std::string_view name) {
  const auto& table = Table();
  const auto found =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const Signature& s, std::string_view wanted) { return s.name < wanted; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

std::span<const Signature> AllSignatures() { return Table(); }

}  // namespace drover::promql

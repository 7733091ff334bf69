#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "receiver/promql/functions/table.h"

namespace drover::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Applies f to every float; names go.
template <typename F>
Result<Value> ForEach(Evaluator& evaluator, const Call& call, F&& f) {
  DROVER_TRY(auto columns, evaluator.Vector(*call.args[0]));
  for (Column& column : columns) {
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      double& v = column.values[i];
      if (!column.histograms.empty() && column.histograms[i]) v = Absent();
      if (!IsAbsent(v)) v = f(v, column.first + i);
    }
    column.histograms.clear();
  }
  std::erase_if(columns, [](const Column& c) { return c.IsEmpty(); });
  DROVER_CHECK(evaluator.DropNames(columns));
  return Value::Vector(std::move(columns));
}

template <double (*f)(double)>
Result<Value> Map(Evaluator& evaluator, const Call& call) {
  return ForEach(evaluator, call, [](double v, std::size_t) { return f(v); });
}

double Sgn(double v) {
  if (std::isnan(v) || v == 0) return v;
  return v > 0 ? 1 : -1;
}
double Deg(double v) { return v * 180 / std::numbers::pi; }
double Rad(double v) { return v * std::numbers::pi / 180; }

double Clamped(double v, double low, double high) {
  if (std::isnan(low) || std::isnan(high) || std::isnan(v)) return kNan;
  return std::max(low, std::min(high, v));
}

Result<Value> Clamp(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto low, evaluator.Scalars(*call.args[1]));
  DROVER_TRY(const auto high, evaluator.Scalars(*call.args[2]));
  return ForEach(evaluator, call, [&](double v, std::size_t k) {
    return low[k] > high[k] ? Absent() : Clamped(v, low[k], high[k]);
  });
}

Result<Value> ClampMin(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto low, evaluator.Scalars(*call.args[1]));
  return ForEach(evaluator, call, [&](double v, std::size_t k) {
    return std::isnan(low[k]) || std::isnan(v) ? kNan : std::max(low[k], v);
  });
}

Result<Value> ClampMax(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(const auto high, evaluator.Scalars(*call.args[1]));
  return ForEach(evaluator, call, [&](double v, std::size_t k) {
    return std::isnan(high[k]) || std::isnan(v) ? kNan : std::min(high[k], v);
  });
}

Result<Value> Round(Evaluator& evaluator, const Call& call) {
  std::vector<double> to(evaluator.grid().size, 1);
  if (call.args.size() > 1) {
    DROVER_TRY(to, evaluator.Scalars(*call.args[1]));
  }
  return ForEach(evaluator, call, [&](double v, std::size_t k) {
    const double inverse = 1 / to[k];
    return std::floor(v * inverse + 0.5) / inverse;
  });
}

constexpr FunctionRow kRows[] = {
    {"abs", Map<std::fabs>},    {"ceil", Map<std::ceil>},   {"exp", Map<std::exp>},
    {"floor", Map<std::floor>}, {"ln", Map<std::log>},      {"log2", Map<std::log2>},
    {"log10", Map<std::log10>}, {"sqrt", Map<std::sqrt>},   {"sgn", Map<Sgn>},
    {"sin", Map<std::sin>},     {"cos", Map<std::cos>},     {"tan", Map<std::tan>},
    {"asin", Map<std::asin>},   {"acos", Map<std::acos>},   {"atan", Map<std::atan>},
    {"sinh", Map<std::sinh>},   {"cosh", Map<std::cosh>},   {"tanh", Map<std::tanh>},
    {"asinh", Map<std::asinh>}, {"acosh", Map<std::acosh>}, {"atanh", Map<std::atanh>},
    {"deg", Map<Deg>},          {"rad", Map<Rad>},          {"clamp", Clamp},
    {"clamp_min", ClampMin},    {"clamp_max", ClampMax},    {"round", Round},
};

}  // namespace

std::span<const FunctionRow> ElementFunctions() { return kRows; }

}  // namespace drover::promql

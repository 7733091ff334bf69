#include <cmath>
#include <limits>

#include "receiver/promql/eval/arithmetic.h"
#include "receiver/promql/eval/column.h"
#include "receiver/promql/functions/range_kernels.h"

namespace drover::promql {
namespace {

struct Line {
  double slope;
  double intercept;
};

// Least squares; x in seconds from `origin`.
Line Fit(const FloatWindow& w, std::int64_t origin) {
  CompensatedSum sum_x, sum_y, sum_xy, sum_x2;
  bool constant = true;
  const double first = w.v[0];
  for (std::size_t i = 0; i < w.n; ++i) {
    if (i > 0 && w.v[i] != first) constant = false;
    const double x = static_cast<double>(w.t[i] - origin) / 1000;
    sum_x.Add(x);
    sum_y.Add(w.v[i]);
    sum_xy.Add(x * w.v[i]);
    sum_x2.Add(x * x);
  }
  if (constant) {
    if (std::isinf(first)) {
      const double nan = std::numeric_limits<double>::quiet_NaN();
      return {nan, nan};
    }
    return {0, first};
  }
  const double n = static_cast<double>(w.n);
  const double covariance = sum_xy.Total() - sum_x.Total() * sum_y.Total() / n;
  const double variance = sum_x2.Total() - sum_x.Total() * sum_x.Total() / n;
  const double slope = covariance / variance;
  return {slope, sum_y.Total() / n - slope * sum_x.Total() / n};
}

}  // namespace

double Deriv(const FloatWindow& w) { return w.n < 2 ? Absent() : Fit(w, w.t[0]).slope; }

double PredictLinear(const FloatWindow& w) {
  if (w.n < 2) return Absent();
  const Line line = Fit(w, w.now);
  return line.slope * w.p1 + line.intercept;
}

double DoubleExponentialSmoothing(const FloatWindow& w) {
  if (w.n < 2) return Absent();
  const double smoothing = w.p1;
  const double trend_factor = w.p2;
  double before = 0;
  double level = w.v[0];
  double trend = w.v[1] - w.v[0];
  for (std::size_t i = 1; i < w.n; ++i) {
    if (i > 1) trend = trend_factor * (level - before) + (1 - trend_factor) * trend;
    before = level;
    level = smoothing * w.v[i] + (1 - smoothing) * (level + trend);
  }
  return level;
}

}  // namespace drover::promql

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "receiver/promql/aggregation/grouping.h"
#include "receiver/promql/eval/arithmetic.h"
#include "receiver/promql/functions/range_kernels.h"

namespace drover::promql {
namespace {

double Seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

double Variance(const FloatWindow& w) {  // Welford
  double n = 0;
  CompensatedSum mean, squares;
  for (std::size_t i = 0; i < w.n; ++i) {
    ++n;
    const double delta = w.v[i] - mean.Total();
    mean.Add(delta / n);
    squares.Add(delta * (w.v[i] - mean.Total()));
  }
  return squares.Total() / n;
}

template <bool smaller>
std::size_t ExtremeIndex(const FloatWindow& w, bool last) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < w.n; ++i) {
    const double v = w.v[i];
    const double b = w.v[best];
    if ((smaller ? v < b : v > b) || std::isnan(b) || (last && v == b)) best = i;
  }
  return best;
}

}  // namespace

double SumOverTime(const FloatWindow& w) {
  CompensatedSum sum;
  for (std::size_t i = 0; i < w.n; ++i) sum.Add(w.v[i]);
  return sum.Total();
}

double AvgOverTime(const FloatWindow& w) {
  CompensatedMean mean;
  for (std::size_t i = 0; i < w.n; ++i) mean.Add(w.v[i]);
  return mean.Mean();
}

double MinOverTime(const FloatWindow& w) { return w.v[ExtremeIndex<true>(w, false)]; }
double MaxOverTime(const FloatWindow& w) { return w.v[ExtremeIndex<false>(w, false)]; }
double CountOverTime(const FloatWindow& w) { return static_cast<double>(w.n); }
double PresentOverTime(const FloatWindow&) { return 1; }
double StddevOverTime(const FloatWindow& w) { return std::sqrt(Variance(w)); }
double StdvarOverTime(const FloatWindow& w) { return Variance(w); }

double QuantileOverTime(const FloatWindow& w) {
  std::vector<double> values(w.v, w.v + w.n);
  return Quantile(w.p1, values);
}

double MadOverTime(const FloatWindow& w) {
  for (std::size_t i = 0; i < w.n; ++i) {
    if (std::isnan(w.v[i])) return w.v[i];
  }
  std::vector<double> values(w.v, w.v + w.n);
  const double median = Quantile(0.5, values);
  for (double& v : values) v = std::fabs(v - median);
  return Quantile(0.5, values);
}

double FirstOverTime(const FloatWindow& w) { return w.v[0]; }
double LastOverTime(const FloatWindow& w) { return w.v[w.n - 1]; }
double TsOfFirstOverTime(const FloatWindow& w) { return Seconds(w.t[0]); }
double TsOfLastOverTime(const FloatWindow& w) { return Seconds(w.t[w.n - 1]); }
double TsOfMinOverTime(const FloatWindow& w) { return Seconds(w.t[ExtremeIndex<true>(w, true)]); }
double TsOfMaxOverTime(const FloatWindow& w) { return Seconds(w.t[ExtremeIndex<false>(w, true)]); }

}  // namespace drover::promql

// Inside the engine: functions over one window of floats.
#pragma once

#include <cstddef>
#include <cstdint>

namespace drover::promql {

// Samples with begin < t <= end, at least one.
struct FloatWindow {
  const std::int64_t* t;
  const double* v;
  std::size_t n;
  std::int64_t begin;
  std::int64_t end;
  std::int64_t now;  // time of the step
  double p1, p2;     // scalar arguments
  // Positions i (counted from t) with v[i] < v[i - 1], i >= 1; only for functions that ask.
  const std::uint32_t* drops;
  std::size_t drop_count;
  std::uint32_t drop_base;  // subtract from each
};

// Absent() when there is no result.
using RangeKernel = double (*)(const FloatWindow& window);

double Rate(const FloatWindow& w);
double Increase(const FloatWindow& w);
double Delta(const FloatWindow& w);
double Irate(const FloatWindow& w);
double Idelta(const FloatWindow& w);
double Resets(const FloatWindow& w);
double Changes(const FloatWindow& w);

double Deriv(const FloatWindow& w);
double PredictLinear(const FloatWindow& w);
double DoubleExponentialSmoothing(const FloatWindow& w);

double SumOverTime(const FloatWindow& w);
double AvgOverTime(const FloatWindow& w);
double MinOverTime(const FloatWindow& w);
double MaxOverTime(const FloatWindow& w);
double CountOverTime(const FloatWindow& w);
double PresentOverTime(const FloatWindow& w);
double StddevOverTime(const FloatWindow& w);
double StdvarOverTime(const FloatWindow& w);
double QuantileOverTime(const FloatWindow& w);
double MadOverTime(const FloatWindow& w);
double FirstOverTime(const FloatWindow& w);
double LastOverTime(const FloatWindow& w);
double TsOfFirstOverTime(const FloatWindow& w);
double TsOfLastOverTime(const FloatWindow& w);
double TsOfMinOverTime(const FloatWindow& w);
double TsOfMaxOverTime(const FloatWindow& w);

}  // namespace drover::promql

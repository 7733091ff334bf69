#include "receiver/promql/histogram/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "receiver/promql/eval/arithmetic.h"
#include "receiver/promql/histogram/buckets.h"

namespace drover::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// The place of a fraction of the way through a bucket.
double Interpolated(const FloatHistogram& h, const Range& r, double fraction) {
  if (h.UsesCustomBuckets() || r.zero) return r.lower + (r.upper - r.lower) * fraction;
  const double lower = std::log2(std::fabs(r.lower));
  const double upper = std::log2(std::fabs(r.upper));
  if (r.lower > 0) return std::exp2(lower + (upper - lower) * fraction);
  return -std::exp2(upper + (lower - upper) * (1 - fraction));
}

// How much of a bucket lies at or below `v`.
double ShareBelow(const FloatHistogram& h, const Range& r, double v) {
  if (v <= r.lower) return 0;
  if (v >= r.upper) return 1;
  if (h.UsesCustomBuckets() || r.zero) return (v - r.lower) / (r.upper - r.lower);
  const double lower = std::log2(std::fabs(r.lower));
  const double upper = std::log2(std::fabs(r.upper));
  const double at = std::log2(std::fabs(v));
  return r.lower > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

}  // namespace

double HistogramQuantileOf(double phi, const FloatHistogram& h, QuantileNotes& notes) {
  if (std::isnan(phi)) return kNan;
  if (phi < 0) return -kInf;
  if (phi > 1) return kInf;
  if (h.count == 0 || std::isnan(h.count)) return kNan;
  const std::vector<Range> ranges = Ascending(h, true);
  if (ranges.empty()) {
    if (std::isnan(h.sum)) notes.nan_result = true;
    return kNan;
  }
  double total = 0;
  for (const Range& r : ranges) total += r.count;
  const bool upwards = std::isnan(h.sum) || phi < 0.5;
  double rank = upwards ? phi * h.count : (1 - phi) * h.count;
  if (std::isnan(h.sum) && h.count > total && rank > total) {
    notes.nan_result = true;
    return kNan;
  }
  if (std::isnan(h.sum) && h.count > total) notes.nan_skewed = true;
  double count = 0;
  std::size_t i = upwards ? 0 : ranges.size() - 1;
  while (true) {
    count += ranges[i].count;
    if (count >= rank) break;
    if (upwards ? i + 1 == ranges.size() : i == 0) break;
    i = upwards ? i + 1 : i - 1;
  }
  Range bucket = ranges[i];
  if (h.UsesCustomBuckets()) {
    if (bucket.lower == -kInf) {
      if (bucket.upper <= 0) return bucket.upper;
      bucket.lower = 0;
    }
    if (bucket.upper == kInf) return bucket.lower;
  }
  rank = upwards ? rank - (count - bucket.count) : count - rank;
  return Interpolated(h, bucket, rank / bucket.count);
}

double HistogramFractionOf(double low, double high, const FloatHistogram& h, bool& has_nan) {
  if (h.count == 0 || std::isnan(low) || std::isnan(high) || std::isnan(h.count)) return kNan;
  const std::vector<Range> ranges = Ascending(h, true);
  double total = 0;
  for (const Range& r : ranges) total += r.count;
  has_nan = std::isnan(h.sum) && h.count > total;
  if (low >= high) return 0;
  const auto rank = [&](double v) {
    double below = 0;
    for (Range r : ranges) {
      if (h.UsesCustomBuckets()) {
        if (r.lower == -kInf && r.upper > 0 && v < r.upper) r.lower = 0;
        if (r.lower == -kInf) {  // no division of a bucket without an end: below all of it
          if (v > -kInf) below += r.count;
          continue;
        }
        if (r.upper == kInf) {
          if (v == kInf) below += r.count;
          continue;
        }
      }
      below += r.count * ShareBelow(h, r, v);
    }
    return below;
  };
  return (rank(high) - rank(low)) / h.count;
}

double HistogramVariance(const FloatHistogram& h) {
  const double mean = h.sum / h.count;
  CompensatedSum sum;
  for (const Range& r : Ascending(h, false)) {
    double middle = 0;
    if (h.UsesCustomBuckets()) {
      middle = (r.lower + r.upper) / 2;
      if (r.lower == -kInf) middle = r.upper > 0 ? r.upper / 2 : r.upper;
      if (r.upper == kInf) middle = r.lower;
    } else if (!r.zero) {
      middle = std::sqrt(r.lower * r.upper);
      if (r.upper <= 0) middle = -middle;
    }
    const double delta = middle - mean;
    sum.Add(r.count * delta * delta);
  }
  return sum.Total() / h.count;
}

}  // namespace drover::promql

#include <cmath>

#include "receiver/promql/eval/column.h"
#include "receiver/promql/functions/range_kernels.h"

namespace drover::promql {
namespace {

double Seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

// The difference over the window, extended to its ends where the samples come close enough to
// them.
double Extrapolated(const FloatWindow& w, bool counter, bool per_second) {
  if (w.n < 2) return Absent();
  double difference = w.v[w.n - 1] - w.v[0];
  if (counter) {
    for (std::size_t i = 0; i < w.drop_count; ++i) {
      difference += w.v[w.drops[i] - w.drop_base - 1];
    }
  }
  double to_start = Seconds(w.t[0] - w.begin);
  double to_end = Seconds(w.end - w.t[w.n - 1]);
  const double sampled = Seconds(w.t[w.n - 1] - w.t[0]);
  const double mean_distance = sampled / static_cast<double>(w.n - 1);
  const double limit = mean_distance * 1.1;
  if (to_start >= limit) to_start = mean_distance / 2;
  if (counter && difference > 0 && w.v[0] >= 0) {
    // A counter does not begin below zero.
    const double to_zero = sampled * (w.v[0] / difference);
    if (to_zero < to_start) to_start = to_zero;
  }
  if (to_end >= limit) to_end = mean_distance / 2;
  double factor = (sampled + to_start + to_end) / sampled;
  if (per_second) factor /= Seconds(w.end - w.begin);
  return difference * factor;
}

double Instant(const FloatWindow& w, bool rate) {
  if (w.n < 2) return Absent();
  const double last = w.v[w.n - 1];
  const double before = w.v[w.n - 2];
  const std::int64_t distance = w.t[w.n - 1] - w.t[w.n - 2];
  if (distance == 0) return Absent();
  const double difference = rate && last < before ? last : last - before;
  return rate ? difference / Seconds(distance) : difference;
}

}  // namespace

double Rate(const FloatWindow& w) { return Extrapolated(w, true, true); }
double Increase(const FloatWindow& w) { return Extrapolated(w, true, false); }
double Delta(const FloatWindow& w) { return Extrapolated(w, false, false); }
double Irate(const FloatWindow& w) { return Instant(w, true); }
double Idelta(const FloatWindow& w) { return Instant(w, false); }

double Resets(const FloatWindow& w) { return static_cast<double>(w.drop_count); }

double Changes(const FloatWindow& w) {
  std::size_t changes = 0;
  for (std::size_t i = 1; i < w.n; ++i) {
    const bool both_nan = std::isnan(w.v[i]) && std::isnan(w.v[i - 1]);
    if (w.v[i] != w.v[i - 1] && !both_nan) ++changes;
  }
  return static_cast<double>(changes);
}

}  // namespace drover::promql

#include "receiver/promql/functions/classic_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace drover::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kTolerance = 1e-12;

// False when they are not a histogram.
bool Prepare(std::vector<Bucket>& buckets, BucketRepair& repair) {
  std::sort(buckets.begin(), buckets.end(),
            [](const Bucket& a, const Bucket& b) { return a.upper_bound < b.upper_bound; });
  if (buckets.empty() || buckets.back().upper_bound != std::numeric_limits<double>::infinity()) {
    return false;
  }
  std::size_t kept = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper_bound == buckets[kept].upper_bound) {
      buckets[kept].count += buckets[i].count;
    } else {
      buckets[++kept] = buckets[i];
    }
  }
  buckets.resize(kept + 1);
  double before = buckets[0].count;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].count;
    const double difference = std::fabs(count - before);
    if (count == before) continue;
    if (difference <= kTolerance * (std::fabs(count) + std::fabs(before)) ||
        (std::isnan(count) && std::isnan(before))) {
      count = before;  // rounding of sums: not worth a word
    } else if (count < before) {
      if (!repair.needed) repair.lowest = buckets[i].upper_bound;
      repair.highest = buckets[i].upper_bound;
      repair.max_difference = std::max(repair.max_difference, before - count);
      repair.needed = true;
      count = before;
    }
    before = count;
  }
  return true;
}

}  // namespace

double BucketQuantile(double phi, std::vector<Bucket>& buckets, BucketRepair& repair) {
  if (std::isnan(phi)) return kNan;
  if (phi < 0) return -std::numeric_limits<double>::infinity();
  if (phi > 1) return std::numeric_limits<double>::infinity();
  if (!Prepare(buckets, repair) || buckets.size() < 2) return kNan;
  const double total = buckets.back().count;
  if (total == 0 || std::isnan(total)) return kNan;
  const double rank = phi * total;
  std::size_t b = 0;
  while (b + 1 < buckets.size() && buckets[b].count < rank) ++b;
  if (b == buckets.size() - 1) return buckets[buckets.size() - 2].upper_bound;
  if (b == 0 && buckets[0].upper_bound <= 0) return buckets[0].upper_bound;
  const double start = b == 0 ? 0 : buckets[b - 1].upper_bound;
  const double before = b == 0 ? 0 : buckets[b - 1].count;
  return start + (buckets[b].upper_bound - start) * ((rank - before) / (buckets[b].count - before));
}

double BucketFraction(double low, double high, std::vector<Bucket>& buckets) {
  BucketRepair repair;
  if (!Prepare(buckets, repair)) return kNan;
  const double total = buckets.back().count;
  if (total == 0 || std::isnan(low) || std::isnan(high)) return kNan;
  if (low >= high) return 0;
  const auto rank = [&](double bound) {
    double before = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      const double upper = buckets[i].upper_bound;
      if (bound < upper) {
        double lower =
            i == 0 ? -std::numeric_limits<double>::infinity() : buckets[i - 1].upper_bound;
        if (i == 0 && upper > 0) lower = 0;
        if (bound <= lower) return before;
        // Buckets without an end are not divided: below all of them, above none.
        if (std::isinf(lower)) return buckets[i].count;
        if (std::isinf(upper)) return before;
        return before + (buckets[i].count - before) * (bound - lower) / (upper - lower);
      }
      before = buckets[i].count;
      if (bound == upper) return before;
    }
    return total;
  };
  return (rank(high) - rank(low)) / total;
}

}  // namespace drover::promql

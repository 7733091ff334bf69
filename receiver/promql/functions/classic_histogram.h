// Inside the engine: quantiles and fractions of histograms kept as _bucket series.
#pragma once

#include <cstddef>
#include <vector>

namespace drover::promql {

struct Bucket {
  double upper_bound = 0;
  double count = 0;  // cumulative
};

// What had to be repaired to make counts rise.
struct BucketRepair {
  bool needed = false;
  double lowest = 0;
  double highest = 0;
  double max_difference = 0;
};

// Sorts and repairs `buckets` in place.
double BucketQuantile(double phi, std::vector<Bucket>& buckets, BucketRepair& repair);
double BucketFraction(double low, double high, std::vector<Bucket>& buckets);

}  // namespace drover::promql

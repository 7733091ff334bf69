#include "receiver/promql/histogram/trim.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/numbers.h"
#include "receiver/promql/histogram/buckets.h"

namespace drover::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct Kept {
  double share = 0;
  double middle = 0;
};

double Middle(bool linear, double lower, double upper) {
  if (lower == -kInf) return upper > 0 ? upper / 2 : upper;
  if (upper == kInf) return lower;
  if (linear) return (lower + upper) / 2;
  const double middle = std::sqrt(lower * upper);
  return upper <= 0 ? -middle : middle;
}

// How much of [lower, upper] lies at or below x, which is inside.
double Below(bool linear, double lower, double upper, double x) {
  if (linear) return (x - lower) / (upper - lower);
  const double a = std::log2(std::fabs(lower));
  const double b = std::log2(std::fabs(upper));
  const double at = std::log2(std::fabs(x));
  return lower > 0 ? (at - a) / (b - a) : (a - at) / (a - b);
}

Kept KeptOf(const Range& r, double x, bool upper, bool linear) {
  const Kept all{1, Middle(linear, r.lower, r.upper)};
  if (r.lower == -kInf) {
    if (upper) {
      if (x >= r.upper || (r.upper <= 0 && x > -kInf))
        return x >= r.upper ? all : Kept{1, std::min(x, r.upper)};
      if (x > 0 && r.upper > 0) return {x / r.upper, x / 2};
      return {};
    }
    if (x == -kInf) return all;
    if (x >= 0 && x < r.upper && r.upper < kInf) return {1 - x / r.upper, (x + r.upper) / 2};
    return {};
  }
  if (r.upper == kInf) {
    if (upper) return x == kInf ? all : Kept{};
    if (x == kInf) return {};
    return {1, std::max(r.lower, x)};
  }
  if (upper) {
    if (x >= r.upper) return all;
    if (x <= r.lower) return {};
    return {Below(linear, r.lower, r.upper, x), Middle(linear, r.lower, x)};
  }
  if (x <= r.lower) return all;
  if (x >= r.upper) return {};
  return {1 - Below(linear, r.lower, r.upper, x), Middle(linear, x, r.upper)};
}

}  // namespace

FloatHistogram Trimmed(const FloatHistogram& h, double x, bool upper) {
  FloatHistogram out = h;
  bool cut = false;
  double count = 0;
  double sum = 0;
  const auto keep = [&](const Range& r, double& bucket) {
    const Kept kept = KeptOf(r, x, upper, r.zero || h.UsesCustomBuckets());
    if (kept.share != 1) cut = true;
    bucket = r.count * kept.share;
    count += bucket;
    if (bucket != 0) sum += bucket * kept.middle;
  };
  Buckets positive = Unpacked(h.positive_spans, h.positive_buckets);
  Buckets negative = Unpacked(h.negative_spans, h.negative_buckets);
  for (auto& [index, bucket] : positive) {
    if (bucket != 0) keep({LowerBound(h, index), UpperBound(h, index), bucket, false}, bucket);
  }
  for (auto& [index, bucket] : negative) {
    if (bucket != 0) keep({-UpperBound(h, index), -LowerBound(h, index), bucket, false}, bucket);
  }
  for (const Range& r : Ascending(h, true)) {
    if (r.zero) keep(r, out.zero_count);
  }
  if (!cut) return out;
  out.count = count;
  out.sum = sum;
  Pack(positive, out.positive_spans, out.positive_buckets);
  Pack(negative, out.negative_spans, out.negative_buckets);
  return out;
}

std::string HistogramText(const FloatHistogram& h) {
  std::string out = "{count:";
  AppendGoFloat(out, h.count);
  out += ", sum:";
  AppendGoFloat(out, h.sum);
  for (const Range& r : Ascending(h, false)) {
    const bool open_left = !r.zero && r.lower >= 0;
    const bool closed_first = r.lower == -kInf;
    out += ", ";
    out += open_left || (h.UsesCustomBuckets() && !closed_first) ? "(" : "[";
    AppendGoFloat(out, r.lower);
    out += ",";
    AppendGoFloat(out, r.upper);
    out += r.zero || open_left || h.UsesCustomBuckets() ? "]:" : "):";
    AppendGoFloat(out, r.count);
  }
  return out + "}";
}

}  // namespace drover::promql

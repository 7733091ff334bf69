#include "receiver/promql/histogram/buckets.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace drover::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

void Reduce(Buckets& buckets, int by) {
  Buckets out;
  for (const auto& [index, count] : buckets) {
    const std::int32_t merged = ((index - 1) >> by) + 1;
    if (!out.empty() && out.back().first == merged) {
      out.back().second += count;
    } else {
      out.emplace_back(merged, count);
    }
  }
  buckets = std::move(out);
}

// Moves what lies below `threshold` into `zero`; true when the threshold had to grow.
bool Absorb(const FloatHistogram& h, const Buckets& buckets, double& threshold, double& zero) {
  for (const auto& [index, count] : buckets) {
    if (LowerBound(h, index) >= threshold) break;
    zero += count;
    const double upper = UpperBound(h, index);
    if (upper > threshold) {
      if (count == 0) break;
      threshold = upper;
      return true;
    }
  }
  return false;
}

bool SameBits(double a, double b) {
  return a == b || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

Buckets Filled(Buckets buckets) {
  std::erase_if(buckets, [](const auto& b) { return b.second == 0; });
  return buckets;
}

}  // namespace

Buckets Unpacked(const std::vector<HistogramSpan>& spans, const std::vector<double>& counts) {
  Buckets out;
  out.reserve(counts.size());
  std::int32_t index = 0;
  std::size_t next = 0;
  for (const HistogramSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && next < counts.size(); ++i) {
      out.emplace_back(index++, counts[next++]);
    }
  }
  return out;
}

void Pack(const Buckets& buckets, std::vector<HistogramSpan>& spans, std::vector<double>& counts) {
  spans.clear();
  counts.clear();
  std::int32_t next = 0;
  for (const auto& [index, count] : buckets) {
    if (count == 0) continue;
    if (spans.empty() || index != next) {
      spans.push_back({index - next, 1});
    } else {
      ++spans.back().length;
    }
    counts.push_back(count);
    next = index + 1;
  }
}

double UpperBound(const FloatHistogram& h, std::int32_t index) {
  if (h.UsesCustomBuckets()) {
    if (index < 0) return -kInf;
    const auto i = static_cast<std::size_t>(index);
    return i < h.custom_values.size() ? h.custom_values[i] : kInf;
  }
  if (h.schema < 0) return std::ldexp(1.0, static_cast<int>(index) << -h.schema);
  // The whole part of the exponent exactly, so that powers of two are exact.
  const std::int32_t per_octave = 1 << h.schema;
  const std::int32_t whole = index >> h.schema;
  const std::int32_t part = index & (per_octave - 1);
  const double fraction = static_cast<double>(part) / per_octave;
  return std::ldexp(std::exp2(fraction), whole);
}

double LowerBound(const FloatHistogram& h, std::int32_t index) { return UpperBound(h, index - 1); }

std::vector<Range> Ascending(const FloatHistogram& h, bool cut_zero) {
  const Buckets positive = Unpacked(h.positive_spans, h.positive_buckets);
  const Buckets negative = Unpacked(h.negative_spans, h.negative_buckets);
  std::vector<Range> out;
  for (auto it = negative.rbegin(); it != negative.rend(); ++it) {
    if (it->second == 0) continue;
    out.push_back({-UpperBound(h, it->first), -LowerBound(h, it->first), it->second, false});
  }
  if (h.zero_count != 0) {
    Range zero{-h.zero_threshold, h.zero_threshold, h.zero_count, true};
    const bool has_negative = !out.empty();
    const bool has_positive =
        std::any_of(positive.begin(), positive.end(), [](const auto& b) { return b.second != 0; });
    if (cut_zero && has_positive && !has_negative) zero.lower = 0;
    if (cut_zero && has_negative && !has_positive) zero.upper = 0;
    out.push_back(zero);
  }
  for (const auto& [index, count] : positive) {
    if (count != 0) out.push_back({LowerBound(h, index), UpperBound(h, index), count, false});
  }
  return out;
}

void ReduceTo(FloatHistogram& h, std::int32_t schema) {
  if (h.schema <= schema || h.UsesCustomBuckets()) return;
  Buckets positive = Unpacked(h.positive_spans, h.positive_buckets);
  Buckets negative = Unpacked(h.negative_spans, h.negative_buckets);
  Reduce(positive, h.schema - schema);
  Reduce(negative, h.schema - schema);
  Pack(positive, h.positive_spans, h.positive_buckets);
  Pack(negative, h.negative_spans, h.negative_buckets);
  h.schema = schema;
}

void WidenZero(FloatHistogram& h, double threshold) {
  if (threshold <= h.zero_threshold) return;
  Buckets positive = Unpacked(h.positive_spans, h.positive_buckets);
  Buckets negative = Unpacked(h.negative_spans, h.negative_buckets);
  double zero = 0;
  bool grew = true;
  while (grew) {
    zero = h.zero_count;
    grew = Absorb(h, positive, threshold, zero) || Absorb(h, negative, threshold, zero);
  }
  const auto inside = [&](const auto& b) { return LowerBound(h, b.first) < threshold; };
  std::erase_if(positive, inside);
  std::erase_if(negative, inside);
  h.zero_count = zero;
  h.zero_threshold = threshold;
  Pack(positive, h.positive_spans, h.positive_buckets);
  Pack(negative, h.negative_spans, h.negative_buckets);
}

void Compact(FloatHistogram& h) {
  Pack(Unpacked(h.positive_spans, h.positive_buckets), h.positive_spans, h.positive_buckets);
  Pack(Unpacked(h.negative_spans, h.negative_buckets), h.negative_spans, h.negative_buckets);
}

bool SameHistogram(const FloatHistogram& a, const FloatHistogram& b) {
  return a.schema == b.schema && SameBits(a.zero_threshold, b.zero_threshold) &&
         SameBits(a.zero_count, b.zero_count) && SameBits(a.count, b.count) &&
         SameBits(a.sum, b.sum) && a.custom_values == b.custom_values &&
         Filled(Unpacked(a.positive_spans, a.positive_buckets)) ==
             Filled(Unpacked(b.positive_spans, b.positive_buckets)) &&
         Filled(Unpacked(a.negative_spans, a.negative_buckets)) ==
             Filled(Unpacked(b.negative_spans, b.negative_buckets));
}

std::size_t SampleSize(const FloatHistogram& h) {
  const std::size_t bytes =
      160 + 8 * (h.positive_buckets.size() + h.negative_buckets.size() + h.positive_spans.size() +
                 h.negative_spans.size() + h.custom_values.size());
  return bytes / 16;
}

}  // namespace drover::promql

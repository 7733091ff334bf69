#include "receiver/promql/histogram/arithmetic.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "receiver/promql/histogram/buckets.h"

namespace drover::promql {
namespace {

Buckets Merged(const Buckets& a, const Buckets& b, double sign) {
  std::map<std::int32_t, double> sums;
  for (const auto& [index, count] : a) sums[index] += count;
  for (const auto& [index, count] : b) sums[index] += sign * count;
  return {sums.begin(), sums.end()};
}

CounterResetHint HintOf(CounterResetHint a, CounterResetHint b, bool& conflict) {
  if (a == b) return a;
  if (a == CounterResetHint::kGauge || b == CounterResetHint::kGauge) {
    return CounterResetHint::kGauge;
  }
  if (a != CounterResetHint::kUnknown && b != CounterResetHint::kUnknown) conflict = true;
  return CounterResetHint::kUnknown;
}

// Custom buckets over other, fewer bounds (all of them bounds of h too).
void Rebound(FloatHistogram& h, const std::vector<double>& bounds) {
  if (h.custom_values == bounds) return;
  std::map<std::int32_t, double> sums;
  for (const auto& [index, count] : Unpacked(h.positive_spans, h.positive_buckets)) {
    const auto to = std::lower_bound(bounds.begin(), bounds.end(), UpperBound(h, index));
    sums[static_cast<std::int32_t>(to - bounds.begin())] += count;
  }
  Pack({sums.begin(), sums.end()}, h.positive_spans, h.positive_buckets);
  h.custom_values = bounds;
}

// Brings both to the same buckets; false when that cannot be.
bool Align(FloatHistogram& a, FloatHistogram& b, bool& rebounded) {
  if (a.UsesCustomBuckets() != b.UsesCustomBuckets()) return false;
  if (a.UsesCustomBuckets()) {
    if (a.custom_values == b.custom_values) return true;
    std::vector<double> common;
    std::set_intersection(a.custom_values.begin(), a.custom_values.end(), b.custom_values.begin(),
                          b.custom_values.end(), std::back_inserter(common));
    Rebound(a, common);
    Rebound(b, common);
    rebounded = true;
    return true;
  }
  while (a.zero_threshold != b.zero_threshold) {
    const double threshold = std::max(a.zero_threshold, b.zero_threshold);
    WidenZero(a, threshold);
    WidenZero(b, threshold);
  }
  const std::int32_t schema = std::min(a.schema, b.schema);
  ReduceTo(a, schema);
  ReduceTo(b, schema);
  return true;
}

template <typename F>
FloatHistogram Scaled(FloatHistogram h, F f) {
  h.zero_count = f(h.zero_count);
  h.count = f(h.count);
  h.sum = f(h.sum);
  for (double& v : h.positive_buckets) v = f(v);
  for (double& v : h.negative_buckets) v = f(v);
  return h;
}

bool AnyFell(const Buckets& before, const Buckets& now) {
  auto it = now.begin();
  for (const auto& [index, count] : before) {
    while (it != now.end() && it->first < index) ++it;
    const double current = it != now.end() && it->first == index ? it->second : 0;
    if (current < count) return true;
  }
  return false;
}

}  // namespace

FloatHistogram Add(const FloatHistogram& first, const FloatHistogram& second, double sign,
                   AddNotes& notes) {
  FloatHistogram a = first;
  FloatHistogram b = second;
  if (!Align(a, b, notes.reconciled_bounds)) {
    notes.incompatible = true;
    return a;
  }
  a.counter_reset_hint =
      HintOf(first.counter_reset_hint, second.counter_reset_hint, notes.conflicting_resets);
  a.zero_count += sign * b.zero_count;
  a.count += sign * b.count;
  a.sum += sign * b.sum;
  Pack(Merged(Unpacked(a.positive_spans, a.positive_buckets),
              Unpacked(b.positive_spans, b.positive_buckets), sign),
       a.positive_spans, a.positive_buckets);
  Pack(Merged(Unpacked(a.negative_spans, a.negative_buckets),
              Unpacked(b.negative_spans, b.negative_buckets), sign),
       a.negative_spans, a.negative_buckets);
  return a;
}

FloatHistogram Multiplied(const FloatHistogram& h, double factor) {
  FloatHistogram out = Scaled(h, [factor](double v) { return v * factor; });
  if (factor < 0) out.counter_reset_hint = CounterResetHint::kGauge;
  return out;
}

FloatHistogram Divided(const FloatHistogram& h, double by) {
  FloatHistogram out = Scaled(h, [by](double v) { return v / by; });
  if (by == 0) {
    out.positive_spans.clear();
    out.positive_buckets.clear();
    out.negative_spans.clear();
    out.negative_buckets.clear();
  }
  if (by < 0) out.counter_reset_hint = CounterResetHint::kGauge;
  return out;
}

bool DetectReset(const FloatHistogram& before, const FloatHistogram& now) {
  if (now.counter_reset_hint == CounterResetHint::kReset) return true;
  if (now.counter_reset_hint == CounterResetHint::kNotReset) return false;
  if (now.count < before.count) return true;
  if (now.UsesCustomBuckets() != before.UsesCustomBuckets()) return true;
  FloatHistogram a = before;
  FloatHistogram b = now;
  if (!now.UsesCustomBuckets()) {
    if (now.schema > before.schema || now.zero_threshold < before.zero_threshold) return true;
    WidenZero(a, b.zero_threshold);
    if (a.zero_threshold != b.zero_threshold) return true;
  }
  bool rebounded = false;
  if (!Align(a, b, rebounded)) return true;
  return b.zero_count < a.zero_count ||
         AnyFell(Unpacked(a.positive_spans, a.positive_buckets),
                 Unpacked(b.positive_spans, b.positive_buckets)) ||
         AnyFell(Unpacked(a.negative_spans, a.negative_buckets),
                 Unpacked(b.negative_spans, b.negative_buckets));
}

}  // namespace drover::promql

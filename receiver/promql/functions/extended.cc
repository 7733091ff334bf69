#include "receiver/promql/functions/extended.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "receiver/promql/eval/column.h"

namespace drover::promql {
namespace {

double Between(const ExtendedWindow& w, std::size_t i, double from, double to, std::int64_t t) {
  return from +
         (to - from) * static_cast<double>(t - w.t[i]) / static_cast<double>(w.t[i + 1] - w.t[i]);
}

// The difference along `values`; a counter starts again from zero at each fall.
double Difference(const std::vector<double>& values, bool counter) {
  double difference = values.back() - values.front();
  for (std::size_t i = 1; counter && i < values.size(); ++i) {
    if (values[i] < values[i - 1]) difference += values[i - 1];
  }
  return difference;
}

double CountOf(const std::vector<double>& values, bool resets) {
  double n = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    const bool both_nan = std::isnan(values[i]) && std::isnan(values[i - 1]);
    n += resets ? values[i] < values[i - 1] : values[i] != values[i - 1] && !both_nan;
  }
  return n;
}

// The samples inside, after the newest one at or before the window.
std::vector<double> Anchored(const ExtendedWindow& w, std::size_t first, std::size_t last) {
  if (first == last) return {};
  std::vector<double> values(w.v + first, w.v + last);
  if (first > 0 && w.t[first - 1] > w.begin - w.lookback) {
    values.insert(values.begin(), w.v[first - 1]);
  }
  return values;
}

// The values at both ends, interpolated, and the samples between them.
std::vector<double> Smoothed(const ExtendedWindow& w, std::size_t first, std::size_t last,
                             bool counter) {
  if (first == w.n || last == 0) return {};  // nothing after the beginning, or before the end
  const bool before = first > 0 && w.t[first - 1] > w.begin - w.lookback;
  const bool after = last < w.n && w.t[last] <= w.end + w.lookback;
  if (first == last && !(before && after)) return {};
  std::vector<double> values;
  if (!before) {
    values.push_back(w.v[first]);
  } else if (w.t[first - 1] == w.begin) {
    values.push_back(w.v[first - 1]);
  } else {
    const bool reset = counter && w.v[first] < w.v[first - 1];
    values.push_back(Between(w, first - 1, reset ? 0 : w.v[first - 1], w.v[first], w.begin));
  }
  values.insert(values.end(), w.v + first, w.v + last);
  if (after && w.t[last - 1] != w.end) {
    const bool reset = counter && w.v[last] < w.v[last - 1];
    // With both ends in one gap they count from the same zero.
    const double base = reset && first == last ? 0 : w.v[last - 1];
    values.push_back(Between(w, last - 1, base, reset ? w.v[last] + base : w.v[last], w.end));
  }
  return values;
}

}  // namespace

Status CheckExtension(Extension extension, std::string_view function) {
  if (extension == Extension::kNone) return {};
  const bool difference = function == "delta" || function == "increase" || function == "rate";
  const bool counts = function == "changes" || function == "resets";
  const bool anchored = extension == Extension::kAnchored;
  if (difference || (anchored && counts)) return {};
  return Fail(ErrorCode::kInvalid,
              std::string(anchored ? "anchored modifier can only be used with: changes, delta, "
                                     "increase, rate, resets"
                                   : "smoothed modifier can only be used with: delta, increase, "
                                     "rate") +
                  " - not with " + std::string(function));
}

double OverExtended(Extension extension, std::string_view function, const ExtendedWindow& w) {
  const auto first = static_cast<std::size_t>(std::upper_bound(w.t, w.t + w.n, w.begin) - w.t);
  const auto last = static_cast<std::size_t>(std::upper_bound(w.t, w.t + w.n, w.end) - w.t);
  const bool counter = function != "delta";
  const std::vector<double> values = extension == Extension::kAnchored
                                         ? Anchored(w, first, last)
                                         : Smoothed(w, first, last, counter);
  if (values.empty()) return Absent();
  if (function == "changes" || function == "resets") return CountOf(values, function == "resets");
  const double difference = Difference(values, counter);
  if (function != "rate") return difference;
  return difference / (static_cast<double>(w.end - w.begin) / 1000);
}

}  // namespace drover::promql

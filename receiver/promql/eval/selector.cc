#include <algorithm>

#include "receiver/promql/eval/point.h"
#include "receiver/promql/histogram/buckets.h"

namespace drover::promql {
namespace {

tl::unexpected<Error> NoSmoothHistograms() {
  return Fail(ErrorCode::kUnsupported, "smoothed is not supported for native histograms");
}

// Between sample i and the next, when that is near enough.
Status Smooth(const SampleColumns& samples, std::size_t i, std::int64_t t, std::int64_t lookback,
              double& v) {
  if (samples.t_ms[i] == t || i + 1 == samples.size()) return {};
  if (samples.t_ms[i + 1] > t + lookback) return {};
  if (!samples.histograms.empty() && samples.histograms[i + 1]) return NoSmoothHistograms();
  const double next = samples.value[i + 1];
  if (IsStale(next)) return {};
  v += (next - v) * static_cast<double>(t - samples.t_ms[i]) /
       static_cast<double>(samples.t_ms[i + 1] - samples.t_ms[i]);
  return {};
}

}  // namespace

Result<std::vector<Column>> SelectInstant(Evaluator& evaluator, const VectorSelector& selector,
                                          SelectorOutput output) {
  Context& context = evaluator.context();
  const Grid& grid = evaluator.grid();
  const bool smoothed = selector.extension == Extension::kSmoothed;
  DROVER_TRY(const std::int64_t first_time, evaluator.ReferenceTime(selector.shift, grid.start));
  // With @ every step looks at the same time.
  const std::int64_t step = selector.shift.at == AtKind::kNone ? grid.step : 0;
  const std::int64_t last_time = first_time + static_cast<std::int64_t>(grid.size - 1) * step;
  SelectHints hints;
  hints.step_ms = grid.step;
  auto set = context.storage.Select(selector.matchers, first_time - context.lookback_ms + 1,
                                    last_time + (smoothed ? context.lookback_ms : 0), hints);
  if (!set) return tl::unexpected(std::move(set).error().With("expanding series"));

  std::vector<Column> columns;
  SampleBudget::Gathering gathering(context.budget);
  SampleColumns samples;
  while ((*set)->Next()) {
    DROVER_CHECK(context.Continue());
    if (auto read = (*set)->Samples(samples); !read) {
      return tl::unexpected(std::move(read).error().With("expanding series"));
    }
    if (samples.size() == 0) continue;
    Column column = WideColumn({}, grid.size);
    std::size_t next = 0;  // first sample after the step's time
    std::size_t found = 0;
    std::size_t weight = 0;
    for (std::size_t k = 0; k < grid.size; ++k) {
      const std::int64_t t = first_time + static_cast<std::int64_t>(k) * step;
      while (next < samples.size() && samples.t_ms[next] <= t) ++next;
      if (next == 0) continue;
      const std::size_t i = next - 1;
      if (samples.t_ms[i] <= t - context.lookback_ms) continue;
      const bool histogram = !samples.histograms.empty() && samples.histograms[i];
      if (histogram ? IsStale(samples.histograms[i]->sum) : IsStale(samples.value[i])) continue;
      ++found;
      if (output == SelectorOutput::kTimestamp) {
        column.values[k] = static_cast<double>(samples.t_ms[i]) / 1000;
      } else if (histogram) {
        if (smoothed) return NoSmoothHistograms();
        SetPoint(column, k, {0, samples.histograms[i]});
        weight += SampleSize(*samples.histograms[i]);
      } else {
        column.values[k] = samples.value[i];
        if (smoothed) DROVER_CHECK(Smooth(samples, i, t, context.lookback_ms, column.values[k]));
      }
    }
    if (found == 0) continue;
    context.budget.LookedAt(found + weight);
    DROVER_CHECK(gathering.Add(found + weight));
    column.labels = (*set)->labels();
    column.Trim();
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace drover::promql

#include "receiver/promql/eval/column.h"

#include <algorithm>
#include <unordered_map>

namespace drover::promql {
namespace {

// False when both have a value at one step.
bool Merge(Column& into, const Column& from) {
  const std::size_t first = std::min(into.first, from.first);
  const std::size_t end = std::max(into.end(), from.end());
  std::vector<double> values(end - first, Absent());
  std::copy(into.values.begin(), into.values.end(),
            values.begin() + static_cast<std::ptrdiff_t>(into.first - first));
  for (std::size_t i = 0; i < from.values.size(); ++i) {
    if (IsAbsent(from.values[i])) continue;
    double& slot = values[from.first + i - first];
    if (!IsAbsent(slot)) return false;
    slot = from.values[i];
  }
  if (!into.histograms.empty() || !from.histograms.empty()) {
    std::vector<HistogramPtr> histograms(end - first);
    for (const Column* column : std::initializer_list<const Column*>{&into, &from}) {
      for (std::size_t i = 0; i < column->histograms.size(); ++i) {
        if (column->histograms[i]) histograms[column->first + i - first] = column->histograms[i];
      }
    }
    into.histograms = std::move(histograms);
  }
  into.first = first;
  into.values = std::move(values);
  into.drop_name = into.drop_name || from.drop_name;
  return true;
}

}  // namespace

std::size_t Column::CountSamples() const {
  std::size_t n = 0;
  for (const double v : values) n += IsAbsent(v) ? 0 : 1;
  return n;
}

void Column::Trim() {
  std::size_t begin = 0;
  std::size_t stop = values.size();
  while (begin < stop && IsAbsent(values[begin])) ++begin;
  while (stop > begin && IsAbsent(values[stop - 1])) --stop;
  if (begin == 0 && stop == values.size()) return;
  const auto cut = [&](auto& v) {
    if (v.empty()) return;
    v.erase(v.begin() + static_cast<std::ptrdiff_t>(stop), v.end());
    v.erase(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(begin));
    v.shrink_to_fit();
  };
  cut(values);
  cut(histograms);
  first += begin;
}

Column WideColumn(Labels labels, std::size_t steps) {
  Column column;
  column.labels = std::move(labels);
  column.values.assign(steps, Absent());
  return column;
}

Status MergeEqualLabels(std::vector<Column>& columns, const char* message) {
  if (columns.size() < 2) return {};
  std::unordered_map<Labels, std::size_t, LabelsHash> seen;
  seen.reserve(columns.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto [it, fresh] = seen.try_emplace(columns[i].labels, kept);
    if (!fresh) {
      if (!Merge(columns[it->second], columns[i])) return Fail(ErrorCode::kInvalid, message);
      continue;
    }
    if (kept != i) columns[kept] = std::move(columns[i]);
    ++kept;
  }
  columns.resize(kept);
  return {};
}

}  // namespace drover::promql

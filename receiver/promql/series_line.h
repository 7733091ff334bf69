// The notation of rule unit tests and of upstream's PromQL tests for made-up series:
//
//   http_requests_total{job="api"} 0+10x5 _ stale NaN {{schema:0 sum:3 count:2 buckets:[1 1]}}x2
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/histogram.h"
#include "core/model/labels.h"

namespace drover::promql {

struct SeriesPoint {
  bool absent = false;  // _
  double value = 0;
  HistogramPtr histogram;
  bool names_hint = false;  // counter_reset_hint was written
};

// name{a="b"}, {a="b"} or {}.
Result<Labels> ParseSeriesLabels(std::string_view text);

// Values apart by blanks: 5, stale, _, _x3, 1x4 (five times), 1+2x3 (four values), histograms
// alike.
Result<std::vector<SeriesPoint>> ParseSeriesValues(std::string_view text);

struct SeriesLine {
  Labels labels;
  std::vector<SeriesPoint> points;
};
Result<SeriesLine> ParseSeriesLine(std::string_view line);

// Where the labels of a line end.
std::size_t SeriesLabelsEnd(std::string_view line);

}  // namespace drover::promql

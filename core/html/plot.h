// Lines over time as SVG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace drover::html {

struct PlotSeries {
  std::string label;
  std::vector<std::int64_t> t_ms;  // ascending
  std::vector<double> value;       // NaN breaks the line
};

struct PlotOptions {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::int64_t step_ms = 0;     // points further apart than twice this are not joined; 0: all are
  int width = 640;              // of the view box
  int height = 200;
  bool axes = true;             // numbers and times; without them it is a sparkline
  bool from_zero = false;       // the lowest value shown is 0 at most
  double top = 0;               // the highest value shown, when above 0 and above the data
};

// Colours repeat after eight series.
std::string LinePlot(const std::vector<PlotSeries>& series, const PlotOptions& options);
// The colour of series `index`, for a legend.
std::string PlotColor(std::size_t index);

}  // namespace drover::html

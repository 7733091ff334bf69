#include "core/html/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "core/base/clock.h"
#include "core/base/numbers.h"
#include "core/html/html.h"

namespace drover::html {
namespace {

constexpr std::array<const char*, 8> kColors = {"#3b7dd8", "#e07b39", "#3a9e5c", "#c24b4b", "#8a62c9", "#8c6b4f", "#cf5fa0", "#2aa5a5"};

struct Bounds {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
};

Bounds FindBounds(const std::vector<PlotSeries>& series, const PlotOptions& options) {
  Bounds b;
  for (const PlotSeries& one : series) {
    for (const double v : one.value) {
      if (!std::isfinite(v)) continue;
      b.low = std::min(b.low, v);
      b.high = std::max(b.high, v);
    }
  }
  if (!std::isfinite(b.low)) b = {0, 1};
  if (options.from_zero) b.low = std::min(b.low, 0.0);
  if (options.top > 0) b.high = std::max(b.high, options.top);
  if (b.high - b.low < 1e-12 * std::max(1.0, std::fabs(b.high))) {
    const double room = std::max(std::fabs(b.high) * 0.1, 0.5);
    b.low -= options.from_zero && b.low == 0 ? 0 : room;
    b.high += room;
  }
  return b;
}

std::string Number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", v);
  return text;
}

std::string ClockText(std::int64_t t_ms, bool with_day) {
  const std::string text = FormatRfc3339(FromMs(t_ms), 0);  // 2026-11-21T08:00:00Z
  return with_day ? text.substr(5, 5) + " " + text.substr(11, 5) : text.substr(11, 5);
}

}  // namespace

std::string PlotColor(std::size_t index) { return kColors[index % kColors.size()]; }

std::string LinePlot(const std::vector<PlotSeries>& series, const PlotOptions& o) {
  const double left = o.axes ? 46 : 1;
  const double right = o.width - (o.axes ? 8 : 1);
  const double top = o.axes ? 8 : 2;
  const double bottom = o.height - (o.axes ? 18 : 2);
  const Bounds b = FindBounds(series, o);
  const double span = static_cast<double>(std::max<std::int64_t>(o.end_ms - o.start_ms, 1));
  const auto x = [&](std::int64_t t) { return left + (right - left) * static_cast<double>(t - o.start_ms) / span; };
  const auto y = [&](double v) { return bottom - (bottom - top) * (v - b.low) / (b.high - b.low); };

  std::string out = "<svg viewBox=\"0 0 " + std::to_string(o.width) + " " + std::to_string(o.height) + "\" role=\"img\">";
  if (o.axes) {
    for (int i = 0; i <= 4; ++i) {
      const double v = b.low + (b.high - b.low) * i / 4;
      out += "<line x1=\"" + Number(left) + "\" x2=\"" + Number(right) + "\" y1=\"" + Number(y(v)) + "\" y2=\"" + Number(y(v)) +
             "\" stroke=\"#8884\"/><text text-anchor=\"end\" x=\"" + Number(left - 4) + "\" y=\"" + Number(y(v) + 4) + "\">" +
             Escape(ShortNumber(v)) + "</text>";
    }
    const bool with_day = span > 86'400'000;
    for (int i = 0; i <= 4; ++i) {
      const auto t = o.start_ms + static_cast<std::int64_t>(span) * i / 4;
      const char* anchor = i == 0 ? "start" : i == 4 ? "end" : "middle";
      out += "<text text-anchor=\"" + std::string(anchor) + "\" x=\"" + Number(x(t)) + "\" y=\"" + Number(o.height - 4) + "\">" +
             ClockText(t, with_day) + "</text>";
    }
  }
  for (std::size_t s = 0; s < series.size(); ++s) {
    std::string path;
    bool drawing = false;
    std::int64_t last = 0;
    for (std::size_t i = 0; i < series[s].t_ms.size(); ++i) {
      const double v = series[s].value[i];
      if (!std::isfinite(v)) {
        drawing = false;
        continue;
      }
      if (drawing && o.step_ms > 0 && series[s].t_ms[i] - last > 2 * o.step_ms) drawing = false;
      last = series[s].t_ms[i];
      path += (drawing ? "L" : "M") + Number(x(last)) + " " + Number(y(v));
      drawing = true;
    }
    if (path.empty()) continue;
    // A single point would be invisible as a line of no length without round ends.
    out += "<path fill=\"none\" stroke=\"" + PlotColor(s) + "\" stroke-width=\"1.6\" stroke-linecap=\"round\" stroke-linejoin=\"round\" d=\"" +
           path + (path.find('L') == std::string::npos ? "h.1" : "") + "\"><title>" + Escape(series[s].label) + "</title></path>";
  }
  return out + "</svg>";
}

}  // namespace drover::html

#include "ctl/terminal_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/base/clock.h"
#include "core/base/numbers.h"
#include "core/html/html.h"

namespace drover::ctl {
namespace {

constexpr std::array<int, 6> kColors = {34, 33, 32, 31, 35, 36};
constexpr int kAxis = 9;
constexpr std::size_t kNoSeries = static_cast<std::size_t>(-1);

// Braille cells are 2 dots wide and 4 high; the bit of each dot.
constexpr unsigned kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

struct Cell {
  unsigned dots = 0;
  std::size_t series = 0;
};

std::string Braille(unsigned dots) {
  const unsigned code = 0x2800 + dots;
  return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

std::string PadLeft(std::string text, std::size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

}  // namespace

std::string TerminalColor(std::size_t index) {
  return "\x1b[" + std::to_string(kColors[index % kColors.size()]) + "m";
}

std::string TerminalPlot(const std::vector<TerminalSeries>& series, std::int64_t start_ms,
                         std::int64_t end_ms, int columns, int rows, bool colored) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const TerminalSeries& one : series) {
    for (const double v : one.value) {
      if (!std::isfinite(v)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
  }
  if (!std::isfinite(low)) low = 0, high = 1;
  if (high - low < 1e-12 * std::max(1.0, std::fabs(high))) {
    const double room = std::max(std::fabs(high) * 0.1, 0.5);
    low -= room;
    high += room;
  }
  const int width = std::max(columns - kAxis - 1, 10);
  std::vector<Cell> cells(static_cast<std::size_t>(width * rows));
  const auto put = [&](int x, int y, std::size_t index) {
    if (x < 0 || y < 0 || x >= width * 2 || y >= rows * 4) return;
    Cell& cell = cells[static_cast<std::size_t>(y / 4 * width + x / 2)];
    cell.dots |= kDots[y % 4][x % 2];
    cell.series = index;
  };
  const double span = static_cast<double>(std::max<std::int64_t>(end_ms - start_ms, 1));
  for (std::size_t s = 0; s < series.size(); ++s) {
    int last_x = -1;
    int last_y = 0;
    for (std::size_t i = 0; i < series[s].t_ms.size(); ++i) {
      if (!std::isfinite(series[s].value[i])) {
        last_x = -1;
        continue;
      }
      const int x = static_cast<int>(static_cast<double>(series[s].t_ms[i] - start_ms) / span *
                                     (width * 2 - 1));
      const int y = static_cast<int>((high - series[s].value[i]) / (high - low) * (rows * 4 - 1));
      const int steps = last_x < 0 ? 0 : std::max(std::abs(x - last_x), std::abs(y - last_y));
      for (int k = 1; k < steps; ++k)
        put(last_x + (x - last_x) * k / steps, last_y + (y - last_y) * k / steps, s);
      put(x, y, s);
      last_x = x;
      last_y = y;
    }
  }
  std::string out;
  for (int row = 0; row < rows; ++row) {
    const bool labelled = row == 0 || row == rows - 1 || row == rows / 2;
    const double at = high - (high - low) * row / std::max(rows - 1, 1);
    out += PadLeft(labelled ? html::ShortNumber(at) : "", kAxis - 1) + " ";
    std::size_t current = kNoSeries;  // whose colour is on
    for (int column = 0; column < width; ++column) {
      const Cell& cell = cells[static_cast<std::size_t>(row * width + column)];
      const std::size_t wanted = colored && cell.dots != 0 ? cell.series : kNoSeries;
      if (wanted != current) out += wanted == kNoSeries ? "\x1b[0m" : TerminalColor(wanted);
      current = wanted;
      out += cell.dots == 0 ? " " : Braille(cell.dots);
    }
    if (current != kNoSeries) out += "\x1b[0m";
    out += '\n';
  }
  const std::string from = FormatRfc3339(FromMs(start_ms), 0).substr(11, 8);
  const std::string to = FormatRfc3339(FromMs(end_ms), 0).substr(11, 8) + " UTC";
  out += std::string(kAxis, ' ') + from +
         PadLeft(to, static_cast<std::size_t>(width) -
                         std::min<std::size_t>(from.size(), static_cast<std::size_t>(width))) +
         "\n";
  return out;
}

}  // namespace drover::ctl

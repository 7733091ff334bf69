// Lines over time in a terminal, drawn with braille dots.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace drover::ctl {

struct TerminalSeries {
  std::vector<std::int64_t> t_ms;
  std::vector<double> value;
};

// `columns` wide and `rows` of text high, with the value axis on the left and times below. Each
// series has a colour when `colored`.
std::string TerminalPlot(const std::vector<TerminalSeries>& series, std::int64_t start_ms,
                         std::int64_t end_ms, int columns, int rows, bool colored);
// The escape sequence that starts the colour of series `index`; "\x1b[0m" ends it.
std::string TerminalColor(std::size_t index);

}  // namespace drover::ctl

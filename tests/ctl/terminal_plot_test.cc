#include "ctl/terminal_plot.h"

#include <limits>

#include <doctest/doctest.h>

namespace drover::ctl {
TEST_SUITE("ctl/terminal_plot") {
  TEST_CASE("a rising line goes from the lower left to the upper right") {
    TerminalSeries line;
    for (int i = 0; i <= 20; ++i) {
      line.t_ms.push_back(i * 1000);
      line.value.push_back(i);
    }
    const std::string plot = TerminalPlot({line}, 0, 20'000, 40, 5, false);
    CHECK(plot.find("      20 ") == 0);
    const std::string first = plot.substr(0, plot.find('\n'));
    CHECK(first.find("\xE2\xA0") > 30);  // dots at the right end of the top row
    CHECK(plot.find("00:00:00") != std::string::npos);
    CHECK(plot.find("00:00:20 UTC") != std::string::npos);
    CHECK(plot.find("\x1b") == std::string::npos);
  }
  TEST_CASE("odd data makes no odd plot") {
    CHECK_FALSE(TerminalPlot({}, 0, 0, 5, 3, true).empty());
    TerminalSeries odd;
    odd.t_ms = {0, 1, 2};
    odd.value = {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                 5};
    const std::string plot = TerminalPlot({odd}, 0, 2, 30, 3, true);
    CHECK(plot.find(TerminalColor(0)) != std::string::npos);
  }
}
}  // namespace drover::ctl

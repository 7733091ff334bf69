#include "core/html/html.h"

#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

#include "core/html/plot.h"

namespace drover::html {
TEST_SUITE("core/html") {
  TEST_CASE("what users named cannot become markup") {
    CHECK(Escape("<a href=\"x\">'&") == "&lt;a href=&#34;x&#34;&gt;&#39;&amp;");
    const std::string page = Page({.title = "<t>", .program = "p", .links = {{"/a", "<A>"}}, .current = "/a", .notice = "<n>", .refresh_seconds = 5}, "B");
    CHECK(page.find("<t>") == std::string::npos);
    CHECK(page.find("<n>") == std::string::npos);
    CHECK(page.find("class=\"here\">&lt;A&gt;") != std::string::npos);
    CHECK(page.find("width=device-width") != std::string::npos);
    CHECK(page.find("<script") == std::string::npos);
  }
  TEST_CASE("times and numbers for people") {
    CHECK(Ago(Millis(3200)) == "3.2s");
    CHECK(Ago(Millis(310'000)) == "5m 10s");
    CHECK(Ago(Millis(90'000'000)) == "1d 1h");
    CHECK(ShortNumber(0) == "0");
    CHECK(ShortNumber(1536) == "1.54k");
    CHECK(ShortNumber(-2.5e9) == "-2.5G");
    CHECK(ShortNumber(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  }
  TEST_CASE("a plot breaks lines at gaps and survives odd data") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    const std::string svg = LinePlot({{"a", {0, 10, 20, 90}, {1, 2, nan, 4}}, {"<b>", {50}, {inf}}},
                                     {.start_ms = 0, .end_ms = 100, .step_ms = 10});
    CHECK(svg.find("M46.0 ") != std::string::npos);
    const std::string path = svg.substr(svg.find(" d=\""), 80);
    CHECK(std::count(path.begin(), path.end(), 'M') == 2);
    CHECK(svg.find("inf") == std::string::npos);
    CHECK(svg.find("nan") == std::string::npos);
    CHECK(LinePlot({}, {}).starts_with("<svg"));
  }
}
}  // namespace drover::html

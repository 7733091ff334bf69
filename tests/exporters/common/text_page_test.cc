#include "exporters/common/text_page.h"

#include <doctest/doctest.h>

#include "exporters/common/sample_buffer.h"

namespace drover::exporters {
namespace {

constexpr MetricDesc kB{"b", "Second.", MetricType::kCounter, "z,a"};
constexpr MetricDesc kBShort{"b", "Other help.", MetricType::kGauge, "z"};
constexpr MetricDesc kA{"a", "First.", MetricType::kUnknown};

}  // namespace

TEST_SUITE("exporters/common/text_page") {
  TEST_CASE("families by name, labels by name, series by label count and values") {
    TextPage page;
    page.Add(kB, {"2", "y"}, 1);
    page.Add(kB, {"1", "y"}, 2);
    page.Add(kB, {"9", "x"}, 3);
    page.Add(kBShort, {"5"}, 4);
    page.Add(kA, 1e6);
    std::string text = "before\n";
    page.Render(text);
    CHECK(text ==
          "before\n# HELP a First.\n# TYPE a untyped\na 1e+06\n# HELP b Second.\n# TYPE b counter\n"
          "b{z=\"5\"} 4\nb{a=\"x\",z=\"9\"} 3\nb{a=\"y\",z=\"1\"} 2\nb{a=\"y\",z=\"2\"} 1\n");
    text.clear();
    page.Render(text);
    CHECK(text == "");
  }
  TEST_CASE("OpenMetrics: series keep their names, counters are those in _total") {
    constexpr MetricDesc kTotal{"c_total", "With \"quotes\".", MetricType::kCounter, "l"};
    constexpr MetricDesc kClash{"a_total", "", MetricType::kCounter};
    TextPage page;
    page.Add(kTotal, {"x\"y"}, 1);
    page.Add(kClash, 2);
    page.Add(kB, {"1", "2"}, 3);
    page.Add(kA, 4);
    std::string text;
    page.Render(text, TextPage::Format::kOpenMetrics);
    CHECK(text ==
          "# TYPE a unknown\n# HELP a First.\na 4\n"
          "# TYPE a_total unknown\na_total 2\n"
          "# TYPE b unknown\n# HELP b Second.\nb{a=\"2\",z=\"1\"} 3\n"
          "# TYPE c counter\n# HELP c With \\\"quotes\\\".\nc_total{l=\"x\\\"y\"} 1\n# EOF\n");
  }
  TEST_CASE("of equal series the first stays and the others are counted") {
    TextPage page;
    page.Add(kBShort, {"1"}, 1);
    page.Add(kBShort, {"0"}, 0);
    page.Add(kBShort, {"1"}, 2);
    std::string text;
    page.Render(text);
    CHECK(text == "# HELP b Other help.\n# TYPE b gauge\nb{z=\"0\"} 0\nb{z=\"1\"} 1\n");
    CHECK(page.duplicates() == 1);
  }
  TEST_CASE("a buffer replays what it took, invalid bytes replaced, no more than its limit") {
    SampleBuffer buffer(2);
    buffer.Add(kB, {"a\xffz", ""}, 1);
    buffer.Add(kA, 2);
    buffer.Add(kA, 3);
    CHECK(buffer.size() == 2);
    CHECK(buffer.dropped() == 1);
    TextPage page;
    buffer.Replay(page);
    std::string text;
    page.Render(text);
    CHECK(text ==
          "# HELP a First.\n# TYPE a untyped\na 2\n# HELP b Second.\n# TYPE b counter\n"
          "b{a=\"\",z=\"a\xEF\xBF\xBDz\"} 1\n");
    buffer.Clear();
    CHECK(buffer.size() == 0);
    CHECK(buffer.dropped() == 0);
  }
}
}  // namespace drover::exporters

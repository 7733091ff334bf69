#include "core/telemetry/telemetry.h"

#include <doctest/doctest.h>

#include "core/os/process_stats.h"

namespace drover::telemetry {
TEST_SUITE("core/telemetry") {
  TEST_CASE("counters, gauges, histograms and sources on one page, sorted") {
    Registry registry;
    registry.AddCounter("b_total", "B.", {{"url", "x\"y"}}).Add(3);
    registry.AddGauge("a", "A.").Set(-1.5);
    registry.AddHistogram("h_seconds", "H.", {}, {0.5, 1}).Observe(0.7);
    registry.AddSource([](std::vector<OwnFamily>& out) {
      out.push_back({"c", "C.", "gauge", {{"", {}, 1}}});
    });
    std::string page;
    AppendMetricsPage(registry, page);
    CHECK(page ==
          "# HELP a A.\n# TYPE a gauge\na -1.5\n"
          "# HELP b_total B.\n# TYPE b_total counter\nb_total{url=\"x\\\"y\"} 3\n"
          "# HELP c C.\n# TYPE c gauge\nc 1\n"
          "# HELP h_seconds H.\n# TYPE h_seconds histogram\nh_seconds_bucket{le=\"0.5\"} "
          "0\nh_seconds_bucket{le=\"1\"} 1\n"
          "h_seconds_bucket{le=\"+Inf\"} 1\nh_seconds_sum 0.7\nh_seconds_count 1\n");
  }
  TEST_CASE("the same name and labels are the same counter") {
    Registry registry;
    registry.AddCounter("x_total", "X.").Add();
    registry.AddCounter("x_total", "X.").Add();
    CHECK(registry.AddCounter("x_total", "X.").Value() == 2);
  }
  TEST_CASE("process stats are plausible") {
    const auto stats = ReadProcessStats();
    REQUIRE(stats.has_value());
    CHECK(stats->resident_bytes > 1 << 20);
    CHECK(stats->anonymous_bytes < stats->resident_bytes);
    CHECK(stats->start_time_seconds > 1.6e9);
    CHECK(stats->open_fds >= 3);
    CHECK(stats->threads >= 1);
  }
  TEST_CASE("ready and healthy") {
    Registry registry;
    http::Router router;
    bool ready = false;
    AddRoutes(router, registry, {"drover-x", [&ready] { return ready; }});
    http::Request request;
    request.method = "GET";
    request.path = "/-/ready";
    CHECK(router.Serve(request).status == 503);
    ready = true;
    CHECK(router.Serve(request).body == "drover-x is Ready.\n");
    request.path = "/-/healthy";
    CHECK(router.Serve(request).status == 200);
  }
}
}  // namespace drover::telemetry

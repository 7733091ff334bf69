#include "agent/builtin/collector_tap.h"

#include <doctest/doctest.h>

namespace drover::agent::builtin {
namespace {

using exporters::MetricDesc;

constexpr MetricDesc kSuccess{"node_scrape_collector_success", "", MetricType::kGauge, "collector"};
constexpr MetricDesc kDuration{"node_scrape_collector_duration_seconds", "", MetricType::kGauge,
                               "collector"};
constexpr MetricDesc kLoad{"node_load1", "", MetricType::kGauge, ""};

struct CountingSink final : exporters::MetricSink {
  int samples = 0;
  void Add(const MetricDesc&, std::span<const std::string_view>, double) override { ++samples; }
};

struct TapFixture {
  CollectorTap tap;
  CountingSink sink;

  static void Report(CollectorTap::Sink& out, std::string_view name, int series, bool success) {
    for (int i = 0; i < series; ++i) out.Add(kLoad, std::span<const std::string_view>(), 1);
    out.Add(kDuration, std::span(&name, 1), 0.5);
    out.Add(kSuccess, std::span(&name, 1), success ? 1 : 0);
  }
};

TEST_SUITE("agent/builtin/collector_tap") {
  TEST_CASE("each collector's series are those before its success") {
    TapFixture f;
    CollectorTap::Sink out(f.tap, f.sink);
    f.Report(out, "cpu", 3, true);
    f.Report(out, "load", 1, true);
    f.Report(out, "wifi", 0, false);
    CHECK(f.tap.states().empty());
    out.Keep();
    const auto states = f.tap.states();
    REQUIRE(states.size() == 3);
    CHECK(states.at("cpu").series == 3);
    CHECK(states.at("load").series == 1);
    CHECK(states.at("load").seconds == 0.5);
    CHECK(states.at("load").success);
    CHECK_FALSE(states.at("wifi").success);
    CHECK(f.sink.samples == 10);
  }

  TEST_CASE(
      "a collector that is switched off is forgotten; a failure is told from what is absent") {
    TapFixture f;
    {
      CollectorTap::Sink out(f.tap, f.sink);
      f.Report(out, "cpu", 3, true);
      f.Report(out, "load", 1, true);
      f.Report(out, "wifi", 0, false);
      out.Keep();
    }
    CollectorTap::Sink out(f.tap, f.sink);
    f.Report(out, "load", 0, false);
    f.Report(out, "wifi", 0, false);
    f.tap.Ended("load", Fail(ErrorCode::kInvalid, "loadavg: not a number"));
    f.tap.Ended("wifi", Fail(ErrorCode::kNotFound, "no interface"));
    out.Keep();
    auto states = f.tap.states();
    CHECK(states.size() == 2);
    CHECK(states.at("load").error == "loadavg: not a number");
    CHECK_FALSE(states.at("load").absent);
    CHECK(states.at("wifi").absent);
    f.Report(out, "load", 1, true);
    f.tap.Ended("load", {});
    out.Keep();
    CHECK(f.tap.states().at("load").error.empty());
  }
}

}  // namespace
}  // namespace drover::agent::builtin

#include "agent/builtin/builtin_loop.h"

#include <chrono>

#include <doctest/doctest.h>

#include "agent/builtin/self_source.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_log.h"
#include "tests/support/recording_appender.h"

namespace drover::agent::builtin {
namespace {

using exporters::MetricDesc;
using exporters::MetricSink;
using testing::Lines;
using Strings = std::vector<std::string>;
using namespace std::chrono_literals;

constexpr MetricDesc kSpeed{"fan_speed", "Speed.", MetricType::kGauge, "fan,side"};

struct LoopFixture {
  testing::FakeClock clock;
  testing::MemoryLog sink;
  Logger log{sink, clock};
  testing::RecordingAppendable store;
  BuiltinConfig config;
  LoopFixture() {
    config.job_name = "node-exporter";
    config.instance = "host";
    config.scrape_interval = 15s;
  }
  std::unique_ptr<BuiltinLoop> Make(BuiltinLoop::Source source) {
    return std::make_unique<BuiltinLoop>(config, std::move(source), store, clock, log);
  }
};

BuiltinLoop::Source Speeds(std::vector<std::string> fans) {
  BuiltinLoop::Source source;
  source.collect = [fans = std::move(fans)](MetricSink& sink) {
    for (const std::string& fan : fans) sink.Add(kSpeed, {fan, "left"}, 7);
    return true;
  };
  return source;
}

TEST_SUITE("agent/builtin/builtin_loop") {
  TEST_CASE("runs once at start, then at its offset of every interval") {
    LoopFixture f;
    const std::int64_t start = ToMs(f.clock.Now());
    const auto loop = f.Make(Speeds({"1"}));
    REQUIRE(f.store.WaitForCommits(1));
    CHECK(Lines(f.store.Take(), start) ==
          Strings{R"(fan_speed{fan="1", instance="host", job="node-exporter", side="left"} 7)",
                  R"(up{instance="host", job="node-exporter"} 1)"});
    std::vector<std::int64_t> times;
    for (int run = 2; run <= 4; ++run) {
      REQUIRE(f.clock.WaitForSleepers(1));
      f.clock.Advance(15s);
      REQUIRE(f.store.WaitForCommits(run));
      times.push_back(f.store.Take().back().t_ms);
    }
    CHECK(times[1] - times[0] == 15'000);
    CHECK(times[2] - times[1] == 15'000);
    CHECK(times[0] - start <= 15'000);
    CHECK(loop->status().up);
    CHECK(loop->status().samples == 1);
  }

  TEST_CASE("labels, relabelling and metadata are those of a scraped page") {
    LoopFixture f;
    f.config.labels = {{"rack", "r1"}};
    const auto node = ParseYaml("- {source_labels: [fan], regex: '2', action: drop}\n", "t");
    REQUIRE(FromYaml(*node, f.config.metric_relabel_configs));
    const auto loop = f.Make(Speeds({"1", "2", "", "\xff"}));
    REQUIRE(f.store.WaitForCommits(1));
    const auto got = f.store.Take();
    std::vector<std::string> fans;
    for (const auto& sample : got) {
      if (sample.labels.Get("__name__") != "fan_speed") continue;
      fans.emplace_back(sample.labels.Get("fan"));
      CHECK(sample.labels.Get("rack") == "r1");
    }
    CHECK(fans == Strings{"1", "", "\xef\xbf\xbd"});
    CHECK(testing::ValueOf(got, "scrape_samples_scraped") == 4);
    REQUIRE(f.store.metadata().size() == 1);
    CHECK(f.store.metadata()[0].help == "Speed.");
  }

  TEST_CASE("bad labels are up 0 with the reason") {
    LoopFixture f;
    const auto node = ParseYaml("- {regex: __name__, action: labeldrop}\n", "t");
    REQUIRE(FromYaml(*node, f.config.metric_relabel_configs));
    const auto loop = f.Make(Speeds({"1"}));
    REQUIRE(f.store.WaitForCommits(1));
    CHECK(testing::ValueOf(f.store.Take(), "up") == 0);
    REQUIRE(f.clock.WaitForSleepers(1));
    CHECK(loop->status().last_error.find("without a name") != std::string::npos);
    CHECK(f.sink.text().find("collecting failed") != std::string::npos);
  }

  TEST_CASE("End marks everything stale") {
    LoopFixture f;
    const auto loop = f.Make(Speeds({"1"}));
    REQUIRE(f.store.WaitForCommits(1));
    (void)f.store.Take();
    loop->End();
    const auto ended = f.store.Take();
    CHECK(ended.size() == 6);
    for (const auto& sample : ended) CHECK(sample.stale());
  }

  TEST_CASE("a loop that stands in for another ends the series it does not have") {
    LoopFixture f;
    auto before = f.Make(Speeds({"1", "2"}));
    REQUIRE(f.store.WaitForCommits(1));
    (void)f.store.Take();
    SUBCASE("same labels: what the new configuration leaves out") {
      const BuiltinLoop after(f.config, Speeds({"1"}), f.store, f.clock, f.log, before.get());
      REQUIRE(f.store.WaitForCommits(2));
      CHECK(
          Lines(f.store.Take(), ToMs(f.clock.Now())) ==
          Strings{R"(fan_speed{fan="1", instance="host", job="node-exporter", side="left"} 7)",
                  R"(fan_speed{fan="2", instance="host", job="node-exporter", side="left"} stale)",
                  R"(up{instance="host", job="node-exporter"} 1)"});
    }
    SUBCASE("other labels: everything") {
      f.config.instance = "renamed";
      const BuiltinLoop after(f.config, Speeds({"1", "2"}), f.store, f.clock, f.log, before.get());
      REQUIRE(f.store.WaitForCommits(3));
      int ended = 0;
      for (const auto& sample : f.store.Take()) {
        CHECK(sample.stale() == (sample.labels.Get("instance") == "host"));
        ended += sample.stale() ? 1 : 0;
      }
      CHECK(ended == 7);
    }
  }

  TEST_CASE("samples of a run that started late carry the time it started") {
    LoopFixture f;
    const auto loop = f.Make(Speeds({"1"}));
    REQUIRE(f.store.WaitForCommits(1));
    (void)f.store.Take();
    REQUIRE(f.clock.WaitForSleepers(1));
    f.clock.Advance(1h);
    REQUIRE(f.store.WaitForCommits(2));
    CHECK(f.store.Take().front().t_ms == ToMs(f.clock.Now()));
  }

  TEST_CASE("a collection that hangs is cancelled at the end, and its samples are thrown away") {
    LoopFixture f;
    std::stop_source cancelled;
    BuiltinLoop::Source source;
    std::atomic<bool> under_way = false;
    source.collect = [&](MetricSink& sink) {
      sink.Add(kSpeed, {"1", "left"}, 7);
      under_way = true;
      while (!cancelled.stop_requested()) std::this_thread::sleep_for(1ms);
      return false;
    };
    source.cancel = [&] { cancelled.request_stop(); };
    auto loop = f.Make(source);
    while (!under_way) std::this_thread::sleep_for(1ms);
    const auto started = std::chrono::steady_clock::now();
    loop.reset();
    CHECK(std::chrono::steady_clock::now() - started < 500ms);
    CHECK(f.store.commits() == 0);
  }
}

TEST_SUITE("agent/builtin/self_source") {
  TEST_CASE("own metrics come with their suffixes, labels and types") {
    Registry registry;
    registry.AddCounter("sent_total", "Sent.", {{"to", "x"}}).Add(3);
    registry.AddHistogram("wait_seconds", "Wait.", {}, {1}).Observe(0.5);
    LoopFixture f;
    SelfSource self(registry);
    BuiltinLoop::Source source;
    source.collect = [&](MetricSink& sink) {
      self.Collect(sink);
      return true;
    };
    const auto loop = f.Make(source);
    REQUIRE(f.store.WaitForCommits(1));
    const auto got = f.store.Take();
    CHECK(testing::ValueOf(got, "sent_total") == 3);
    CHECK(testing::ValueOf(got, "wait_seconds_count") == 1);
    CHECK(testing::ValueOf(got, "wait_seconds_sum") == 0.5);
    bool inf = false;
    for (const auto& sample : got) {
      inf = inf || (sample.labels.Get("__name__") == "wait_seconds_bucket" &&
                    sample.labels.Get("le") == "+Inf");
    }
    CHECK(inf);
    bool histogram = false;
    for (const MetricMetadata& one : f.store.metadata()) {
      if (one.family == "wait_seconds") histogram = one.type == MetricType::kHistogram;
      CHECK(one.family != "wait_seconds_bucket");
    }
    CHECK(histogram);
  }
}

}  // namespace
}  // namespace drover::agent::builtin

#include "exporters/node_web.h"

#include <thread>

#include <doctest/doctest.h>

namespace drover::exporters {
namespace {

constexpr MetricDesc kValue{"node_value", "Help.", MetricType::kGauge, "l"};
constexpr MetricDesc kSuccess{"node_scrape_collector_success", "", MetricType::kGauge, "collector"};
constexpr MetricDesc kDuration{"node_scrape_collector_duration_seconds", "", MetricType::kGauge,
                               "collector"};

struct Gate {
  Mutex mutex;
  CondVar changed;
  bool open GUARDED_BY(mutex) = true;
  bool waiting GUARDED_BY(mutex) = false;
  int passed GUARDED_BY(mutex) = 0;

  void Set(bool now_open) {
    Lock lock(mutex);
    open = now_open;
    changed.NotifyAll();
  }
  void Pass() {
    Lock lock(mutex);
    waiting = true;
    changed.NotifyAll();
    changed.Wait(mutex, [&] { return open; });
    waiting = false;
    ++passed;
  }
  void WaitForWaiter() {
    Lock lock(mutex);
    changed.Wait(mutex, [&] { return waiting; });
  }
};

class Gated final : public Collector {
 public:
  explicit Gated(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
  Status Collect(MetricSink& out) override {
    gate_->Pass();
    out.Add(kValue, {"a"}, 1);
    out.Add(kValue, {"a"}, 2);
    return {};
  }

 private:
  const std::shared_ptr<Gate> gate_;
};

class NoSink final : public LogSink {
 public:
  void Write(std::string_view) override {}
};

struct Fixture {
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::unique_ptr<Clock> clock = MakeSystemClock();
  NoSink sink;
  Logger log{sink, *clock};
  RunnerConfig config{.timeout = Millis(60'000), .success = &kSuccess, .duration = &kDuration};
  Runner runner{Entries(gate), config, *clock, log};
  http::Router router;

  static std::vector<Runner::Entry> Entries(const std::shared_ptr<Gate>& gate) {
    std::vector<Runner::Entry> entries;
    entries.push_back({"gated", std::make_unique<Gated>(gate)});
    return entries;
  }
  http::Response Get(std::string path) const {
    http::Request request;
    request.method = "GET";
    request.path = request.target = std::move(path);
    return router.Serve(request);
  }
};

}  // namespace

TEST_SUITE("exporters/node_web") {
  TEST_CASE("more pages than allowed at a time are refused, and counted") {
    Fixture f;
    NodeWebOptions options;
    options.max_requests = 1;
    NodeWeb web(f.runner, options, f.log);
    web.AddRoutes(f.router);
    f.gate->Set(false);
    http::Response held;
    std::thread first([&] { held = f.Get("/metrics"); });
    f.gate->WaitForWaiter();
    const http::Response refused = f.Get("/metrics");
    CHECK(refused.status == 503);
    CHECK(refused.body == "Limit of concurrent requests reached (1), try again later.\n");
    CHECK(f.Get("/-/healthy").status == 200);
    f.gate->Set(true);
    first.join();
    CHECK(held.status == 200);
    const std::string page = f.Get("/metrics").body;
    CHECK(page.find("promhttp_metric_handler_requests_total{code=\"503\"} 1\n") !=
          std::string::npos);
    CHECK(page.find("promhttp_metric_handler_requests_total{code=\"200\"} 1\n") !=
          std::string::npos);
  }
  TEST_CASE("who asks for the same while a page is made shares the next one") {
    Fixture f;
    NodeWeb web(f.runner, {}, f.log);
    web.AddRoutes(f.router);
    f.gate->Set(false);
    std::vector<std::jthread> threads;
    std::vector<http::Response> answers(12);
    threads.emplace_back([&] { answers[0] = f.Get("/metrics"); });
    f.gate->WaitForWaiter();
    for (std::size_t i = 1; i < answers.size(); ++i)
      threads.emplace_back([&, i] { answers[i] = f.Get("/metrics"); });
    // All of them are under way: the gauge says so once the first page is done. They began after
    // the first page had, so it is not theirs.
    while (web.under_way() < answers.size()) std::this_thread::sleep_for(Millis(1));
    f.gate->Set(true);
    threads.clear();
    for (const http::Response& one : answers) CHECK(one.status == 200);
    Lock lock(f.gate->mutex);
    CHECK(f.gate->passed >= 2);
    CHECK(f.gate->passed <= 3);  // a last one may have come to the gate between two looks
  }
  TEST_CASE("a duplicate series is left out and counted as upstream counts it") {
    Fixture f;
    NodeWeb web(f.runner, {}, f.log);
    web.AddRoutes(f.router);
    CHECK(f.Get("/metrics").body.find("node_value{l=\"a\"} 1\n") != std::string::npos);
    const std::string page = f.Get("/metrics").body;
    CHECK(page.find("node_value{l=\"a\"} 2\n") == std::string::npos);
    CHECK(page.find("promhttp_metric_handler_errors_total{cause=\"gathering\"} 1\n") !=
          std::string::npos);
  }
  TEST_CASE("the landing page links to the telemetry path, which is escaped") {
    Fixture f;
    NodeWebOptions options;
    options.telemetry_path = "/m\"<x>";
    NodeWeb web(f.runner, options, f.log);
    web.AddRoutes(f.router);
    CHECK(f.Get("/").body.find("href=\"/m&#34;&#60;x&#62;\"") != std::string::npos);
    CHECK(f.Get("/m\"<x>").status == 200);
    CHECK(f.Get("/metrics").status == 404);
  }
}
}  // namespace drover::exporters

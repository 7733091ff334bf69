#include "agent/scrape/scrape_manager.h"

#include <chrono>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/memory_log.h"
#include "tests/support/recording_appender.h"

namespace drover::agent::scrape {
namespace {

using testing::FakePeer;
using namespace std::chrono_literals;

struct ManagerFixture {
  testing::FakeClock clock;
  testing::MemoryLog sink;
  Logger log{sink, clock};
  testing::RecordingAppendable store;
  Registry registry;
  FakePeer peer;
  int clients = 0;
  std::unique_ptr<ScrapeManager> manager = std::make_unique<ScrapeManager>(
      [this](const http::ClientConfig&) {
        ++clients;
        return peer.MakeClient();
      },
      store, clock, registry, log);

  static AgentConfig Config(const std::string& yaml) {
    auto loaded = ParseAgentConfig(yaml, "agent.yml");
    REQUIRE_MESSAGE(loaded.has_value(), loaded.error().message());
    return loaded->config;
  }
  Status Apply(const std::string& yaml) { return manager->Apply(Config(yaml)); }
  // Moves the time in small steps, so that no moment of a target is passed over.
  void Run(Millis time) {
    for (Millis done{0}; done < time; done += 100ms) {
      REQUIRE(clock.WaitForSleepers(1));
      clock.Advance(100ms);
      std::this_thread::sleep_for(200us);
    }
    REQUIRE(clock.WaitForSleepers(1));
  }
  void Good() {
    peer.Always([](const http::ClientRequest&) { return FakePeer::Status(200, "a 1\n"); });
  }
};

std::string JobYaml(const std::string& name, const std::string& targets,
                    const std::string& more = "") {
  return "- job_name: " + name + "\n  scrape_interval: 1s\n" + more +
         "  static_configs: [{targets: [" + targets + "]}]\n";
}

TEST_SUITE("agent/scrape/scrape_manager") {
  TEST_CASE("every target is scraped once an interval, at times of equal distance") {
    ManagerFixture f;
    f.Good();
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1', 'b:1'")));
    f.Run(5s);
    std::map<std::string, std::set<std::int64_t>> times;
    for (const auto& sample : f.store.Take()) {
      if (sample.labels.Get("__name__") == "up")
        times[std::string(sample.labels.Get("instance"))].insert(sample.t_ms);
    }
    REQUIRE(times.size() == 2);
    for (const auto& [instance, all] : times) {
      CAPTURE(instance);
      CHECK(all.size() >= 4);
      CHECK(all.size() <= 5);
    }
  }

  TEST_CASE("targets are spread over the interval, each always at the same place of it") {
    std::set<std::int64_t> offsets;
    testing::FakeClock clock;
    testing::MemoryLog sink;
    const Logger log(sink, clock);
    testing::RecordingAppendable store;
    std::string targets;
    for (int i = 0; i < 100; ++i) targets += (i == 0 ? "'h" : ", 'h") + std::to_string(i) + ":1'";
    const AgentConfig config = ManagerFixture::Config(
        "scrape_configs:\n- job_name: j\n  scrape_interval: 10s\n"
        "  static_configs: [{targets: [" +
        targets + "]}]\n");
    const auto set = MakeTargets(config.scrape_configs[0]);
    REQUIRE(set.has_value());
    for (const TargetSpec& spec : set->active) {
      const Target one(config.scrape_configs[0], {}, spec, store, clock, log);
      const Target again(config.scrape_configs[0], {}, spec, store, clock, log);
      CHECK(one.offset() == again.offset());
      CHECK(one.offset() < 10s);
      offsets.insert(one.offset() / 1s);
    }
    CHECK(offsets.size() == 10);  // each second of the ten has some
  }

  TEST_CASE("a reload that changes nothing keeps targets, state and client") {
    ManagerFixture f;
    f.Good();
    const std::string yaml = "scrape_configs:\n" + JobYaml("j", "'a:1'");
    REQUIRE(f.Apply(yaml));
    f.Run(2s);
    REQUIRE(f.manager->status()[0].health == Health::kUp);
    (void)f.store.Take();
    REQUIRE(f.Apply(yaml + JobYaml("other", "'b:1'")));
    CHECK(f.manager->status()[0].health == Health::kUp);  // as it was
    CHECK(f.manager->status().size() == 2);
    CHECK(f.clients == 2);
    CHECK(f.store.Take().empty());  // no markers
  }

  TEST_CASE("a job that goes ends its targets with markers") {
    ManagerFixture f;
    f.Good();
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1'")));
    f.Run(2s);
    (void)f.store.Take();
    REQUIRE(f.Apply("scrape_configs: []\n"));
    const auto ended = f.store.Take();
    CHECK(ended.size() == 6);
    for (const auto& sample : ended) CHECK(sample.stale());
    f.Run(2s);
    CHECK(f.store.Take().empty());
  }

  TEST_CASE("a target whose job changed goes on without markers; one that left gets them") {
    ManagerFixture f;
    f.Good();
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1', 'b:1'")));
    f.Run(2s);
    (void)f.store.Take();
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1'", "  scrape_timeout: 500ms\n")));
    for (const auto& sample : f.store.Take()) {
      CHECK(sample.stale());
      CHECK(sample.labels.Get("instance") == "b:1");
    }
    f.Run(2s);
    CHECK(testing::ValueOf(f.store.Take(), "up") == 1);
  }

  TEST_CASE("series that the job's new relabelling drops end with the first scrape, others go on") {
    ManagerFixture f;
    f.peer.Always([](const http::ClientRequest&) { return FakePeer::Status(200, "a 1\nb 2\n"); });
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1'")));
    f.Run(2s);
    (void)f.store.Take();
    REQUIRE(f.Apply("scrape_configs:\n" +
                    JobYaml("j", "'a:1'",
                            "  metric_relabel_configs: [{source_labels: [__name__], regex: b, "
                            "action: drop}]\n")));
    CHECK(f.store.Take().empty());
    f.Run(3s);
    int ended = 0;
    for (const auto& sample : f.store.Take()) {
      if (!sample.stale()) continue;
      ++ended;
      CHECK(sample.labels.Get("__name__") == "b");
    }
    CHECK(ended == 1);
  }

  TEST_CASE("a clock that is set back does not stop the scrapes") {
    ManagerFixture f;
    f.Good();
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1', 'b:1'")));
    f.Run(2s);
    f.clock.StepWall(-1h);
    const int before = f.store.commits();
    f.Run(4s);
    CHECK(f.store.commits() >= before + 4);
    CHECK(f.store.commits() <= before + 10);
  }

  TEST_CASE("every scrape that is not up counts as failed: no answer, 500, a broken page") {
    ManagerFixture f;
    int number = 0;
    f.peer.Always([&](const http::ClientRequest&) -> Result<http::ClientResponse> {
      switch (number++) {
        case 0:
          return FakePeer::Away();
        case 1:
          return FakePeer::Status(500);
        case 2:
          return FakePeer::Status(200, "a{ 1\n");
        default:
          return FakePeer::Status(200, "a 1\n");
      }
    });
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1'")));
    f.Run(6s);
    f.manager.reset();
    std::map<std::string, double> values;
    for (const OwnFamily& family : f.registry.Collect()) {
      for (const OwnSample& sample : family.samples) values[family.name] = sample.value;
    }
    CHECK(values["drover_agent_scrape_failures_total"] == 3);
    CHECK(values["drover_agent_scrapes_total"] == number);
  }

  TEST_CASE("a password that changed makes a new client") {
    ManagerFixture f;
    const auto yaml = [](const std::string& password) {
      return "scrape_configs:\n" +
             JobYaml("j", "'a:1'", "  basic_auth: {username: u, password: " + password + "}\n");
    };
    REQUIRE(f.Apply(yaml("one")));
    REQUIRE(f.Apply(yaml("one")));
    CHECK(f.clients == 1);
    REQUIRE(f.Apply(yaml("two")));
    CHECK(f.clients == 2);
  }

  TEST_CASE("a configuration that cannot be applied changes nothing") {
    ManagerFixture f;
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1'")));
    const Status status =
        f.Apply("scrape_configs:\n" +
                JobYaml("j", "'b:1'",
                        "  relabel_configs: [{target_label: __address__, replacement: ''}]\n"));
    CHECK_FALSE(status.has_value());
    REQUIRE(f.manager->status().size() == 1);
    CHECK(f.manager->status()[0].spec.url == "http://a:1/metrics");
  }

  TEST_CASE("dropped targets are known by job") {
    ManagerFixture f;
    REQUIRE(f.Apply("scrape_configs:\n" +
                    JobYaml("j", "'a:1'", "  relabel_configs: [{action: drop, regex: '.*'}]\n")));
    CHECK(f.manager->status().empty());
    CHECK(f.manager->dropped().at("j").size() == 1);
  }

  TEST_CASE("ending while requests are open is quick and writes nothing") {
    ManagerFixture f;
    REQUIRE(f.Apply("scrape_configs:\n" + JobYaml("j", "'a:1', 'b:1'")));
    f.Run(2s);
    REQUIRE(f.peer.open() > 0);
    const auto started = std::chrono::steady_clock::now();
    f.manager.reset();
    CHECK(std::chrono::steady_clock::now() - started < 500ms);
    CHECK(f.store.commits() == 0);
  }
}

}  // namespace
}  // namespace drover::agent::scrape

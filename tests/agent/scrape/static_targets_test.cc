#include "agent/scrape/static_targets.h"

#include <doctest/doctest.h>

namespace drover::agent::scrape {
namespace {

ScrapeConfig JobOf(const std::string& yaml) {
  const auto loaded = ParseAgentConfig("scrape_configs:\n- job_name: j\n" + yaml, "agent.yml");
  REQUIRE_MESSAGE(loaded.has_value(), loaded.error().message());
  return loaded->config.scrape_configs.front();
}

TEST_SUITE("agent/scrape/static_targets") {
  TEST_CASE("a target has job, instance, its group's labels and a URL") {
    const auto set =
        MakeTargets(JobOf("  metrics_path: /m\n  params: {module: [a b, second]}\n"
                          "  static_configs: [{targets: ['host:1'], labels: {rack: r1}}]\n"));
    REQUIRE(set.has_value());
    REQUIRE(set->active.size() == 1);
    CHECK(set->active[0].labels.ToString() == R"({instance="host:1", job="j", rack="r1"})");
    CHECK(set->active[0].url == "http://host:1/m?module=a+b&module=second");
    CHECK(set->active[0].discovered.Get("__scrape_interval__") == "1m");
  }

  TEST_CASE("relabelling moves a target, renames it, drops it") {
    const auto set =
        MakeTargets(JobOf("  static_configs: [{targets: ['a:1', 'b:2']}]\n"
                          "  relabel_configs:\n"
                          "  - {source_labels: [__address__], regex: 'b:.*', action: drop}\n"
                          "  - {source_labels: [__address__], target_label: __param_target}\n"
                          "  - {source_labels: [__address__], target_label: instance}\n"
                          "  - {target_label: __address__, replacement: 'prober:9115'}\n"
                          "  - {target_label: __scheme__, replacement: https}\n"));
    REQUIRE(set.has_value());
    REQUIRE(set->active.size() == 1);
    CHECK(set->active[0].url == "https://prober:9115/metrics?target=a%3A1");
    CHECK(set->active[0].labels.ToString() == R"({instance="a:1", job="j"})");
    REQUIRE(set->dropped.size() == 1);
    CHECK(set->dropped[0].Get("__address__") == "b:2");
  }

  TEST_CASE("the same target twice is one; the same address with other labels is two") {
    const auto set = MakeTargets(JobOf(
        "  static_configs: [{targets: ['a:1', 'a:1']}, {targets: ['a:1'], labels: {x: y}}]\n"));
    REQUIRE(set.has_value());
    CHECK(set->active.size() == 2);
  }

  TEST_CASE("an address that relabelling took away, or broke, is an error with the job's name") {
    for (const char* replacement : {"''", "'bad host'"}) {
      const auto set = MakeTargets(
          JobOf(std::string("  static_configs: [{targets: ['a:1']}]\n"
                            "  relabel_configs: [{target_label: __address__, replacement: ") +
                replacement + "}]\n"));
      REQUIRE_FALSE(set.has_value());
      CHECK(set.error().message().starts_with("job j: "));
    }
  }
}

}  // namespace
}  // namespace drover::agent::scrape

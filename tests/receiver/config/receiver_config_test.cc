#include "receiver/config/receiver_config.h"

#include <doctest/doctest.h>

#include "receiver/config/external_url.h"

namespace drover::receiver {
TEST_SUITE("receiver/config") {
  TEST_CASE("a whole prometheus.yml is taken; the agent's sections are named") {
    const auto loaded = ParseReceiverConfig(
        "global: {scrape_interval: 15s, evaluation_interval: 30s, external_labels: {cluster: a}}\n"
        "rule_files: [rules/*.yml, /etc/x.yml]\nscrape_configs:\n  - job_name: x\nremote_write: "
        "[]\n",
        "/etc/drover/receiver.yml");
    REQUIRE(loaded.has_value());
    CHECK(loaded->config.global.evaluation_interval == Millis(30'000));
    CHECK(loaded->config.rule_files ==
          std::vector<std::string>{"/etc/drover/rules/*.yml", "/etc/x.yml"});
    CHECK(loaded->other_sections == std::vector<std::string>{"scrape_configs", "remote_write"});
    CHECK(loaded->warnings.empty());
  }
  TEST_CASE("an empty file is the defaults") {
    CHECK(ParseReceiverConfig("", "f")->config.global.evaluation_interval == Millis(60'000));
  }
  TEST_CASE("mistakes have their place") {
    struct Case {
      const char* text;
      const char* error;
    };
    const Case cases[] = {
        {"globl: {}\n", "f:1:1: unknown key \"globl\", did you mean \"global\"?"},
        {"alerting: {alertmanagers: []}\n", "f:1:11: alerting is not built yet"},
        {"global: {evaluation_interval: 0}\n", "f:1:9: evaluation_interval must be positive"},
        {"rule_files: [\"a/*/b.yml\"]\n",
         "f:1:13: \"a/*/b.yml\": wildcards are allowed in the last part of the path only"},
    };
    for (const Case& c : cases) {
      const auto loaded = ParseReceiverConfig(c.text, "f");
      REQUIRE_FALSE(loaded.has_value());
      CHECK(loaded.error().message() == c.error);
    }
  }
  TEST_CASE("the address in links: as given, or of this host and the port") {
    struct Case {
      const char *given, *listen;
      bool https;
      const char *want, *prefix;
    };
    const Case cases[] = {
        {"https://metrics.test/drover/", ":9090", false, "https://metrics.test/drover", "/drover"},
        {"http://metrics.test", ":9090", false, "http://metrics.test", ""},
        {"", ":9090", false, "http://this-host:9090", ""},
        {"", "0.0.0.0:9090", true, "https://this-host:9090", ""},
        {"", "[::]:9090", false, "http://this-host:9090", ""},
        {"", "127.0.0.1:80", false, "http://127.0.0.1:80", ""},
        {"", "[::1]:80", false, "http://[::1]:80", ""},
    };
    for (const Case& c : cases) {
      CAPTURE(c.want);
      CHECK(ExternalUrl(c.given, c.listen, c.https, "this-host") == c.want);
      CHECK(PathPrefix(c.want) == c.prefix);
    }
    CHECK_FALSE(HostName().empty());
  }
}
}  // namespace drover::receiver

#include "receiver/alerting/config/config.h"

#include <doctest/doctest.h>

#include "core/base/numbers.h"
#include "receiver/alert/alert.h"
#include "receiver/alerting/route/route.h"

namespace drover::alerting {
namespace {

constexpr const char* kBase =
    "route:\n  receiver: r\nreceivers:\n- name: r\n  webhook_configs: [{url: 'http://x/'}]\n";

TimePoint At(const char* text) { return ParseRfc3339(text).value(); }

TEST_CASE("an unknown key is refused with its place and the likely one") {
  const auto got = ParseConfig("route:\n  receiver: r\n  group_bye: [a]\n", "am.yml");
  REQUIRE_FALSE(got);
  CHECK(got.error().message().starts_with("am.yml:3:3: "));
  CHECK(got.error().message().find("group_by") != std::string::npos);
}

TEST_CASE("an integration that is not built is named with its place, and routes still show") {
  const auto got = ParseConfig(
      "route:\n  receiver: r\nreceivers:\n- name: r\n  slack_configs: [{api_url: 'http://x'}]\n",
      "am.yml");
  REQUIRE(got);
  REQUIRE(got->not_built.size() == 1);
  CHECK(got->not_built[0] == "am.yml:5:3: slack_configs is not built yet");
  CHECK(RoutesShow(got->config).find("receiver: r") != std::string::npos);
}

TEST_CASE("what is shown has no secret in it and files are relative to the configuration") {
  auto got = ParseConfig(
      "route: {receiver: r}\nreceivers:\n- name: r\n  webhook_configs: [{url_file: hook.url}]\n"
      "- name: s\n  webhook_configs: [{url: 'http://x/token'}]\n",
      "/etc/drover/am.yml");
  REQUIRE(got);
  CHECK(got->config.receivers[0].webhook_configs[0].url_file == "/etc/drover/hook.url");
  CHECK(WriteFields(got->config).find("token") == std::string::npos);
}

TEST_CASE("a child takes what it leaves out from its parent and [] clears group_by") {
  const auto got = ParseConfig(
      "route:\n  receiver: r\n  group_by: ['...']\n  group_wait: 1s\n  routes:\n"
      "  - {matchers: [a=1], group_by: []}\n  - {matchers: [a=1, b=~x], group_interval: 7s}\n"
      "receivers: [{name: r}]\n",
      "am.yml");
  REQUIRE(got);
  const Route root(got->config.route);
  CHECK(root.group_by_all);
  CHECK(root.repeat_interval == Millis(4 * 3600 * 1000));
  CHECK_FALSE(root.children[0]->group_by_all);
  CHECK(root.children[0]->GroupLabels(Labels{{"a", "1"}}).empty());
  CHECK(root.children[1]->group_by_all);
  CHECK(root.children[1]->group_wait == Millis(1000));
  CHECK(root.children[1]->group_interval == Millis(7000));
  CHECK(root.children[1]->key == R"({}/{a="1",b=~"x"})");
}

TEST_CASE("the tree of routes as amtool shows it") {
  const auto got = ParseConfig(
      "route:\n  receiver: root\n  routes:\n"
      "  - {matchers: [severity=critical], receiver: pager, continue: true, routes: [{match: {a: "
      "b}}]}\n"
      "  - {matchers: [team=~\"db|sql\"], receiver: db}\n"
      "receivers: [{name: root}, {name: pager}, {name: db}]\n",
      "am.yml");
  REQUIRE(got);
  CHECK(RoutesShow(got->config) ==
        "Routing tree:\n.\n"
        "└── default-route  receiver: root\n"
        "    ├── {severity=\"critical\"}  continue: true  receiver: pager\n"
        "    │   └── {a=\"b\"}  receiver: pager\n"
        "    └── {team=~\"db|sql\"}  receiver: db\n");
  CHECK(RoutesTest(got->config, Labels{{"severity", "critical"}, {"team", "db"}}) ==
        std::vector<std::string>{"pager", "db"});
}

TEST_CASE("fingerprints and group keys are the reference's") {
  const Labels labels{{"alertname", "HighLatency"}, {"cluster", "prod-eu1"}};
  CHECK(alert::FingerprintText(alert::Fingerprint(Labels{{"alertname", "HighLatency"},
                                                         {"cluster", "prod-eu1"},
                                                         {"instance", "web-1.example.test:9100"},
                                                         {"job", "node"},
                                                         {"severity", "critical"},
                                                         {"team", "payments"}})) ==
        "99bba989452eaf27");
  CHECK(GroupKey("{}", labels) == R"({}:{alertname="HighLatency", cluster="prod-eu1"})");
}

TEST_CASE("time intervals: fields, ends, zones") {
  const auto spec = [](const std::string& yaml) {
    auto config = ParseConfig(kBase +
                                  std::string("time_intervals:\n- name: x\n"
                                              "  time_intervals: [") +
                                  yaml + "]\n",
                              "am.yml");
    REQUIRE_MESSAGE(config, config.error().message());
    return config->config.time_intervals[0];
  };
  const auto nine = spec("{times: [{start_time: '09:00', end_time: '17:00'}]}");
  CHECK_FALSE(nine.Contains(At("2026-11-21T08:59:59.999Z")));
  CHECK(nine.Contains(At("2026-11-21T09:00:00Z")));
  CHECK(nine.Contains(At("2026-11-21T16:59:59Z")));
  CHECK_FALSE(nine.Contains(At("2026-11-21T17:00:00Z")));
  const auto paris =
      spec("{times: [{start_time: '09:00', end_time: '17:00'}], location: Europe/Paris}");
  CHECK(paris.Contains(At("2026-07-01T07:00:00Z")));        // summer: +2
  CHECK_FALSE(paris.Contains(At("2026-12-01T07:30:00Z")));  // winter: +1
  const auto last = spec("{days_of_month: ['-3:-1']}");
  CHECK(last.Contains(At("2026-02-26T00:00:00Z")));
  CHECK_FALSE(last.Contains(At("2026-02-25T00:00:00Z")));
  const auto end = spec("{days_of_month: ['30:31'], months: ['january:march'], years: [2026]}");
  CHECK_FALSE(end.Contains(At("2026-02-28T00:00:00Z")));
  CHECK(end.Contains(At("2026-01-30T00:00:00Z")));
  CHECK_FALSE(end.Contains(At("2027-01-30T00:00:00Z")));
  const auto saturday = spec("{weekdays: [Saturday]}, {weekdays: ['monday:tuesday']}");
  CHECK(saturday.Contains(At("2026-11-21T12:00:00Z")));
  CHECK_FALSE(saturday.Contains(At("2026-11-22T12:00:00Z")));
  CHECK(saturday.Contains(At("2026-11-23T12:00:00Z")));
}

TEST_CASE("matcher texts quote what needs it") {
  const auto parsed = ParseMatchers(R"({"a b"="x\"y", c!~"d"})");
  REQUIRE(parsed);
  CHECK(MatchersText(parsed->matchers) == R"({"a b"="x\"y",c!~"d"})");
  CHECK_FALSE(ParseOneMatcher("{a=b}"));
  CHECK_FALSE(ParseMatchers("foo=~a\\d")->warning.empty());
}

}  // namespace
}  // namespace drover::alerting

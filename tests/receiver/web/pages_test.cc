#include "receiver/web/pages.h"

#include <doctest/doctest.h>

#include "receiver/alert/alert.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"

namespace drover::web {
namespace {

struct Site {
  Site() {
    AddPages(router,
             {engine, store, clock, [this] { return groups; }, [this] { return notice; }, nullptr});
  }
  std::string Get(std::string path, std::string query = "") {
    http::Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.query = std::move(query);
    const http::Response response = router.Serve(request);
    CHECK(response.status == 200);
    CHECK(response.headers.Get("Content-Type") == "text/html; charset=utf-8");
    return response.body;
  }
  testing::FakeClock clock;
  testing::MemoryStore store;
  promql::Engine engine{{}, clock};
  std::vector<rules::GroupSnapshot> groups;
  std::string notice;
  http::Router router;
};

bool Has(const std::string& page, std::string_view text) {
  return page.find(text) != std::string::npos;
}

}  // namespace
TEST_SUITE("receiver/web") {
  TEST_CASE("an empty store gives pages that say what to do") {
    Site site;
    CHECK(Has(site.Get("/"), "Point an agent's remote_write at /api/v1/write"));
    CHECK(Has(site.Get("/"), "nothing firing"));
    CHECK(Has(site.Get("/alerts"), "No --alerting.config.file"));
    CHECK(Has(site.Get("/graph"), "<textarea"));
  }
  TEST_CASE("hosts with plots, targets with their age, silent ones named") {
    Site site;
    const std::int64_t now = ToMs(site.clock.Now());
    for (int i = 0; i <= 20; ++i) {
      const std::int64_t t = now - (20 - i) * 15'000;
      site.store.Add(Labels{{"__name__", "node_cpu_seconds_total"},
                            {"mode", "idle"},
                            {"cpu", "0"},
                            {"instance", "web<1>"}},
                     t, i * 7.5);
    }
    site.store.Add(Labels{{"__name__", "drover_target_last_sample_age_seconds"},
                          {"job", "node"},
                          {"instance", "web<1>"}},
                   now, 2);
    site.store.Add(Labels{{"__name__", "drover_target_last_sample_age_seconds"},
                          {"job", "node"},
                          {"instance", "gone"}},
                   now, 700);
    site.store.Add(Labels{{"__name__", "up"}, {"job", "node"}, {"instance", "web<1>"}}, now, 1);
    const std::string page = site.Get("/");
    CHECK(Has(page, "<h2>web&lt;1&gt;</h2>"));
    CHECK_FALSE(Has(page, "web<1>"));
    CHECK(Has(page, "CPU busy <span class=\"dim\">50 %</span>"));
    CHECK(Has(page, "<path "));
    CHECK(Has(page, "silent"));
    CHECK(Has(page, "11m 40s"));
  }
  TEST_CASE("a graph is drawn with legend and table; mistakes are shown in place") {
    Site site;
    const std::int64_t now = ToMs(site.clock.Now());
    for (int i = 0; i < 10; ++i)
      site.store.Add(Labels{{"__name__", "x"}, {"a", "<b>"}}, now - (9 - i) * 10'000, i);
    const std::string page = site.Get("/graph", "expr=x*2&range=5m");
    CHECK(Has(page, "<path "));
    CHECK(Has(page, "{a=&#34;&lt;b&gt;&#34;}"));
    CHECK(Has(page, "<td class=\"n\">18</td>"));
    CHECK(Has(site.Get("/graph", "expr=sum("), "1:5: parse error"));
    CHECK(Has(site.Get("/graph", "expr=x&range=banana"), "range: not a valid duration"));
    CHECK(Has(site.Get("/graph", "expr=x&end=banana"), "is no time"));
    CHECK(Has(site.Get("/graph", "g0.expr=x"), "<path "));
    CHECK(Has(site.Get("/graph", "expr=nothing"), "No series."));
    CHECK(Has(site.Get("/graph", "expr=%3Cscript%3E"), "&lt;script&gt;"));
  }
  TEST_CASE("alerts with value, annotations and where they go") {
    Site site;
    rules::AlertSnapshot alert;
    alert.labels = Labels{{"alertname", "Down"}, {"instance", "a"}};
    alert.annotations = {{"summary", "a <is> down"}};
    alert.state = rules::AlertState::kFiring;
    alert.active_at = site.clock.Now() - Millis(65'000);
    alert.value = 1.5;
    rules::RuleSnapshot rule;
    rule.spec.alerting = true;
    rule.spec.name = "Down";
    rule.query = "up == 0";
    rule.state = rules::AlertState::kFiring;
    rule.alerts = {alert};
    site.groups = {{.name = "g",
                    .file = "f",
                    .interval = Millis(1000),
                    .limit = 0,
                    .evaluation_seconds = 0,
                    .last_evaluation = {},
                    .rules = {rule}}};
    const std::string page = site.Get("/alerts");
    CHECK(Has(page, "firing"));
    CHECK(Has(page, "a &lt;is&gt; down"));
    CHECK(Has(page, "1m 5s"));
    CHECK(Has(page, "/graph?expr=up+%3D%3D+0"));
    CHECK(Has(site.Get("/"), "1 firing"));

    AlertingView view;
    view.external_labels = {{"region", "eu"}, {"instance", "not this"}};
    view.deliveries[alert::Fingerprint(
        Labels{{"alertname", "Down"}, {"instance", "a"}, {"region", "eu"}})] = {
        {"team-a", "team-b"}, {"id-1"}, false, false, "webhook team-a, 3s ago"};
    view.silences = {{"id-1", "{alertname=\"Down\"}", "active", "2026", "me", "why"}};
    http::Router routed;
    AddPages(routed, {site.engine, site.store, site.clock, [&] { return site.groups; },
                      [] { return std::string(); }, [view] { return view; }});
    http::Request request;
    request.method = "GET";
    request.path = "/alerts";
    const std::string with_routing = routed.Serve(request).body;
    CHECK(Has(with_routing, "team-a, team-b"));
    CHECK(Has(with_routing, "silenced"));
    CHECK(Has(with_routing, "webhook team-a, 3s ago"));
    CHECK(Has(with_routing, "<h2>Silences</h2>"));
  }
  TEST_CASE("a failed reload is said on every page") {
    Site site;
    site.notice = "The last reload failed: f.yml:3:1: unknown key";
    for (const char* path : {"/", "/graph", "/alerts"}) CHECK(Has(site.Get(path), "f.yml:3:1"));
  }
}
}  // namespace drover::web

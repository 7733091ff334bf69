#include <algorithm>
#include <fstream>
#include <thread>

#include <doctest/doctest.h>

#include "receiver/rules/manager.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"
#include "tests/support/temp_folder.h"

namespace drover::rules {
namespace {

class NullLog final : public LogSink {
 public:
  void Write(std::string_view) override {}
};

class KeepingSink final : public alert::AlertSink {
 public:
  void Put(std::vector<alert::Alert> alerts) override {
    const Lock lock(mutex_);
    for (alert::Alert& alert : alerts) alerts_.push_back(std::move(alert));
    holding_ = hold_;
    changed_.Wait(mutex_, [this]() NO_THREAD_SAFETY_ANALYSIS { return !hold_; });
    holding_ = false;
  }
  // True: Put does not return before false.
  void Hold(bool hold) {
    const Lock lock(mutex_);
    hold_ = hold;
    changed_.NotifyAll();
  }
  bool holding() const {
    const Lock lock(mutex_);
    return holding_;
  }
  void KeepOpen(const std::vector<Labels>& labels, TimePoint until) override {
    const Lock lock(mutex_);
    for (const Labels& one : labels) kept_.emplace_back(one, until);
  }
  std::vector<std::pair<Labels, TimePoint>> TakeKept() {
    const Lock lock(mutex_);
    return std::exchange(kept_, {});
  }
  std::vector<alert::Alert> Take() {
    const Lock lock(mutex_);
    return std::exchange(alerts_, {});
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  bool hold_ = false;
  bool holding_ = false;
  std::vector<alert::Alert> alerts_;
  std::vector<std::pair<Labels, TimePoint>> kept_;
};

constexpr std::int64_t kStart = 1'700'000'000'000;

struct Fixture {
  testing::FakeClock clock{kStart};
  testing::MemoryStore store;
  KeepingSink sink;
  NullLog lines;
  Logger log{lines, clock};
  Registry metrics;
  promql::Engine engine{{}, clock};
  Environment env{engine, store, store, sink, clock, metrics, log};
  RuleOptions options;

  static TimePoint At(int seconds) { return FromMs(kStart + seconds * 1000); }
  void Put(const Labels& labels, int seconds, double v) {
    store.Add(labels, kStart + seconds * 1000, v);
  }
  static std::vector<GroupSpec> Parsed(std::string_view text) {
    auto groups = ParseRuleFile(text, "r.yml", {});
    if (!groups) FAIL(groups.error().message());
    return *std::move(groups);
  }
  // "t:value" of a series' samples, seconds from the start; s is a staleness marker.
  std::string Series(std::string_view selector) {
    const auto matchers = promql::ParseMetricSelector(selector);
    auto set = store.Select(*matchers, 0, INT64_MAX, {});
    std::string out;
    SampleColumns samples;
    while ((*set)->Next()) {
      REQUIRE((*set)->Samples(samples).has_value());
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (!out.empty()) out += " ";
        out +=
            std::to_string((samples.t_ms[i] - kStart) / 1000) + ":" +
            (IsStale(samples.value[i]) ? "s" : std::to_string(static_cast<int>(samples.value[i])));
      }
    }
    return out;
  }
};

// Another thread brings it about within five seconds.
template <typename F>
bool Eventually(F&& f) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!f()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string LoadError(std::string_view text) {
  const auto groups = ParseRuleFile(text, "r.yml", {});
  return groups ? "none" : groups.error().message();
}

TEST_SUITE("receiver/rules") {
  TEST_CASE("a bad rule file is refused with its place") {
    struct Case {
      const char* text;
      const char* want;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"groups:\n- name: a\n  rulez: []\n", "r.yml:3:3: field rulez not found in group"},
             {"groups:\n- rules: []\n", "r.yml:2:3: Groupname must not be empty"},
             {"groups:\n- name: a\n- name: a\n",
              "r.yml:3:3: groupname: \"a\" is repeated in the same file"},
             {"groups:\n- name: a\n  rules:\n  - record: x\n    expr: sum(\n",
              "r.yml:5:11: could not parse expression: 1:5: parse error: unclosed left "
              "parenthesis"},
             {"groups:\n- name: a\n  rules:\n  - record: x\n    expr: y\n    for: 5m\n",
              "r.yml:6:10: invalid field 'for' in recording rule"},
             {"groups:\n- name: a\n  rules:\n  - alert: x\n    expr: y\n    for: 5 min\n",
              "r.yml:6:10: not a valid duration string: \"5 min\""},
             {"groups:\n- name: a\n  rules:\n  - alert: x\n    expr: y\n    annotations: {b: '{{ "
              ".x'}\n",
              "r.yml:6:22: annotations b: template: __alert_x:1: unclosed action"},
             {"groups:\n- name: a\n  rules:\n  - alert: x\n    record: y\n    expr: y\n",
              "r.yml:4:5: only one of 'record' and 'alert' must be set"},
             {"groups:\n- name: a\n  rules:\n  - alert: x\n",
              "r.yml:4:5: field 'expr' must be set in rule"},
         }) {
      CAPTURE(c.text);
      CHECK(LoadError(c.text) == c.want);
    }
    CHECK(LoadError("") == "none");
  }

  TEST_CASE("an alert is pending for its time, fires, resolves and is sent again in between") {
    Fixture f;
    f.options.resend_delay = std::chrono::seconds(20);
    f.options.external_labels = Labels{{"region", "eu"}};
    f.options.external_url = "http://x";
    const auto specs = Fixture::Parsed(
        "groups:\n- name: g\n  interval: 10s\n  rules:\n  - alert: High\n    expr: m > 5\n"
        "    for: 20s\n    labels: {severity: page}\n"
        "    annotations: {text: '{{ $labels.i }} is {{ $value }}'}\n");
    Group group(specs[0], f.env, f.options, false);
    for (int t = 0; t <= 100; t += 10) {
      f.Put(Labels{{kMetricName, "m"}, {"i", "a"}}, t, t >= 10 && t < 70 ? 7 : 1);
      group.Evaluate(Fixture::At(t));
      const auto sent = f.sink.Take();
      const bool due = t == 30 || t == 60 || t == 70 || t == 100;
      CAPTURE(t);
      REQUIRE(sent.size() == (due ? 1U : 0U));
      if (!due) continue;
      CHECK(sent[0].labels ==
            Labels{{"alertname", "High"}, {"i", "a"}, {"region", "eu"}, {"severity", "page"}});
      CHECK(sent[0].annotations.at("text") == "a is 7");
      CHECK(sent[0].starts_at == Fixture::At(30));
      CHECK(sent[0].ends_at == Fixture::At(t < 70 ? t + 80 : 70));
      CHECK(sent[0].generator_url == "http://x/graph?g0.expr=m+%3E+5&g0.tab=1");
    }
    CHECK(f.Series("ALERTS{alertstate=\"pending\"}") == "10:1 20:1 30:s");
    CHECK(f.Series("ALERTS{alertstate=\"firing\"}") == "30:1 40:1 50:1 60:1 70:s");
    CHECK(f.Series("ALERTS_FOR_STATE").starts_with("10:1700000010 20:1700000010"));
  }

  TEST_CASE("recording rules name their series, see earlier rules, and go stale") {
    Fixture f;
    const auto specs = Fixture::Parsed(
        "groups:\n- name: g\n  interval: 10s\n  query_offset: 1s\n  labels: {team: x}\n  rules:\n"
        "  - record: one\n    expr: m > 1\n  - record: two\n    expr: one * 2\n"
        "    labels: {team: y}\n  - record: fixed\n    expr: 7\n");
    Group group(specs[0], f.env, f.options, false);
    f.Put(Labels{{kMetricName, "m"}}, 0, 3);
    group.Evaluate(Fixture::At(1));
    f.Put(Labels{{kMetricName, "m"}}, 10, 0);
    group.Evaluate(Fixture::At(11));
    CHECK(f.Series("one{team=\"x\"}") == "0:3 10:s");
    CHECK(f.Series("two{team=\"y\"}") == "0:6 10:s");
    CHECK(f.Series("fixed") == "0:7 10:7");
  }

  TEST_CASE("errors and limits are kept for the API, and nothing is written") {
    Fixture f;
    const auto specs = Fixture::Parsed(
        "groups:\n- name: g\n  limit: 1\n  rules:\n  - alert: A\n    expr: m\n"
        "  - record: r\n    expr: m\n    labels: {i: same}\n");
    Group group(specs[0], f.env, f.options, false);
    f.Put(Labels{{kMetricName, "m"}, {"i", "1"}}, 0, 1);
    f.Put(Labels{{kMetricName, "m"}, {"i", "2"}}, 0, 1);
    group.Evaluate(Fixture::At(0));
    const GroupSnapshot snapshot = group.Snapshot();
    CHECK(snapshot.rules[0].health == Health::kErr);
    CHECK(snapshot.rules[0].last_error == "exceeded limit of 1 with 2 alerts");
    CHECK(snapshot.rules[0].alerts.empty());
    CHECK(snapshot.rules[1].last_error ==
          "vector contains metrics with the same labelset after applying rule labels");
    CHECK(f.Series("ALERTS").empty());
    CHECK(group.counters().failures == 2);
  }

  TEST_CASE("after a restart a pending alert goes on where it was") {
    const std::string text =
        "groups:\n- name: g\n  interval: 60s\n  rules:\n  - alert: A\n    expr: m > 0\n"
        "    for: 30m\n";
    struct Case {
      const char* name;
      int last_seen, active_since, want_active;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"was firing", 3500, 1000, 1000},
             {"the outage does not count", 3500, 3000, 3000 + (3660 - 3500)},
             {"at least the grace period remains", 3500, 1900, 3660 + 600 - 1800},
         }) {
      SUBCASE(c.name) {
        Fixture f;
        f.Put(Labels{{kMetricName, "ALERTS_FOR_STATE"}, {"alertname", "A"}}, c.last_seen,
              static_cast<double>(kStart / 1000 + c.active_since));
        Group group(Fixture::Parsed(text)[0], f.env, f.options, true);
        for (const int t : {3600, 3660}) {
          f.Put(Labels{{kMetricName, "m"}}, t, 1);
          group.Evaluate(Fixture::At(t));
        }
        const GroupSnapshot snapshot = group.Snapshot();
        REQUIRE(snapshot.rules[0].alerts.size() == 1);
        CHECK(snapshot.rules[0].alerts[0].active_at == Fixture::At(c.want_active));
        CHECK(f.Series("ALERTS").empty());
        f.Put(Labels{{kMetricName, "m"}}, 3720, 1);
        group.Evaluate(Fixture::At(3720));
        CHECK(f.Series("ALERTS").starts_with("3720:1"));
      }
    }
  }

  TEST_CASE("what is true soon after a start is kept open until it fires") {
    Fixture f;
    f.options.external_labels = Labels{{"region", "eu"}};
    const auto specs = Fixture::Parsed(
        "groups:\n- name: g\n  interval: 60s\n  rules:\n  - alert: A\n    expr: m > 0\n"
        "    for: 6m\n");
    Group group(specs[0], f.env, f.options, true);
    for (int t = 0; t <= 360; t += 60) {
      f.Put(Labels{{kMetricName, "m"}, {"i", "early"}}, t, 1);
      f.Put(Labels{{kMetricName, "m"}, {"i", "late"}}, t, t < 300 ? 0 : 1);
      group.Evaluate(Fixture::At(t));
      const auto kept = f.sink.TakeKept();
      CAPTURE(t);
      REQUIRE(kept.size() == (t < 360 ? 1U : 0U));
      if (kept.empty()) continue;
      CHECK(kept[0].first == Labels{{"alertname", "A"}, {"i", "early"}, {"region", "eu"}});
      CHECK(kept[0].second == Fixture::At(t + 240));
    }
    CHECK(f.sink.Take().size() == 1);
    Group added(specs[0], f.env, f.options, false);  // by a reload
    added.Evaluate(Fixture::At(360));
    CHECK(f.sink.TakeKept().empty());
  }

  TEST_CASE("a reload keeps alerts, and series of vanished rules go stale") {
    Fixture f;
    const auto before = Fixture::Parsed(
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: m > 0\n    for: 1m\n"
        "  - record: gone\n    expr: m\n");
    const auto after = Fixture::Parsed(
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: m > 0.5\n    for: 1m\n");
    Group old(before[0], f.env, f.options, false);
    f.Put(Labels{{kMetricName, "m"}}, 0, 1);
    old.Evaluate(Fixture::At(0));
    Group group(after[0], f.env, f.options, false);
    group.CopyStateFrom(old);
    f.Put(Labels{{kMetricName, "m"}}, 60, 1);
    group.Evaluate(Fixture::At(60));
    CHECK(group.Snapshot().rules[0].state == AlertState::kFiring);
    CHECK(f.Series("gone") == "0:1 60:s");
  }

  TEST_CASE("slots keep their phase, and missed ones are counted") {
    Fixture f;
    const auto specs = Fixture::Parsed("groups:\n- name: g\n  interval: 10s\n");
    Group group(specs[0], f.env, f.options, false);
    const TimePoint first = group.NextSlot(Fixture::At(0));
    CHECK(first > Fixture::At(0));
    CHECK(first <= Fixture::At(10));
    CHECK(group.NextSlot(first) == first + Millis(10'000));
    CHECK(group.SlotAfter(first, first + Millis(3'000)) == first + Millis(10'000));
    CHECK(group.SlotAfter(first, first + Millis(15'000)) == first + Millis(10'000));
    CHECK(group.counters().missed == 0);
    CHECK(group.SlotAfter(first, first + Millis(35'000)) == first + Millis(30'000));
    CHECK(group.counters().missed == 2);
  }

  TEST_CASE("the manager runs groups at their slots and ends series of removed ones") {
    Fixture f;
    f.options.threads = 1;
    f.Put(Labels{{kMetricName, "m"}}, 0, 1);
    const auto specs = Fixture::Parsed(
        "groups:\n- name: g\n  interval: 10s\n  rules:\n  - record: r\n    expr: m\n");
    Manager manager(f.env, f.options);
    manager.Update(specs);
    REQUIRE(f.clock.WaitForSleepers(1));
    f.clock.Advance(Millis(10'000));
    REQUIRE(Eventually([&] { return f.Series("r").ends_with(":1"); }));
    REQUIRE(Eventually([&] { return manager.Groups()[0].last_evaluation > Fixture::At(0); }));
    manager.Update({});
    REQUIRE(f.clock.WaitForSleepers(1));
    f.clock.Advance(Millis(20'000));
    CHECK(Eventually([&] { return f.Series("r").ends_with(":s"); }));
    manager.Stop();
    bool found = false;
    for (const OwnFamily& family : f.metrics.Collect()) {
      found = found || family.name == "prometheus_rule_group_iterations_missed_total";
    }
    CHECK(found);
  }

  TEST_CASE("other options keep alerts, and what is removed with them goes stale") {
    Fixture f;
    f.options.threads = 1;
    f.options.evaluation_interval = Millis(10'000);
    f.Put(Labels{{kMetricName, "m"}}, 0, 1);
    const std::string rule = "\n  rules:\n  - alert: A\n    expr: m > 0\n    for: 1h\n";
    Manager manager(f.env, f.options);
    manager.Update(
        Fixture::Parsed("groups:\n- name: g" + rule + "- name: gone\n  labels: {i: gone}" + rule));
    const auto done = [&](std::size_t groups) {
      const auto all = manager.Groups();
      return std::count_if(all.begin(), all.end(), [](const GroupSnapshot& g) {
               return !g.rules[0].alerts.empty();
             }) == static_cast<std::ptrdiff_t>(groups);
    };
    for (int i = 0; i < 100 && f.Series("ALERTS{i=\"gone\"}").empty(); ++i) {
      REQUIRE(f.clock.WaitForSleepers(1));
      f.clock.Advance(Millis(1000));
    }
    REQUIRE(done(2));
    const TimePoint active_at = manager.Groups()[0].rules[0].alerts[0].active_at;
    f.options.evaluation_interval = Millis(20'000);
    f.options.external_labels = Labels{{"region", "eu"}};
    manager.Update(Fixture::Parsed("groups:\n- name: g" + rule), f.options);
    const auto after = manager.Groups();
    REQUIRE(after.size() == 1);
    CHECK(after[0].interval == Millis(20'000));
    REQUIRE(after[0].rules[0].alerts.size() == 1);
    CHECK(after[0].rules[0].alerts[0].active_at == active_at);
    CHECK_FALSE(f.Series("ALERTS{i=\"gone\"}").ends_with(":s"));
    REQUIRE(f.clock.WaitForSleepers(1));
    for (int i = 0; i < 30; ++i) {
      f.clock.Advance(Millis(1000));
      REQUIRE(f.clock.WaitForSleepers(1));
    }
    CHECK(f.Series("ALERTS{i=\"gone\"}").ends_with(":s"));
  }

  TEST_CASE("an update waits for the evaluation that runs, and no rule of it is lost") {
    Fixture f;
    f.options.threads = 2;
    f.Put(Labels{{kMetricName, "m"}}, 0, 1);
    const auto specs = Fixture::Parsed(
        "groups:\n- name: g\n  interval: 10s\n  rules:\n  - alert: A\n    expr: m\n"
        "  - record: r\n    expr: m\n- name: idle\n  interval: 10h\n");
    Manager manager(f.env, f.options);
    manager.Update(specs);
    REQUIRE(f.clock.WaitForSleepers(2));
    f.sink.Hold(true);
    f.clock.Advance(Millis(10'000));
    REQUIRE(Eventually([&] { return f.sink.holding(); }));
    std::jthread update([&] { manager.Update(specs); });
    REQUIRE(Eventually([&] { return f.clock.sleepers() == 0; }));
    f.sink.Hold(false);
    update.join();
    CHECK(f.Series("r").ends_with(":1"));
    CHECK(manager.Groups()[0].rules[1].health == Health::kOk);
  }

  TEST_CASE("a changed group keeps its next slot, even one that is late") {
    Fixture f;
    f.options.threads = 1;
    f.Put(Labels{{kMetricName, "m"}}, 0, 1);
    const std::string text = "groups:\n- name: g\n  interval: 10s\n  rules:\n";
    const auto before = Fixture::Parsed(text + "  - alert: A\n    expr: m\n");
    const auto after = Fixture::Parsed(text + "  - record: r\n    expr: m\n");
    Manager manager(f.env, f.options);
    manager.Update(before);
    REQUIRE(f.clock.WaitForSleepers(1));
    f.sink.Hold(true);
    f.clock.Advance(Millis(10'000));
    REQUIRE(Eventually([&] { return f.sink.holding(); }));
    f.clock.Advance(Millis(10'000));  // the next slot goes by
    std::jthread update([&] { manager.Update(after); });
    f.sink.Hold(false);
    update.join();
    // By the old group or by the new one.
    const TimePoint late =
        Group(before[0], f.env, f.options, false).NextSlot(Fixture::At(0)) + Millis(10'000);
    CHECK(Eventually([&] { return manager.Groups()[0].last_evaluation == late; }));
  }

  TEST_CASE("rules go on when the wall clock is set back") {
    Fixture f;
    f.options.threads = 1;
    f.Put(Labels{{kMetricName, "m"}}, 0, 1);
    const auto specs = Fixture::Parsed(
        "groups:\n- name: g\n  interval: 10s\n  rules:\n  - record: r\n    expr: time()\n");
    Manager manager(f.env, f.options);
    manager.Update(specs);
    REQUIRE(f.clock.WaitForSleepers(1));
    f.clock.StepWall(-Millis(7'200'000));
    for (int i = 0; i < 3; ++i) {
      f.clock.Advance(Millis(10'000));
      REQUIRE(f.clock.WaitForSleepers(1));
    }
    const TimePoint last = manager.Groups()[0].last_evaluation;
    CHECK(last <= f.clock.Now());
    CHECK(last > f.clock.Now() - Millis(10'000));
    // During an evaluation.
    Group group(specs[0], f.env, f.options, false);
    const TimePoint slot = group.NextSlot(Fixture::At(0));
    CHECK(group.SlotAfter(slot, slot - Millis(2'000)) == slot + Millis(10'000));
    CHECK(group.SlotAfter(slot, slot - Millis(15'000)) == slot - Millis(10'000));
  }

  TEST_CASE("alerts survive a wall clock that is set back") {
    Fixture f;
    const auto specs = Fixture::Parsed(
        "groups:\n- name: g\n  interval: 60s\n  rules:\n  - alert: A\n    expr: m > 0\n"
        "    for: 1m\n");
    Group group(specs[0], f.env, f.options, false);
    const Labels m{{kMetricName, "m"}};
    for (const int t : {7200, 7260}) {
      f.Put(m, t, 1);
      group.Evaluate(Fixture::At(t));
    }
    REQUIRE(f.sink.Take().size() == 1);
    f.store.Clear();
    for (const int t : {60, 180}) {
      f.Put(m, t, 1);
      group.Evaluate(Fixture::At(t));
      CAPTURE(t);
      CHECK(group.Snapshot().rules[0].state == AlertState::kFiring);
      CHECK(f.sink.Take().size() == 1);  // a lease that ends in time
    }
    f.Put(m, 240, 0);
    group.Evaluate(Fixture::At(240));
    const auto ended = f.sink.Take();
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].ends_at == Fixture::At(240));
    CHECK(ended[0].starts_at <= Fixture::At(60));
  }

  TEST_CASE("a file that several patterns name is read once") {
    const testing::TempFolder folder;
    std::ofstream(folder.path() + "/a.yml") << "groups:\n- name: g\n";
    std::ofstream(folder.path() + "/b.yml") << "groups:\n- name: g\n";
    const auto groups = LoadRuleFiles({folder.path() + "/*.yml", folder.path() + "/a.yml"}, {});
    REQUIRE(groups);
    CHECK(groups->size() == 2);
  }

  TEST_CASE("fingerprints are FNV-1a of names and values") {
    CHECK(alert::FingerprintText(alert::Fingerprint(Labels{{"alertname", "HighLatency"},
                                                           {"cluster", "prod-eu1"},
                                                           {"instance", "web-1.example.test:9100"},
                                                           {"job", "node"},
                                                           {"severity", "critical"},
                                                           {"team", "payments"}})) ==
          "99bba989452eaf27");
  }
}

}  // namespace
}  // namespace drover::rules

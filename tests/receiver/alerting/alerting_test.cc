#include "receiver/alerting/alerting.h"

#include <algorithm>
#include <thread>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "receiver/alerting/config/matchers.h"
#include "receiver/alerting/integrations/webhook.h"
#include "receiver/alerting/notify/dedup.h"
#include "receiver/template/functions.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace drover::alerting {
namespace {

class NoLog final : public LogSink {
  void Write(std::string_view) override {}
};

// Keeps the bodies; answers with the next status, 200 after the last, or never.
struct Peer {
  mutable Mutex mutex;
  std::vector<std::string> bodies GUARDED_BY(mutex);
  std::vector<int> statuses GUARDED_BY(mutex);
  std::vector<std::string> urls GUARDED_BY(mutex);
  std::vector<Millis> timeouts GUARDED_BY(mutex);
  std::vector<http::Client::Done> unanswered GUARDED_BY(mutex);
  bool hangs = false;           // everywhere
  std::string hangs_at = "\n";  // in URLs

  bool Asked(const std::string& part) const {
    Lock lock(mutex);
    return std::any_of(urls.begin(), urls.end(),
                       [&](const auto& url) { return url.find(part) != std::string::npos; });
  }

  std::size_t count() const {
    Lock lock(mutex);
    return bodies.size();
  }
  std::string last() const {
    Lock lock(mutex);
    return bodies.empty() ? "" : bodies.back();
  }
};

class PeerClient final : public http::Client {
 public:
  explicit PeerClient(Peer& peer) : peer_(peer) {}
  void Start(http::ClientRequest request, Done done) override {
    http::ClientResponse answer;
    answer.status = 200;
    {
      Lock lock(peer_.mutex);
      peer_.bodies.push_back(request.body);
      peer_.urls.push_back(request.url);
      peer_.timeouts.push_back(request.timeout);
      if (peer_.hangs || request.url.find(peer_.hangs_at) != std::string::npos) {
        peer_.unanswered.push_back(std::move(done));
        return;
      }
      if (!peer_.statuses.empty()) {
        answer.status = peer_.statuses.front();
        peer_.statuses.erase(peer_.statuses.begin());
      }
    }
    done(std::move(answer));
  }

 private:
  Peer& peer_;
};

constexpr const char* kConfig =
    "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 10s, "
    "repeat_interval: 1h}\n"
    "receivers:\n- name: r\n  webhook_configs: [{url: 'http://sink.test/'}]\n";

struct Bench {
  testing::FakeClock clock;
  testing::TempFolder folder;
  NoLog no_log;
  Logger log{no_log, clock};
  Peer peer;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<Alerting> alerting;

  void Start(const char* config = kConfig) {
    registry = std::make_unique<Registry>();
    AlertingOptions options;
    options.folder = folder.path();
    options.dispatch.senders = 2;
    auto started = Alerting::Start(
        *ParseConfig(config, "am.yml"), options, clock,
        [this](const http::ClientConfig&) { return std::make_unique<PeerClient>(peer); }, *registry,
        log);
    REQUIRE_MESSAGE(started, started.error().message());
    alerting = *std::move(started);
  }
  void Pass(Millis time) {
    for (; time.count() > 0; time -= Millis(100)) {
      Settle();
      clock.Advance(Millis(100));
      Settle();
    }
  }
  void Settle() {
    for (int calm = 0; calm < 2;) {
      calm = alerting->Quiet(peer.hangs ? 1 : 0) ? calm + 1 : 0;
      std::this_thread::yield();
    }
  }
  void Post(const char* name, Millis ends_in = Millis(0)) {
    alert::Alert a;
    a.labels = Labels{{"alertname", name}};
    a.starts_at = clock.Now();
    if (ends_in.count() != 0) a.ends_at = clock.Now() + ends_in;
    alerting->Put({a});
  }
  void End(const char* name) {
    alert::Alert a;
    a.labels = Labels{{"alertname", name}};
    a.starts_at = a.ends_at = clock.Now();
    alerting->Put({a});
  }
  double Metric(const std::string& name, const std::string& value) const {
    for (const OwnFamily& family : registry->Collect()) {
      if (family.name != name) continue;
      for (const OwnSample& sample : family.samples) {
        for (const auto& [k, v] : sample.labels) {
          if (v == value) return sample.value;
        }
      }
    }
    return -1;
  }
};

TEST_CASE("an alert that ends while the program is down is told as resolved after the start") {
  Bench bench;
  bench.Start();
  bench.Post("A", Millis(20'000));
  bench.Pass(Millis(2000));
  REQUIRE(bench.peer.count() == 1);
  bench.alerting.reset();
  bench.clock.Advance(Millis(60'000));
  bench.Start();
  bench.Pass(Millis(19'000));
  CHECK(bench.peer.count() == 1);  // the sender has its time to say that it still fires
  bench.Pass(Millis(12'000));
  REQUIRE(bench.peer.count() == 2);
  CHECK(bench.peer.last().find(R"("notification_reason":"all alerts resolved")") !=
        std::string::npos);
}

TEST_CASE("an outage longer than the lease of an alert ends it for nobody") {
  Bench bench;
  bench.Start();
  bench.Post("A", Millis(240'000));
  bench.Pass(Millis(2000));
  REQUIRE(bench.peer.count() == 1);
  bench.alerting.reset();
  bench.clock.Advance(Millis(3'600'000 / 2));
  bench.Start();
  bench.Pass(Millis(30'000));
  CHECK(bench.peer.count() == 1);
  CHECK(bench.alerting->Alerts().size() == 1);
  // The sender is there again but waits for its `for`.
  for (int i = 0; i < 10; ++i) {
    bench.alerting->KeepOpen({Labels{{"alertname", "A"}}, Labels{{"alertname", "never told"}}},
                             bench.clock.Now() + Millis(240'000));
    bench.Pass(Millis(60'000));
  }
  CHECK(bench.peer.count() == 1);
  CHECK(bench.alerting->Alerts().size() == 1);
  bench.Pass(Millis(250'000));
  CHECK(bench.peer.count() == 2);
}

TEST_CASE("a lease that ran out before the outage is not renewed") {
  Bench bench;
  bench.Start();
  bench.Post("A", Millis(20'000));
  bench.Pass(Millis(70'000));
  REQUIRE(bench.peer.count() == 2);
  bench.alerting.reset();
  bench.clock.Advance(Millis(60'000));
  bench.Start();
  CHECK(bench.alerting->Alerts().empty());
  bench.Pass(Millis(30'000));
  CHECK(bench.peer.count() == 2);
}

TEST_CASE("an end that was told is not told again by a restart or reload") {
  for (const bool restart : {true, false}) {
    CAPTURE(restart);
    Bench bench;
    const char* config =
        "route: {receiver: r, group_wait: 1s, group_interval: 10s, repeat_interval: 1h}\n"
        "receivers:\n- name: r\n  webhook_configs: [{url: 'http://sink.test/'}]\n";
    bench.Start(config);
    bench.Post("A", Millis(3'600'000));
    bench.Post("B", Millis(3'600'000));
    bench.Pass(Millis(2000));
    bench.End("B");
    bench.Pass(Millis(20'000));
    REQUIRE(bench.peer.count() == 2);
    bench.Post("C", Millis(3'600'000));
    bench.Pass(Millis(20'000));
    REQUIRE(bench.peer.count() == 3);
    if (restart) {
      bench.alerting.reset();
      bench.Start(config);
    } else {
      REQUIRE(bench.alerting->Reload(*ParseConfig(config, "am.yml")));
    }
    bench.Pass(Millis(20'000));
    CHECK(bench.peer.count() == 3);
  }
}

TEST_CASE("a restart tells nobody again") {
  Bench bench;
  bench.Start();
  bench.Post("A", Millis(600'000));
  bench.Pass(Millis(2000));
  bench.alerting.reset();
  bench.Start();
  bench.Pass(Millis(25'000));
  CHECK(bench.peer.count() == 1);
  const auto history = bench.alerting->History(10);
  REQUIRE(history);
  REQUIRE(history->size() == 1);
  CHECK((*history)[0].reason == "first notification");
  CHECK((*history)[0].attempts == 1);
}

TEST_CASE("5xx is tried again within the flush, 4xx at the next tick, and both are counted") {
  Bench bench;
  bench.Start();
  {
    Lock lock(bench.peer.mutex);
    bench.peer.statuses = {503, 500, 200, 400};
  }
  bench.Post("A", Millis(600'000));
  bench.Pass(Millis(6000));
  CHECK(bench.peer.count() == 3);
  CHECK(bench.Metric("alertmanager_notifications_failed_total", "clientError") == 0);
  bench.Post("B", Millis(600'000));
  bench.Pass(Millis(6000));
  CHECK(bench.peer.count() == 4);
  CHECK(bench.Metric("alertmanager_notifications_failed_total", "clientError") == 1);
  bench.Pass(Millis(10'000));
  CHECK(bench.peer.count() == 5);
}

TEST_CASE("a peer that never answers does not hold up the end") {
  Bench bench;
  bench.peer.hangs = true;
  bench.Start();
  bench.Post("A", Millis(600'000));
  bench.Pass(Millis(1500));
  while (bench.peer.count() == 0) std::this_thread::yield();
  const auto start = std::chrono::steady_clock::now();
  bench.alerting.reset();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

template <typename F>
bool Eventually(F&& f) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!f()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

constexpr const char* kTwoReceivers =
    "route: {receiver: dead, group_by: [alertname], group_wait: 1s, group_interval: 10s, "
    "repeat_interval: 1h, routes: [{receiver: good, matchers: [alertname=\"Good\"]}]}\n"
    "receivers:\n- name: dead\n  webhook_configs: [{url: 'http://dead.test/'}]\n"
    "- name: good\n  webhook_configs: [{url: 'http://good.test/', timeout: 2m}]\n";

TEST_CASE("a receiver that does not answer holds up no other, and waits for itself alone") {
  Bench bench;
  bench.peer.hangs_at = "dead";
  bench.Start(kTwoReceivers);
  for (const char* name : {"1", "2", "3"}) bench.Post(name, Millis(600'000));
  bench.clock.Advance(Millis(1000));
  REQUIRE(Eventually([&] { return bench.peer.Asked("dead"); }));
  bench.Post("Good", Millis(600'000));
  REQUIRE(bench.clock.WaitForSleepers(2));
  bench.clock.Advance(Millis(1000));
  CHECK(Eventually([&] { return bench.peer.Asked("good"); }));
  // The time of the second begins with its first attempt, not while it waits for the first.
  bench.clock.Advance(Millis(15'000));
  http::Client::Done first;
  {
    Lock lock(bench.peer.mutex);
    REQUIRE(bench.peer.unanswered.size() == 1);
    first = std::move(bench.peer.unanswered[0]);
    bench.peer.hangs_at = "\n";
  }
  first(http::ClientResponse{200, {}, ""});
  CHECK(Eventually([&] { return bench.peer.count() == 4; }));
  CHECK(bench.Metric("alertmanager_notifications_failed_total", "contextDeadlineExceeded") == 0);
}

TEST_CASE("an attempt has half a minute, or what the configuration says, or what is left") {
  for (const auto& [config, want] : std::initializer_list<std::pair<std::string, Millis>>{
           {"group_interval: 10s|", Millis(10'000)},
           {"group_interval: 5m|", Millis(30'000)},
           {"group_interval: 5m|, timeout: 2m", Millis(120'000)},
           {"group_interval: 5m|, timeout: 2s", Millis(2'000)}}) {
    CAPTURE(config);
    const auto bar = config.find('|');
    Bench bench;
    bench.Start(("route: {receiver: r, group_wait: 1s, " + config.substr(0, bar) +
                 "}\nreceivers:\n- name: r\n  webhook_configs: [{url: 'http://sink.test/'" +
                 config.substr(bar + 1) + "}]\n")
                    .c_str());
    bench.Post("A", Millis(600'000));
    bench.Pass(Millis(1500));
    Lock lock(bench.peer.mutex);
    REQUIRE(bench.peer.timeouts.size() == 1);
    CHECK(bench.peer.timeouts[0] == want);
  }
}

// Another connection to a database.
class Sql {
 public:
  explicit Sql(const std::string& folder) {
    REQUIRE(sqlite3_open((folder + "/alerting.db").c_str(), &db_) == SQLITE_OK);
  }
  ~Sql() { sqlite3_close(db_); }
  void Run(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    REQUIRE_MESSAGE(code == SQLITE_OK, sqlite3_errmsg(db_));
  }

 private:
  sqlite3* db_ = nullptr;
};

TEST_CASE("opening a database that is there writes nothing: the disk may be full") {
  testing::TempFolder folder;
  REQUIRE(Database::Open(folder.path()));
  Sql other(folder.path());
  other.Run("BEGIN IMMEDIATE");  // nobody else may write
  const auto opened = Database::Open(folder.path());
  CHECK_MESSAGE(opened, opened.error().message());
}

TEST_CASE("rows that cannot be read are passed over and counted") {
  Bench bench;
  bench.Start();
  bench.Post("A", Millis(600'000));
  bench.Post("B", Millis(600'000));
  bench.Pass(Millis(2000));
  REQUIRE(bench.peer.count() == 2);
  bench.alerting.reset();
  {
    Sql sql(bench.folder.path());
    sql.Run(
        "UPDATE alerts SET annotations = '{' WHERE fingerprint = (SELECT max(fingerprint) "
        "FROM alerts)");
    sql.Run("INSERT INTO alerts (fingerprint) VALUES (7)");
    sql.Run(
        "INSERT INTO silences (id, starts_ms, ends_ms, updated_ms, created_by, comment, "
        "matchers, annotations) VALUES ('x', 1, 2, 3, 'a', 'b', '[[1]]', '{}')");
    sql.Run(
        "INSERT INTO notify_log (group_key, receiver, integration, idx) VALUES "
        "('g', 'r', 'webhook', 0)");
  }
  bench.Start();
  CHECK(bench.alerting->Alerts().size() == 1);
  CHECK(bench.alerting->silences().List().empty());
  double unreadable = 0;
  for (const OwnFamily& family : bench.registry->Collect()) {
    if (family.name == "drover_alerting_unreadable_rows_total")
      unreadable = family.samples.at(0).value;
  }
  CHECK(unreadable == 4);
  bench.Pass(Millis(20'000));
  CHECK(bench.peer.count() == 2);
}

TEST_CASE("a configuration with an integration that is not built does not start or replace") {
  Bench bench;
  bench.Start();
  auto config = ParseConfig(
      "route: {receiver: r}\nreceivers:\n- name: r\n  discord_configs: [{webhook_url: "
      "'http://x'}]\n",
      "am.yml");
  REQUIRE(config);
  const auto done = bench.alerting->Reload(*std::move(config));
  REQUIRE_FALSE(done);
  CHECK(done.error().code() == ErrorCode::kUnsupported);
  CHECK(done.error().message() == "am.yml:4:3: discord_configs is not built yet");
  bench.Post("A", Millis(600'000));
  bench.Pass(Millis(2000));
  CHECK(bench.peer.count() == 1);
}

TEST_CASE("silences: in place, replaced, expired, over a restart") {
  Bench bench;
  bench.Start();
  Silence silence;
  silence.matchers = ParseMatchers("alertname=\"A\"")->matchers;
  silence.starts_at = bench.clock.Now();
  silence.ends_at = bench.clock.Now() + Millis(3'600'000);
  silence.created_by = "me";
  silence.annotations["ticket"] = "7";
  const auto id = bench.alerting->silences().Set(silence);
  REQUIRE(id);
  CHECK(IsUuid(*id));
  silence.id = *id;
  silence.ends_at += Millis(60'000);
  CHECK(*bench.alerting->silences().Set(silence) == *id);
  silence.matchers = ParseMatchers("alertname=~\"A|B\"")->matchers;
  const auto other = bench.alerting->silences().Set(silence);
  REQUIRE(other);
  CHECK(*other != *id);
  bench.alerting.reset();
  bench.Start();
  bench.clock.Advance(Millis(10));
  const auto list = bench.alerting->silences().List();
  REQUIRE(list.size() == 2);
  CHECK(list[0]->id == *other);
  CHECK(list[0]->annotations.at("ticket") == "7");
  CHECK(list[1]->StateAt(bench.clock.Now()) == SilenceState::kExpired);
  CHECK(bench.alerting->silences().Muting(Labels{{"alertname", "B"}}, bench.clock.Now()) ==
        std::vector<std::string>{*other});
  CHECK(bench.alerting->silences().Expire(*other));
  CHECK_FALSE(bench.alerting->silences().Expire(NewUuid()));
}

TEST_CASE("inhibition keeps every source of a key") {
  const auto config = ParseConfig(
      "route: {receiver: r}\nreceivers: [{name: r}]\ninhibit_rules:\n"
      "- {source_matchers: [s=\"1\"], target_matchers: [t=\"1\"], equal: [c]}\n",
      "am.yml");
  Inhibitor inhibitor(config->config.inhibit_rules);
  const auto add = [&](const Labels& labels) {
    auto a = std::make_shared<alert::Alert>();
    a->labels = labels;
    inhibitor.Update(alert::Fingerprint(labels), a);
    return alert::Fingerprint(labels);
  };
  const Labels both{{"c", "x"}, {"n", "1"}, {"s", "1"}, {"t", "1"}};
  const Labels both2{{"c", "x"}, {"n", "2"}, {"s", "1"}, {"t", "1"}};
  add(both);
  add(both2);
  CHECK_FALSE(inhibitor.MutedBy(both, FromMs(1)));
  const Labels source{{"c", "x"}, {"s", "1"}};
  const auto fingerprint = add(source);
  CHECK(inhibitor.MutedBy(both, FromMs(1)) == fingerprint);
  CHECK_FALSE(inhibitor.MutedBy(Labels{{"c", "y"}, {"t", "1"}}, FromMs(1)));
  inhibitor.Remove(fingerprint, source);
  CHECK_FALSE(inhibitor.MutedBy(both, FromMs(1)));
}

TEST_CASE("merging overlapping alerts") {
  alert::Alert old;
  old.starts_at = FromMs(1000);
  old.ends_at = FromMs(5000);
  old.updated_at = FromMs(1000);
  alert::Alert fresh = old;
  fresh.starts_at = FromMs(2000);
  fresh.ends_at = FromMs(3000);
  fresh.updated_at = FromMs(2000);
  CHECK(Merge(old, fresh, FromMs(2500)).starts_at == FromMs(1000));
  CHECK(Merge(old, fresh, FromMs(2500)).ends_at == FromMs(5000));  // the later end of a sender
  old.ends_at_made_up = true;
  CHECK(Merge(old, fresh, FromMs(2500)).ends_at == FromMs(3000));
  CHECK(Merge(old, fresh, FromMs(4000)).ends_at == FromMs(3000));  // resolved stays resolved
}

TEST_CASE("a repeat comes on its tick") {
  NotifyEntry last{FromMs(10'000), {1}, {}};
  CHECK_FALSE(ReasonToTell(last, {1}, {}, true, FromMs(15'999), Millis(6000)));
  CHECK(ReasonToTell(last, {1}, {}, true, FromMs(16'000), Millis(6000)) ==
        "repeat interval elapsed");
  CHECK(ReasonToTell(last, {1}, {2}, true, FromMs(11'000), Millis(6000)) == "some alerts resolved");
  CHECK_FALSE(ReasonToTell(last, {1}, {2}, false, FromMs(11'000), Millis(6000)));
}

TEST_CASE("a payload of the user's own: templates everywhere, results that are YAML become it") {
  const auto yaml = ParseYaml(
      "text: 'status {{ .Status }}'\n'{{ .Status }}-key': [1, '{{ len .Alerts }}', {a: '{{ \"[x, "
      "2]\" }}'}]\nempty: ''\n",
      "p");
  REQUIRE(yaml);
  tmpl::NotificationData data;
  data.status = "firing";
  const tmpl::TemplateSet set(tmpl::AlertmanagerFunctions({}));
  const auto body = ExpandPayload(*yaml, set, tmpl::ToValue(data));
  REQUIRE_MESSAGE(body, body.error().message());
  CHECK(*body == R"({"text":"status firing","firing-key":[1,0,{"a":["x",2]}],"empty":""})");
}

TEST_CASE("with max_alerts only the first are told, and status and common labels are theirs") {
  Message message;
  for (const char* name : {"1", "2"}) {
    auto a = std::make_shared<alert::Alert>();
    a->labels = Labels{{"alertname", "A"}, {"n", name}};
    a->ends_at = name == std::string("1") ? FromMs(5) : TimePoint{};
    message.alerts.push_back(a);
  }
  const auto one = DataOf(message, 1);
  CHECK(one.status == "resolved");
  CHECK(one.common_labels.size() == 2);
  const auto all = DataOf(message, 2);
  CHECK(all.status == "firing");
  CHECK(all.common_labels.size() == 1);
}

}  // namespace
}  // namespace drover::alerting

#include "pushprox/proxy/broker.h"

#include <doctest/doctest.h>

namespace drover::pushprox {
namespace {

struct FakePoll final : Poll {
  void Take(Scrape& scrape) override { taken = scrape.id; }
  void Eject() override { ejected = true; }
  std::string taken;
  bool ejected = false;
};
struct FakeScrape final : Scrape {
  FakeScrape(std::string an_id, std::string a_name) {
    id = std::move(an_id);
    name = std::move(a_name);
  }
  void OnTaken() override { told = true; }
  void OnTunnel(Tunnel&) override { told = true; }
  bool told = false;
};

struct FakeTunnel final : ClientTunnel {
  bool Take(Scrape& scrape) override {
    if (withdrawn) return false;
    taken.push_back(scrape.id);
    return true;
  }
  void Lose(const std::string& name) override { lost = name; }
  std::vector<std::string> taken;
  std::string lost;
  bool withdrawn = false;
};

std::shared_ptr<const RegisteredName> Registered(const std::string& name, int port = 1) {
  auto out = std::make_shared<RegisteredName>();
  out->name = name;
  out->targets.push_back({port, "/metrics", {}});
  return out;
}

std::vector<std::string> Names(const Broker& broker, MonoTime now) {
  std::vector<std::string> names;
  for (const Known& one : broker.List(now)) names.push_back(one.name);
  return names;
}

struct Fixture {
  Fixture() {
    options.max_names = 3;
    options.max_waiting = 4;
    options.max_waiting_per_name = 2;
  }
  ProxyOptions options;
  Broker broker{options};
  MonoTime now{std::chrono::hours(1)};
};

}  // namespace

TEST_SUITE("broker") {
  TEST_CASE_FIXTURE(Fixture, "a waiting client gets the scrape of its name at once") {
    FakePoll poll;
    REQUIRE(broker.Begin("a", poll, now));
    FakeScrape other("1", "b");
    CHECK(broker.Begin(other, now) == Broker::Outcome::kUnknown);
    FakeScrape scrape("2", "a");
    CHECK(broker.Begin(scrape, now) == Broker::Outcome::kTaken);
    CHECK(poll.taken == "2");
    CHECK(scrape.told);
    CHECK(broker.Find("2") == &scrape);
    broker.End(scrape);
    CHECK(broker.Find("2") == nullptr);
    CHECK(broker.scrapes() == 0);
  }

  TEST_CASE_FIXTURE(Fixture,
                    "a scrape waits for a client between two polls, first come first served") {
    FakePoll first;
    REQUIRE(broker.Begin("a", first, now));
    broker.End("a", first, now);
    FakeScrape one("1", "a");
    FakeScrape two("2", "a");
    FakeScrape three("3", "a");
    CHECK(broker.Begin(one, now) == Broker::Outcome::kWaits);
    CHECK(broker.Begin(two, now) == Broker::Outcome::kWaits);
    CHECK(broker.Begin(three, now) == Broker::Outcome::kFull);
    CHECK(broker.Find("1") == nullptr);  // no push can name it yet
    FakePoll second;
    REQUIRE(broker.Begin("a", second, now));
    CHECK(second.taken == "1");
    broker.End(two);
    FakePoll third;
    REQUIRE(broker.Begin("a", third, now));
    CHECK(third.taken.empty());
    CHECK(broker.scrapes() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "a client that did not poll for a while is away, later unknown") {
    FakePoll poll;
    REQUIRE(broker.Begin("a", poll, now));
    broker.End("a", poll, now);
    FakeScrape scrape("1", "a");
    CHECK(broker.Begin(scrape, now + std::chrono::seconds(31)) == Broker::Outcome::kAway);
    CHECK(broker.Begin(scrape, now + std::chrono::seconds(301)) == Broker::Outcome::kUnknown);
  }

  TEST_CASE_FIXTURE(Fixture, "a client that waits is listed however long it waits") {
    FakePoll waits;
    FakePoll left;
    REQUIRE(broker.Begin("b", waits, now));
    REQUIRE(broker.Begin("a", left, now));
    broker.End("a", left, now);
    CHECK(Names(broker, now) == std::vector<std::string>{"a", "b"});
    const MonoTime later = now + std::chrono::hours(2);
    CHECK(Names(broker, later) == std::vector<std::string>{"b"});
    broker.Forget(later);
    CHECK(broker.names() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "a second poll of a name replaces the first") {
    FakePoll first;
    FakePoll second;
    REQUIRE(broker.Begin("a", first, now));
    REQUIRE(broker.Begin("a", second, now));
    CHECK(first.ejected);
    broker.End("a", first, now);  // it says so late: the second stays
    FakeScrape scrape("1", "a");
    CHECK(broker.Begin(scrape, now) == Broker::Outcome::kTaken);
    CHECK(second.taken == "1");
  }

  TEST_CASE_FIXTURE(Fixture, "names are bounded, and expired ones make room") {
    FakePoll polls[4];
    for (int i = 0; i < 3; ++i) REQUIRE(broker.Begin(std::to_string(i), polls[i], now));
    CHECK_FALSE(broker.Begin("3", polls[3], now));
    for (int i = 0; i < 100; ++i) {
      FakeScrape scrape("x", "unknown" + std::to_string(i));
      CHECK(broker.Begin(scrape, now) == Broker::Outcome::kUnknown);
    }
    CHECK(broker.names() == 3);
    FakeTunnel tunnel;
    CHECK_FALSE(broker.Begin(Registered("3"), tunnel, now));
    broker.End("0", polls[0], now);
    CHECK(broker.Begin("3", polls[3], now + std::chrono::minutes(6)));
  }

  TEST_CASE_FIXTURE(Fixture, "a tunnel goes before a poll, and takes scrapes at once, bounded") {
    FakePoll poll;
    FakeTunnel tunnel;
    REQUIRE(broker.Begin(Registered("a"), tunnel, now));
    REQUIRE(broker.Begin("a", poll, now));
    FakeScrape one("1", "a");
    FakeScrape two("2", "a");
    FakeScrape three("3", "a");
    CHECK(broker.Begin(one, now) == Broker::Outcome::kTaken);
    CHECK(broker.Begin(two, now) == Broker::Outcome::kTaken);
    CHECK(broker.Begin(three, now) == Broker::Outcome::kFull);
    CHECK(tunnel.taken == std::vector<std::string>{"1", "2"});
    CHECK(poll.taken.empty());
    CHECK(broker.Find("1") == nullptr);  // no push may answer it
    CHECK(broker.scrapes() == 2);
    broker.End(one);
    CHECK(broker.Begin(three, now) == Broker::Outcome::kTaken);
    broker.End(two);
    broker.End(three);
    CHECK(broker.scrapes() == 0);
    broker.End("a", tunnel, now);
    CHECK(broker.Begin(one, now) == Broker::Outcome::kTaken);
    CHECK(poll.taken == "1");
  }

  TEST_CASE_FIXTURE(Fixture, "the newest tunnel of a name is used, the fifth displaces the first") {
    FakeTunnel tunnels[5];
    for (FakeTunnel& one : tunnels) REQUIRE(broker.Begin(Registered("a"), one, now));
    CHECK(tunnels[0].lost == "a");
    CHECK(tunnels[1].lost.empty());
    FakeScrape one("1", "a");
    FakeScrape two("2", "a");
    CHECK(broker.Begin(one, now) == Broker::Outcome::kTaken);
    CHECK(tunnels[4].taken.size() == 1);
    broker.End("a", tunnels[4], now);
    tunnels[3].withdrawn = true;
    CHECK(broker.Begin(two, now) == Broker::Outcome::kTaken);
    CHECK(tunnels[2].taken.size() == 1);
    CHECK(broker.scrapes() == 2);
    broker.End(one);
    broker.End(two);
    // None may any more: what is asked waits for one that may.
    tunnels[1].withdrawn = tunnels[2].withdrawn = true;
    const MonoTime later = now + std::chrono::hours(1);
    FakeScrape three("3", "a");
    CHECK(broker.Begin(three, later) == Broker::Outcome::kWaits);
    FakeTunnel fresh;
    REQUIRE(broker.Begin(Registered("a"), fresh, later));
    broker.Serve("a", later);
    CHECK(fresh.taken.size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "what waits for a client that comes back goes to its tunnel") {
    FakeTunnel first;
    FakeTunnel second;
    REQUIRE(broker.Begin(Registered("a"), first, now));
    broker.End("a", first, now);
    FakeScrape scrape("1", "a");
    FakeScrape relay("2", "a");
    relay.relay = true;
    CHECK(broker.Begin(scrape, now) == Broker::Outcome::kWaits);
    CHECK(broker.Begin(relay, now) == Broker::Outcome::kWaits);
    REQUIRE(broker.Begin(Registered("a"), second, now));
    CHECK(second.taken.empty());
    broker.Serve("a", now);
    CHECK(second.taken == std::vector<std::string>{"1", "2"});
    CHECK(broker.scrapes() == 1);
    CHECK(broker.relays() == 1);
    broker.End(scrape);
    broker.End(relay);
    CHECK(broker.scrapes() == 0);
    CHECK(broker.relays() == 0);
    // Silence was noticed late: the client is away at once.
    broker.End("a", second, now);
    CHECK(broker.Begin(scrape, now + std::chrono::seconds(31)) == Broker::Outcome::kAway);
  }

  TEST_CASE_FIXTURE(Fixture, "a client that polls is not asked to relay") {
    FakePoll poll;
    FakeScrape relay("1", "a");
    relay.relay = true;
    CHECK(broker.Begin(relay, now) == Broker::Outcome::kUnknown);
    REQUIRE(broker.Begin("a", poll, now));
    CHECK(broker.Begin(relay, now) == Broker::Outcome::kNoRelay);
    CHECK(poll.taken.empty());
  }

  TEST_CASE_FIXTURE(Fixture, "names are listed with what their newest tunnel registered") {
    FakePoll poll;
    FakeTunnel tunnel;
    REQUIRE(broker.Begin(Registered("a", 1), tunnel, now));
    REQUIRE(broker.Begin(Registered("a", 2), tunnel, now));  // again: replaces
    REQUIRE(broker.Begin("b", poll, now));
    const auto all = broker.List(now);
    REQUIRE(all.size() == 2);
    CHECK(all[0].tunnel);
    CHECK(all[0].registered->targets[0].port == 2);
    CHECK(all[1].alive);
    CHECK(all[1].registered == nullptr);
    broker.End("a", tunnel, now);
    broker.End("b", poll, now);
    const auto later = broker.List(now + std::chrono::seconds(1));
    CHECK_FALSE(later[0].alive);  // its connection is gone
    CHECK(later[0].registered != nullptr);
    CHECK(later[1].alive);  // between two polls
  }
}

}  // namespace drover::pushprox

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
  bool told = false;
};

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
    CHECK(broker.Names(now) == std::vector<std::string>{"a", "b"});
    const MonoTime later = now + std::chrono::hours(2);
    CHECK(broker.Names(later) == std::vector<std::string>{"b"});
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
    broker.End("0", polls[0], now);
    CHECK(broker.Begin("3", polls[3], now + std::chrono::minutes(6)));
  }
}

}  // namespace drover::pushprox

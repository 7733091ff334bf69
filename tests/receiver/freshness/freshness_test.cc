#include "receiver/freshness/freshness.h"

#include <algorithm>

#include "tests/receiver/storage/head/head_fixture.h"

namespace drover::freshness {
namespace {

using storage::kNow;

struct Fixture {
  Fixture() {
    options.save_interval = Millis(0);
    REQUIRE(head.Open());
    Open();
  }
  void Open() {
    freshness.reset();
    freshness = std::make_unique<Freshness>(*head.head, head.clock, head.fs, "freshness", head.log,
                                            options);
  }
  SeriesRef Send(SeriesRef ref, const Labels& labels, std::int64_t t_ms, double value) {
    auto appender = freshness->NewAppender();
    const auto taken = appender->Append(ref, labels, t_ms, value);
    REQUIRE(taken.has_value());
    REQUIRE(appender->Commit().has_value());
    return *taken;
  }
  Target Only() const {
    const auto all = freshness->targets().Snapshot();
    REQUIRE(all.size() == 1);
    return all[0];
  }

  storage::HeadFixture head;
  FreshnessOptions options;
  std::unique_ptr<Freshness> freshness;
};

const Labels kUp{{"__name__", "up"}, {"instance", "a:9100"}, {"job", "node"}};

TEST_SUITE("receiver/freshness") {
  TEST_CASE("up series are remembered with first seen, last sample and arrival") {
    Fixture f;
    const SeriesRef ref = f.Send(0, kUp, kNow - 3000, 1);
    f.Send(0, Labels{{"__name__", "other"}}, kNow, 1);
    f.head.clock.Advance(Millis(15'000));
    f.Send(ref, Labels(), kNow + 12'000, 0);  // by number alone, as ingest does
    const Target target = f.Only();
    CHECK(target.labels == kUp);
    CHECK(target.first_seen_ms == kNow);
    CHECK(target.arrival_ms == kNow + 15'000);
    CHECK(target.sample_time_ms == kNow + 12'000);
    CHECK(target.SkewSeconds() == 3.0);
    CHECK(target.AgeSeconds(kNow + 60'000) == 48.0);
    CHECK_FALSE(target.up);
  }

  TEST_CASE("what was not committed was not seen; what is sent again changes nothing") {
    Fixture f;
    {
      auto appender = f.freshness->NewAppender();
      REQUIRE(appender->Append(0, kUp, kNow, 1).has_value());
      appender->Rollback();
    }
    CHECK(f.freshness->targets().Snapshot().empty());
    f.head.fs.SetCapacity(0);
    {
      auto appender = f.freshness->NewAppender();
      REQUIRE(appender->Append(0, kUp, kNow, 1).has_value());
      CHECK_FALSE(appender->Commit().has_value());
    }
    CHECK(f.freshness->targets().Snapshot().empty());
    f.head.fs.SetCapacity(1 << 20);
    f.Send(0, kUp, kNow, 1);
    f.Send(0, kUp, kNow + 1000, 1);
    f.head.clock.Advance(Millis(60'000));
    f.Send(0, kUp, kNow, 1);
    CHECK(f.Only().arrival_ms == kNow);
  }

  TEST_CASE("it survives a restart, also without the samples, and forgets after seven days") {
    Fixture f;
    f.Send(0, kUp, kNow, 1);
    REQUIRE(f.freshness->Save().has_value());
    f.head.fs.Restart(testing::FaultyFileSystem::Lose::kUnsynced);
    f.Open();
    CHECK(f.Only().labels == kUp);
    CHECK(f.Only().first_seen_ms == kNow);
    f.head.clock.Advance(std::chrono::days(7) - Millis(1));
    REQUIRE(f.freshness->Save().has_value());
    CHECK(f.freshness->targets().Snapshot().size() == 1);
    f.head.clock.Advance(Millis(2));
    REQUIRE(f.freshness->Save().has_value());
    f.Open();
    CHECK(f.freshness->targets().Snapshot().empty());
  }

  TEST_CASE("a damaged state file is set aside and said once") {
    Fixture f;
    f.Send(0, kUp, kNow, 1);
    REQUIRE(f.freshness->Save().has_value());
    const std::string good = f.freshness->targets().Encode();
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 4);
      TargetRegistry registry;
      CHECK_FALSE(registry.Decode(bad).has_value());
      CHECK_FALSE(registry.Decode(std::string_view(good).substr(0, at)).has_value());
    }
    f.freshness.reset();
    f.head.fs.FlipByte("freshness", 12);
    f.head.sink.lines.clear();
    f.Open();
    CHECK(f.head.sink.lines.size() == 1);
    CHECK(f.freshness->targets().Snapshot().empty());
    CHECK(f.head.fs.Exists("freshness.damaged"));
    f.Open();
    CHECK(f.head.sink.lines.size() == 1);
  }
}

}  // namespace
}  // namespace drover::freshness

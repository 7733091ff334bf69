#include <atomic>
#include <random>
#include <thread>

#include "tests/receiver/storage/head/head_fixture.h"

namespace drover::storage {
namespace {

Labels SeriesLabels(std::uint32_t i) {
  return Labels{{"__name__", "metric_" + std::to_string(i % 7)},
                {"host", "h" + std::to_string(i / 7)},
                {i % 3 == 0 ? "zone" : "area", "z" + std::to_string(i % 5)}};
}

auto RandomNumbers(std::uint32_t seed) {
  return [engine = std::mt19937(seed)]() mutable { return static_cast<std::uint32_t>(engine()); };
}
std::string TextOf(const Result<SeriesRef>& ref) { return ref ? "" : ref.error().message(); }

TEST_SUITE("receiver/storage/head") {
  TEST_CASE("samples are seen at commit, whole, and not after rollback") {
    HeadFixture f;
    REQUIRE(f.Open());
    auto appender = f.head->NewAppender();
    const Labels up{{"__name__", "up"}, {"job", "x"}};
    const auto ref = appender->Append(0, up, kNow, 1);
    REQUIRE(ref.has_value());
    CHECK(f.Read().empty());
    REQUIRE(appender->Commit().has_value());
    CHECK(f.Read().size() == 1);
    REQUIRE(appender->Append(*ref, Labels(), kNow + 1, 2).has_value());
    appender->Rollback();
    REQUIRE(appender->Commit().has_value());
    CHECK(f.Read().begin()->second.size() == 1);
    CHECK(f.head->stats().series == 1);
    CHECK(f.head->stats().samples == 1);
  }

  TEST_CASE("what is refused, and what counts as said before") {
    HeadFixture f;
    REQUIRE(f.Open());
    auto appender = f.head->NewAppender();
    const Labels up{{"__name__", "up"}};
    for (int i = 0; i < 300; ++i) {
      REQUIRE(appender->Append(0, up, kNow - 1'000'000 + i * 1000, i).has_value());
    }
    REQUIRE(appender->Commit().has_value());
    const auto append = [&](std::int64_t t, double v) {
      return TextOf(appender->Append(0, up, t, v));
    };
    CHECK(append(kNow - 1'000'000 + 299'000, 299) == "");
    CHECK(append(kNow - 1'000'000 + 299'000, 5) == "duplicate sample for timestamp");
    CHECK(append(kNow - 1'000'000, 0) == "");  // of a closed chunk
    CHECK(append(kNow - 1'000'000, 1) == "duplicate sample for timestamp");
    CHECK(append(kNow - 1'000'001, 1) == "out of order sample");
    CHECK(append(kNow + 600'001, 1) == "out of bounds: timestamp is too far in the future");
    CHECK(append(kNow + 600'000, 1) == "");
    CHECK(TextOf(appender->Append(0, Labels{{"a", "b"}}, kNow - 86'400'001, 1)) ==
          "too old sample");
    CHECK(appender->Append(0, Labels(), kNow, 1).error().code() == ErrorCode::kInvalid);
    const std::uint64_t log_bytes = f.head->stats().log_bytes;
    appender->Rollback();
    CHECK(append(kNow - 1'000'000 + 299'000, 299) == "");
    REQUIRE(appender->Commit().has_value());
    CHECK(f.head->stats().log_bytes == log_bytes);  // a repetition is not logged again
  }

  TEST_CASE("select by every kind of matcher agrees with looking at each series") {
    HeadFixture f;
    REQUIRE(f.Open());
    auto appender = f.head->NewAppender();
    std::vector<Labels> all;
    for (std::uint32_t i = 0; i < 200; ++i) {
      all.push_back(SeriesLabels(i));
      REQUIRE(appender->Append(0, all.back(), kNow, i).has_value());
    }
    REQUIRE(appender->Commit().has_value());
    const MatchType types[] = {MatchType::kEqual, MatchType::kNotEqual, MatchType::kRegexp,
                               MatchType::kNotRegexp};
    const char* names[] = {"__name__", "host", "zone", "area", "absent"};
    const char* values[] = {"", "metric_1", "h3", "z1|z2", ".*", ".+", "h.*", "nothing"};
    auto random = RandomNumbers(1);
    for (int round = 0; round < 600; ++round) {
      std::vector<Matcher> matchers;
      for (std::uint32_t n = random() % 3 + 1; n > 0; --n) {
        matchers.push_back(Match(types[random() % 4], names[random() % 5], values[random() % 8]));
      }
      std::vector<std::string> want;
      for (const Labels& labels : all) {
        bool matches = true;
        for (const Matcher& m : matchers) matches = matches && m.Matches(labels);
        if (matches) want.push_back(labels.ToString());
      }
      std::sort(want.begin(), want.end());
      std::vector<std::string> got;
      for (const auto& [labels, bits] : f.Read(matchers)) got.push_back(labels);
      CHECK(got == want);
    }
    const auto names_found = f.head->LabelNames({}, 0, INT64_MAX);
    CHECK(*names_found == std::vector<std::string>{"__name__", "area", "host", "zone"});
    const auto hosts =
        f.head->LabelValues("host", {Match(MatchType::kEqual, "zone", "z0")}, 0, INT64_MAX);
    CHECK(hosts->size() > 5);
    CHECK(f.head->LabelValues("host", {}, kNow + 1, INT64_MAX)->empty());
  }

  TEST_CASE("any mix of appends, checkpoints, retention and restarts agrees with a model") {
    for (std::uint32_t seed = 0; seed < 25; ++seed) {
      CAPTURE(seed);
      HeadFixture f;
      f.options.retention = std::chrono::hours(1);
      f.options.segment_bytes = 20'000;
      REQUIRE(f.Open());
      auto random = RandomNumbers(seed);
      Content model;
      std::map<std::uint32_t, SeriesRef> refs;
      std::map<std::uint32_t, std::int64_t> last;
      for (int step = 0; step < 150; ++step) {
        const std::uint32_t action = random() % 20;
        if (action < 14) {
          auto appender = f.head->NewAppender();
          Content taken;
          const std::uint32_t first = random() % 40;
          for (std::uint32_t i = first; i < first + random() % 40; ++i) {
            const std::int64_t t =
                ToMs(f.clock.Now()) - static_cast<std::int64_t>(random() % 20'000);
            const double v = static_cast<double>(random() % 50);
            const Labels labels = SeriesLabels(i);
            const auto ref = appender->Append(random() % 2 == 0 ? refs[i] : 0, labels, t, v);
            if (last.contains(i) && t <= last[i]) {
              Bits& there = model[labels.ToString()];
              const auto same = there.find(t);
              CHECK(ref.has_value() ==
                    (same != there.end() && same->second == std::bit_cast<std::uint64_t>(v)));
            } else {
              REQUIRE(ref.has_value());
              taken[labels.ToString()][t] = std::bit_cast<std::uint64_t>(v);
            }
            if (ref) refs[i] = *ref;
          }
          if (random() % 8 == 0) {
            appender->Rollback();
            continue;
          }
          REQUIRE(appender->Commit().has_value());
          for (auto& [labels, bits] : taken) model[labels].merge(bits);
          for (std::uint32_t i = 0; i < 80; ++i) {
            const auto at = model.find(SeriesLabels(i).ToString());
            if (at != model.end() && !at->second.empty()) last[i] = at->second.rbegin()->first;
          }
        } else if (action < 16) {
          REQUIRE(f.head->Checkpoint().has_value());
        } else if (action == 16) {
          f.head.reset();
          if (random() % 2 == 0) f.fs.Restart(testing::FaultyFileSystem::Lose::kUnsynced);
          REQUIRE(f.Open());
          CHECK(f.head->replay().corrupt == 0);
          CHECK(f.head->replay().unknown_series == 0);
          refs.clear();
        } else {
          f.clock.Advance(Millis(random() % 60'000));
        }
        if (step % 10 == 0) {
          Content got = f.Read();
          std::erase_if(model, [](const auto& entry) { return entry.second.empty(); });
          REQUIRE(got == model);
        }
      }
      // Past the retention all goes, and the same series can begin anew.
      f.clock.Advance(std::chrono::hours(3));
      f.head->DropOld();
      f.head->DropOld();
      CHECK(f.head->stats().series == 0);
      CHECK(f.head->stats().samples == 0);
      CHECK(f.Read().empty());
      auto appender = f.head->NewAppender();
      if (!refs.empty()) {
        const auto gone = appender->Append(refs.begin()->second, Labels(), kNow, 1);
        CHECK_FALSE(gone.has_value());
      }
      REQUIRE(appender->Append(0, SeriesLabels(3), ToMs(f.clock.Now()), 1).has_value());
      REQUIRE(appender->Append(0, SeriesLabels(90), ToMs(f.clock.Now()), 2).has_value());
      REQUIRE(appender->Commit().has_value());
      const Content before = f.Read();
      CHECK(before.size() == 2);
      appender.reset();
      REQUIRE(f.Open());
      CHECK(f.Read() == before);
    }
  }

  TEST_CASE("one commit is all or nothing to readers, with many threads at once") {
    HeadFixture f;
    REQUIRE(f.Open());
    constexpr int kWriters = 3;
    constexpr int kSeries = 20;
    constexpr int kCommits = 400;
    std::atomic<int> running = kWriters;
    std::atomic<int> failures = 0;
    std::vector<std::jthread> threads;
    for (int w = 0; w < kWriters; ++w) {
      threads.emplace_back([&, w] {
        for (int commit = 0; commit < kCommits; ++commit) {
          auto appender = f.head->NewAppender();
          for (int s = 0; s < kSeries; ++s) {
            const Labels labels{{"writer", std::to_string(w)}, {"series", std::to_string(s)}};
            if (!appender->Append(0, labels, kNow - 500'000 + commit, commit)) ++failures;
          }
          if (!appender->Commit()) ++failures;
        }
        --running;
      });
    }
    threads.emplace_back([&] {
      for (int i = 0; i < 20 && running > 0; ++i) {
        if (!f.head->Checkpoint()) ++failures;
      }
    });
    int torn = 0;
    while (running > 0) {
      for (int w = 0; w < kWriters; ++w) {
        auto set = f.head->Select({Match(MatchType::kEqual, "writer", std::to_string(w))}, 0,
                                  INT64_MAX, {});
        SampleColumns columns;
        std::size_t seen = SIZE_MAX;
        while ((*set)->Next()) {
          if (!(*set)->Samples(columns)) ++failures;
          if (seen != SIZE_MAX && columns.size() != seen) ++torn;
          seen = columns.size();
        }
      }
    }
    threads.clear();
    CHECK(torn == 0);
    CHECK(failures == 0);
    CHECK(f.head->stats().samples == kWriters * kSeries * kCommits);
    const Content before = f.Read();
    REQUIRE(f.Open());
    CHECK(f.Read() == before);
  }

  TEST_CASE("metadata of a family is the newest") {
    HeadFixture f;
    REQUIRE(f.Open());
    auto appender = f.head->NewAppender();
    REQUIRE(appender->AppendMetadata({"up", MetricType::kGauge, "old", ""}).has_value());
    REQUIRE(appender->AppendMetadata({"up", MetricType::kGauge, "new", ""}).has_value());
    REQUIRE(appender->Commit().has_value());
    REQUIRE(f.head->Metadata().size() == 1);
    CHECK(f.head->Metadata()[0].help == "new");
  }
}

}  // namespace
}  // namespace drover::storage

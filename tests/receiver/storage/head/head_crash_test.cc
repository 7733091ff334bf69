#include "tests/receiver/storage/head/head_fixture.h"

namespace drover::storage {
namespace {

using Lose = testing::FaultyFileSystem::Lose;

constexpr int kSteps = 12;
constexpr int kSeries = 9;

// Commits steps `from` up to kSteps, a checkpoint now and then; answers the first that failed.
int Work(Head& head, int from) {
  for (int step = from; step < kSteps; ++step) {
    auto appender = head.NewAppender();
    for (int s = 0; s < kSeries; ++s) {
      const Labels labels{{"__name__", "m"}, {"s", std::to_string(s + step / 4)}};
      if (!appender->Append(0, labels, kNow + step, step * 10 + s)) return step;
    }
    if (!appender->Commit()) return step;
    if (step % 5 == 4) (void)head.Checkpoint();
  }
  return kSteps;
}

std::size_t SamplesAt(const Content& content, int step) {
  std::size_t n = 0;
  for (const auto& [labels, bits] : content) n += bits.contains(kNow + step) ? 1 : 0;
  return n;
}

TEST_SUITE("receiver/storage/head/crash") {
  TEST_CASE("nothing acknowledged is lost by a crash at any write, and no commit is half there") {
    std::uint64_t operations = 0;
    {
      HeadFixture f;
      f.options.fsync = FsyncPolicy::kAlways;
      REQUIRE(f.Open());
      REQUIRE(Work(*f.head, 0) == kSteps);
      f.head.reset();
      operations = f.fs.operations();
    }
    for (const Lose lose : {Lose::kNothing, Lose::kUnsynced, Lose::kHalf}) {
      for (std::uint64_t n = 1; n <= operations; ++n) {
        CAPTURE(n);
        CAPTURE(static_cast<int>(lose));
        HeadFixture f;
        f.options.fsync = FsyncPolicy::kAlways;
        f.fs.CrashAtOperation(n);
        const int acknowledged = f.Open() ? Work(*f.head, 0) : 0;
        f.head.reset();
        f.fs.Restart(lose);
        REQUIRE(f.Open());
        CHECK(f.head->replay().corrupt == 0);
        CHECK(f.head->replay().unknown_series == 0);
        CHECK_FALSE(f.head->replay().incomplete_checkpoint);
        const Content content = f.Read();
        for (int step = 0; step < kSteps; ++step) {
          const std::size_t there = SamplesAt(content, step);
          if (step < acknowledged) {
            REQUIRE(there == kSeries);
          } else {
            REQUIRE((there == 0 || (step == acknowledged && there == kSeries)));
          }
        }
        // Sent again from the last unacknowledged one, all ends the same.
        REQUIRE(Work(*f.head, std::max(0, acknowledged - 1)) == kSteps);
        const Content whole = f.Read();
        for (int step = 0; step < kSteps; ++step) REQUIRE(SamplesAt(whole, step) == kSeries);
      }
    }
  }

  TEST_CASE("a full disk refuses commits whole, and they pass when there is room") {
    HeadFixture f;
    REQUIRE(f.Open());
    REQUIRE(Work(*f.head, 0) == kSteps);
    const Content before = f.Read();
    f.fs.SetCapacity(100);
    auto appender = f.head->NewAppender();
    const Labels fresh{{"__name__", "fresh"}};
    for (int i = 0; i < 3; ++i) {
      REQUIRE(appender->Append(0, fresh, kNow + 100, 1).has_value());
      const Status full = appender->Commit();
      REQUIRE_FALSE(full.has_value());
      CHECK(full.error().code() == ErrorCode::kExhausted);
      CHECK(f.Read() == before);
    }
    CHECK_FALSE(f.head->Checkpoint().has_value());
    CHECK(f.sink.lines.size() == 1);  // said once
    f.fs.SetCapacity(1 << 30);
    REQUIRE(appender->Append(0, fresh, kNow + 100, 1).has_value());
    REQUIRE(appender->Commit().has_value());
    const Content after = f.Read();
    CHECK(after.size() == before.size() + 1);
    appender.reset();
    REQUIRE(f.Open());
    CHECK(f.head->replay().corrupt == 0);
    CHECK(f.Read() == after);
  }

  TEST_CASE("a failed fsync is not acknowledged with fsync=always") {
    HeadFixture f;
    f.options.fsync = FsyncPolicy::kAlways;
    REQUIRE(f.Open());
    f.fs.FailSync(true);
    auto appender = f.head->NewAppender();
    REQUIRE(appender->Append(0, Labels{{"a", "b"}}, kNow, 1).has_value());
    CHECK(appender->Commit().error().code() == ErrorCode::kUnavailable);
    f.fs.FailSync(false);
    // The kernel may have thrown away what it could not write: a later success proves nothing.
    REQUIRE(appender->Append(0, Labels{{"a", "b"}}, kNow + 1, 2).has_value());
    CHECK(appender->Commit().error().code() == ErrorCode::kUnavailable);
    REQUIRE(f.head->Checkpoint().has_value());
    REQUIRE(appender->Append(0, Labels{{"a", "b"}}, kNow + 2, 3).has_value());
    CHECK(appender->Commit().has_value());
    appender.reset();
    f.head.reset();
    f.fs.Restart(testing::FaultyFileSystem::Lose::kUnsynced);
    REQUIRE(f.Open());
    CHECK(f.Read().begin()->second.size() == 3);
  }

  TEST_CASE("series with labels of many mebibytes are there after a restart") {
    HeadFixture f;
    REQUIRE(f.Open());
    auto appender = f.head->NewAppender();
    for (int i = 0; i < 40; ++i) {
      const Labels labels{{"i", std::to_string(i)},
                          {"long", std::string(2 << 20, static_cast<char>('a' + i % 26))}};
      REQUIRE(appender->Append(0, labels, kNow, i).has_value());
    }
    REQUIRE(appender->Commit().has_value());
    appender.reset();
    REQUIRE(f.Open());
    CHECK(f.head->replay().corrupt == 0);
    CHECK(f.Read().size() == 40);
  }

  TEST_CASE("a checkpoint that is given up leaves nothing behind and loses nothing") {
    HeadFixture f;
    REQUIRE(f.Open());
    auto appender = f.head->NewAppender();
    REQUIRE(appender->Append(0, Labels{{"a", "b"}}, kNow, 1).has_value());
    REQUIRE(appender->Commit().has_value());
    appender.reset();
    std::stop_source stop;
    stop.request_stop();
    const Status given_up = f.head->Checkpoint(stop.get_token());
    REQUIRE_FALSE(given_up.has_value());
    CHECK(given_up.error().code() == ErrorCode::kCancelled);
    const auto names = f.fs.List("head_log");
    for (const std::string& name : names.value()) CHECK_FALSE(name.starts_with("checkpoint"));
    REQUIRE(f.head->Close().has_value());
    REQUIRE(f.Open());
    CHECK(f.Read().size() == 1);
    CHECK(f.head->Checkpoint().has_value());
  }

  TEST_CASE("a damaged checkpoint gives what is left of it and all of the log behind") {
    HeadFixture whole;
    REQUIRE(whole.Open());
    const auto fill = [](HeadFixture& f, int from, int to) {
      const auto appender = f.head->NewAppender();
      for (int i = from; i < to; ++i) {
        const Labels labels{{"a", std::to_string(i)}, {"long", std::string(1000, 'x')}};
        REQUIRE(appender->Append(0, labels, kNow, i).has_value());
      }
      REQUIRE(appender->Commit().has_value());
    };
    fill(whole, 0, 100);
    const Content old = whole.Read();
    fill(whole, 100, 110);
    const Content all = whole.Read();
    for (std::uint64_t at = 0; at < 100'000; at += 4999) {
      CAPTURE(at);
      HeadFixture f;
      REQUIRE(f.Open());
      fill(f, 0, 100);
      REQUIRE(f.head->Checkpoint().has_value());
      fill(f, 100, 110);
      f.head.reset();
      f.fs.FlipByte("head_log/checkpoint.000002/000001", at);
      REQUIRE(f.Open());
      CHECK(f.head->replay().incomplete_checkpoint);
      const Content got = f.Read();
      CHECK(got.size() < all.size());
      CHECK(got.size() >= all.size() - 40);  // a page
      for (const auto& [labels, bits] : got) CHECK(all.at(labels) == bits);
      for (const auto& [labels, bits] : all) CHECK((old.contains(labels) || got.contains(labels)));
      f.sink.lines.clear();
      REQUIRE(f.Open());
      CHECK(f.sink.lines.empty());
      CHECK(f.Read() == got);
    }
  }

  TEST_CASE("flipped bytes cost what they touch, are said once and kept aside") {
    for (std::uint64_t at = 0; at < 300; at += 7) {
      CAPTURE(at);
      HeadFixture f;
      REQUIRE(f.Open());
      auto appender = f.head->NewAppender();
      REQUIRE(appender->Append(0, Labels{{"a", "first"}}, kNow, 1).has_value());
      REQUIRE(appender->Commit().has_value());
      appender.reset();
      REQUIRE(f.Open());  // a second segment
      for (int i = 0; i < 20; ++i) {
        appender = f.head->NewAppender();
        REQUIRE(appender->Append(0, Labels{{"a", std::to_string(i)}}, kNow, 1).has_value());
        REQUIRE(appender->Commit().has_value());
      }
      appender.reset();
      const Content before = f.Read();
      f.head.reset();
      f.fs.FlipByte("head_log/000002", at);
      f.sink.lines.clear();
      REQUIRE(f.Open());
      CHECK(f.head->replay().corrupt + f.head->replay().unknown_series +
                f.head->replay().torn_bytes >
            0);
      CHECK(f.sink.lines.size() >= 1);
      const Content rest = f.Read();
      CHECK(rest.contains("{a=\"first\"}"));
      for (const auto& [labels, bits] : rest) CHECK(before.at(labels) == bits);
      f.sink.lines.clear();
      REQUIRE(f.Open());
      CHECK(f.sink.lines.empty());
      CHECK(f.Read() == rest);
      if (f.fs.Exists("head_log/damaged")) CHECK(f.fs.Exists("head_log/damaged/000002"));
    }
  }
}

}  // namespace
}  // namespace drover::storage

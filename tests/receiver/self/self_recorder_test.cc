#include "receiver/self/self_recorder.h"

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"

namespace drover::receiver {
namespace {

struct NoLog final : LogSink {
  void Write(std::string_view) override {}
};

double Newest(const testing::MemoryStore& store, const std::string& name,
              const std::string& instance) {
  const auto set = store
                       .Select({Matcher::Make(MatchType::kEqual, "__name__", name).value(),
                                Matcher::Make(MatchType::kEqual, "instance", instance).value()},
                               INT64_MIN / 2, INT64_MAX / 2, {})
                       .value();
  SampleColumns samples;
  REQUIRE(set->Next());
  REQUIRE(set->Samples(samples));
  return samples.value.back();
}

bool Stored(const testing::MemoryStore& store, const std::string& name) {
  return store
      .Select({Matcher::Make(MatchType::kEqual, "__name__", name).value()}, INT64_MIN / 2,
              INT64_MAX / 2, {})
      .value()
      ->Next();
}

}  // namespace
TEST_SUITE("receiver/self") {
  TEST_CASE("own metrics and the freshness of targets become series") {
    NoLog sink;
    testing::FakeClock clock;
    const Logger log(sink, clock);
    testing::MemoryStore store;
    Registry registry;
    registry.AddCounter("requests_total", "R.", {{"path", "/x"}}).Add(3);
    freshness::TargetRegistry targets;
    const std::int64_t now = ToMs(clock.Now());
    targets.Seen(Labels{{"__name__", "up"}, {"job", "node"}, {"instance", "a"}}, now - 5000, 1,
                 now - 2000);
    AddFreshnessMetrics(registry, targets, clock);
    {
      SelfRecorder recorder(
          {.job = "drover-receiver", .instance = "h:9090", .interval = Millis(1000)}, registry,
          store, clock, log);
      REQUIRE(clock.WaitForSleepers(1));
      CHECK(Newest(store, "requests_total", "h:9090") == 3);
      CHECK(Newest(store, "up", "h:9090") == 1);
      CHECK(Newest(store, "drover_target_last_sample_age_seconds", "a") == 5);
      CHECK(Newest(store, "drover_ingest_clock_skew_seconds", "a") == 3);
      recorder.SetInterval(Millis(3000));  // from the second round on
      targets.DropBefore(now);
      clock.Advance(Millis(1000));
      REQUIRE(clock.WaitForSleepers(1));
      registry.AddCounter("late_total", "L.").Add();
      clock.Advance(Millis(2999));
      REQUIRE(clock.WaitForSleepers(1));
      CHECK_FALSE(Stored(store, "late_total"));
      clock.Advance(Millis(1));
      REQUIRE(clock.WaitForSleepers(1));
      CHECK(Stored(store, "late_total"));
    }
    CHECK(IsStale(Newest(store, "drover_target_last_sample_age_seconds", "a")));
  }
}
}  // namespace drover::receiver

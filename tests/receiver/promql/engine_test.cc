#include "receiver/promql/engine.h"

#include <doctest/doctest.h>

#include "receiver/promql/series_line.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"

namespace drover::promql {
namespace {

struct Fixture {
  testing::FakeClock clock;
  testing::MemoryStore store;

  void Load(std::string_view line, std::int64_t step_ms = 60'000) {
    const auto series = ParseSeriesLine(line);
    REQUIRE(series.has_value());
    for (std::size_t i = 0; i < series->points.size(); ++i) {
      if (series->points[i].absent) continue;
      store.Add(series->labels, static_cast<std::int64_t>(i) * step_ms, series->points[i].value);
    }
  }
  Result<QueryResult> Run(std::string_view text, std::int64_t t_ms,
                          const EngineOptions& options = {}, const QueryParams& params = {}) {
    const Engine engine(options, clock);
    const auto query = engine.Parse(text);
    REQUIRE(query.has_value());
    return engine.Instant(store, *query, FromMs(t_ms), params);
  }
  std::string ErrorOf(std::string_view text, std::int64_t t_ms, const EngineOptions& options = {}) {
    const auto result = Run(text, t_ms, options);
    return result ? "none" : result.error().message();
  }
};

TEST_SUITE("receiver/promql/engine") {
  TEST_CASE("names dropped at once make equal label sets an error") {
    Fixture f;
    f.Load("a{x=\"1\"} 1 1");
    f.Load("b{x=\"1\"} 2 2");
    CHECK(f.ErrorOf("{__name__=~\"a|b\"} + 1", 0) ==
          "vector cannot contain metrics with the same labelset");
    EngineOptions delayed;
    delayed.delayed_name_removal = true;
    CHECK(f.ErrorOf("label_replace({__name__=~\"a|b\"} + 1, \"n\", \"$1\", \"__name__\", \"(.*)\")",
                    0, delayed) == "none");
  }

  TEST_CASE("many-to-many matching names both series") {
    Fixture f;
    f.Load("a{x=\"1\"} 1");
    f.Load("b{x=\"1\",y=\"1\"} 2");
    f.Load("b{x=\"1\",y=\"2\"} 2");
    CHECK(f.ErrorOf("a + on(x) b", 0) ==
          "found duplicate series for the match group {x=\"1\"} on the right hand-side of the "
          "operation: [{__name__=\"b\", x=\"1\", y=\"1\"}, {__name__=\"b\", x=\"1\", y=\"2\"}];"
          "many-to-many matching not allowed: matching labels must be unique on one side");
    CHECK(f.ErrorOf("b + on(x) a", 0) ==
          "multiple matches for labels: many-to-one matching must be explicit "
          "(group_left/group_right)");
  }

  TEST_CASE("limits: samples, time, stop") {
    Fixture f;
    f.Load("a{x=\"1\"} 1x100");
    f.Load("a{x=\"2\"} 1x100");
    EngineOptions options;
    options.max_samples = 50;
    const auto many = f.Run("sum_over_time(a[100m])", 6'000'000, options);
    REQUIRE_FALSE(many.has_value());
    CHECK(many.error().code() == ErrorCode::kExhausted);
    CHECK(many.error().message() ==
          "query processing would load too many samples into memory in query execution");

    const Engine ranging(options, f.clock);
    CHECK(ranging.Range(f.store, *ranging.Parse("a"), FromMs(0), FromMs(2'000'000), Millis(60'000))
              .error()
              .code() == ErrorCode::kExhausted);

    QueryParams params;
    params.timeout = Millis(-1);
    CHECK(f.Run("a", 0, {}, params).error().message() ==
          "query timed out in expression evaluation");

    std::stop_source source;
    source.request_stop();
    params.timeout.reset();
    params.stop = source.get_token();
    CHECK(f.Run("a", 0, {}, params).error().code() == ErrorCode::kCancelled);

    QueryParams limited;
    limited.limit = 1;
    const auto cut = f.Run("a", 0, {}, limited);
    CHECK(std::get<InstantVector>(cut->value).size() == 1);
    CHECK(cut->annotations.Warnings("a").size() == 1);
  }

  TEST_CASE("a range query answers by labels, and holds no gap of a vanished series") {
    Fixture f;
    f.Load("b 1 2 stale _ _ _ _ _ 9");
    f.Load("a 1x8");
    const Engine engine({}, f.clock);
    const auto query = engine.Parse("{__name__=~\"a|b\"}");
    const auto result = engine.Range(f.store, *query, FromMs(0), FromMs(480'000), Millis(60'000));
    REQUIRE(result.has_value());
    const Matrix& matrix = std::get<Matrix>(result->value);
    REQUIRE(matrix.size() == 2);
    CHECK(matrix[0].labels.Get("__name__") == "a");
    CHECK(matrix[1].samples.t_ms == std::vector<std::int64_t>{0, 60'000, 480'000});
    CHECK(engine.Range(f.store, *engine.Parse("a[5m]"), FromMs(0), FromMs(1), Millis(1))
              .error()
              .message() ==
          "invalid expression type \"range vector\" for range query, must be Scalar or instant "
          "Vector");
  }

  TEST_CASE("a bare range selector answers a matrix, the left end open") {
    Fixture f;
    f.Load("a 0+1x10");
    const auto result = f.Run("a[2m]", 240'000);
    REQUIRE(result.has_value());
    CHECK(std::get<Matrix>(result->value)[0].samples.t_ms ==
          std::vector<std::int64_t>{180'000, 240'000});
    CHECK(result->stats.peak_samples >= 2);
  }

  TEST_CASE("rate says so when the name is not a counter's") {
    Fixture f;
    f.Load("a 0+1x10");
    const auto result = f.Run("rate(a[5m])", 600'000);
    CHECK(
        result->annotations.Infos("rate(a[5m])") ==
        std::vector<std::string>{"PromQL info: metric might not be a counter, name does not end in "
                                 "_total/_sum/_count/_bucket: \"a\" (1:6)"});
  }

  TEST_CASE("what the engine lacks is an error, never a wrong answer") {
    Fixture f;
    f.store.Add(Labels{{kMetricName, "h"}}, 0, 0, std::make_shared<FloatHistogram>());
    for (const char* query : {"rate(h[5m] anchored)", "h smoothed", "start_timestamp(h)"}) {
      EngineOptions options;
      options.parser = ParserOptions::All();
      const auto result = f.Run(query, 0, options);
      CAPTURE(query);
      REQUIRE_FALSE(result.has_value());
      CHECK(result.error().code() == ErrorCode::kUnsupported);
    }
  }
}

}  // namespace
}  // namespace drover::promql

#include "agent/samples/series_cache.h"

#include <chrono>

#include <doctest/doctest.h>

#include "agent/samples/scrape_report.h"
#include "core/config/relabel_config.h"
#include "core/exposition/text_parser.h"
#include "tests/support/recording_appender.h"

namespace drover::agent {
namespace {

using testing::Lines;
using testing::RecordingAppendable;
using Strings = std::vector<std::string>;

struct CacheFixture {
  RecordingAppendable store;
  SampleRules rules;
  std::optional<SeriesCache> cache;
  std::int64_t t_ms = 1000;

  CacheFixture() { rules.target_labels = {{"job", "j"}}; }
  SeriesCache& Cache() {
    if (!cache) cache.emplace(rules);
    return *cache;
  }
  // One scrape of a page; on an error rolled back and abandoned as a target does.
  Status Scrape(std::string_view page) {
    const auto out = store.NewAppender();
    Cache().Begin(*out, t_ms);
    exposition::TextParser parser(page);
    Status status;
    for (;;) {
      const auto entry = parser.Next();
      if (!entry) status = tl::unexpected(entry.error());
      if (!entry || *entry == exposition::TextParser::Entry::kEnd) break;
      status = cache->Add(parser.series(), parser.value(), parser.timestamp_ms(),
                          exposition::DecodeSeries);
      if (!status) break;
    }
    if (status) {
      cache->Finish();
    } else {
      out->Rollback();
      cache->Abandon(*out, t_ms);
    }
    REQUIRE(out->Commit());
    return status;
  }
  // The next scrape's samples, a second later.
  Strings Next(std::string_view page) {
    t_ms += 1000;
    (void)Scrape(page);
    return Lines(store.Take(), t_ms);
  }
};

std::vector<RelabelRule> Rules(const std::string& yaml) {
  RelabelConfigs out;
  const auto node = ParseYaml(yaml, "test");
  REQUIRE(node.has_value());
  REQUIRE(FromYaml(*node, out));
  return out.rules;
}

TEST_SUITE("agent/samples/series_cache") {
  TEST_CASE("series get the target's labels and the scrape's time") {
    CacheFixture f;
    CHECK(f.Next("a 1\nb{x=\"y\"} 2\n") == Strings{R"(a{job="j"} 1)", R"(b{job="j", x="y"} 2)"});
    CHECK(f.Cache().counts().scraped == 2);
    CHECK(f.Cache().counts().added == 2);
    (void)f.Next("a 1\nb{x=\"y\"} 2\nc 3\n");
    CHECK(f.Cache().counts().added == 1);
  }

  TEST_CASE("the planned time is kept by a start a little late only") {
    const TimePoint planned = FromMs(100'000);
    for (const auto& [late_ms, carried_ms] :
         {std::pair(0, 0), std::pair(10, 0), std::pair(11, 11), std::pair(60'000, 60'000),
          std::pair(-60'000, -60'000)}) {
      CAPTURE(late_ms);
      CHECK(ScrapeTime(planned, planned + std::chrono::milliseconds(late_ms)) ==
            planned + std::chrono::milliseconds(carried_ms));
    }
  }

  TEST_CASE("a cache that inherits ends what the first scrape lacks, by labels; a failed one all") {
    CacheFixture old;
    (void)old.Next("a 1\nb 2\nc 3\n");
    CacheFixture f;
    f.t_ms = old.t_ms;
    f.rules.metric_relabel = Rules("- {source_labels: [__name__], regex: b, action: drop}\n");
    f.Cache().Inherit(old.Cache());
    SUBCASE("good") {
      CHECK(f.Next("a 1\nb 2\nd 4\n") == Strings{R"(a{job="j"} 1)", R"(b{job="j"} stale)",
                                                 R"(c{job="j"} stale)", R"(d{job="j"} 4)"});
      CHECK(f.Next("a 1\nd 4\n") == Strings{R"(a{job="j"} 1)", R"(d{job="j"} 4)"});  // once
    }
    SUBCASE("failed") {
      CHECK(f.Next("a{ 1\n") ==
            Strings{R"(a{job="j"} stale)", R"(b{job="j"} stale)", R"(c{job="j"} stale)"});
      CHECK(f.Next("a 1\n") == Strings{R"(a{job="j"} 1)"});
    }
    SUBCASE("inherited on before it scraped") {
      CacheFixture third;
      third.t_ms = old.t_ms;
      third.Cache().Inherit(f.Cache());
      CHECK(third.Next("c 1\n") ==
            Strings{R"(a{job="j"} stale)", R"(b{job="j"} stale)", R"(c{job="j"} 1)"});
    }
    CHECK(old.Next("a 1\n") == Strings{R"(a{job="j"} 1)"});  // nothing of it is left
  }

  TEST_CASE("a series that ends is marked stale once") {
    CacheFixture f;
    (void)f.Next("a 1\nb 2\n");
    CHECK(f.Next("a 1\n") == Strings{R"(a{job="j"} 1)", R"(b{job="j"} stale)"});
    CHECK(f.Next("a 1\n") == Strings{R"(a{job="j"} 1)"});
    CHECK(f.Next("a 1\nb 3\n") == Strings{R"(a{job="j"} 1)", R"(b{job="j"} 3)"});
    CHECK(f.Cache().counts().added == 1);
  }

  TEST_CASE("a scrape that fails marks all that was there stale, what it brought itself too") {
    CacheFixture f;
    (void)f.Next("a 1\nb 2\n");
    CHECK(f.Next("a 1\nnew 5\nbroken{ 1\n") ==
          Strings{R"(a{job="j"} stale)", R"(b{job="j"} stale)"});
    CHECK(f.Next("broken{\n").empty());  // once is enough
    CHECK(f.Next("a 1\n") == Strings{R"(a{job="j"} 1)"});
    CHECK(f.Cache().counts().added == 1);
  }

  TEST_CASE("a target that goes marks its series and its reports stale") {
    CacheFixture f;
    (void)f.Next("a 1\n");
    const auto out = f.store.NewAppender();
    f.Cache().AddReport(*out, "up", f.t_ms, 1);
    f.Cache().End(*out, 5000);
    REQUIRE(out->Commit());
    CHECK(Lines(f.store.Take(), 5000) ==
          Strings{R"(a{job="j"} stale)", R"(up{job="j"} 1 @2000)", R"(up{job="j"} stale)"});
  }

  TEST_CASE("the second sample of a series in one page is left out") {
    CacheFixture f;
    CHECK(f.Next("a 1\na 2\n") == Strings{R"(a{job="j"} 1)"});
    CHECK(f.Cache().counts().scraped == 2);
    CHECK(f.Cache().counts().after_relabel == 1);
    CHECK(f.Cache().counts().refused == 1);
    CHECK(f.Cache().counts().added == 1);
  }

  TEST_CASE("labels of the target win; the series' own become exported_, as often as needed") {
    CacheFixture f;
    f.rules.target_labels = {{"job", "j"}, {"instance", "i"}};
    CHECK(f.Next("a{job=\"own\"} 1\nb{job=\"own\",exported_job=\"older\"} 2\n") ==
          Strings{
              R"(a{exported_job="own", instance="i", job="j"} 1)",
              R"(b{exported_exported_job="own", exported_job="older", instance="i", job="j"} 2)"});
  }

  TEST_CASE("honor_labels keeps the series' own, an empty one counts as absent") {
    CacheFixture f;
    f.rules.honor_labels = true;
    CHECK(f.Next("a{job=\"own\"} 1\nb{job=\"\"} 2\n") ==
          Strings{R"(a{job="own"} 1)", R"(b{job="j"} 2)"});
  }

  TEST_CASE("metric relabelling drops and renames; what it drops is scraped, not kept") {
    CacheFixture f;
    f.rules.metric_relabel = Rules(
        "- {source_labels: [__name__], regex: secret, action: drop}\n"
        "- {source_labels: [__name__], regex: old, target_label: __name__, replacement: new}\n");
    CHECK(f.Next("secret 1\nold 2\n") == Strings{R"(new{job="j"} 2)"});
    CHECK(f.Cache().counts().scraped == 2);
    CHECK(f.Cache().counts().after_relabel == 1);
    CHECK(f.Next("") == Strings{R"(new{job="j"} stale)"});
  }

  TEST_CASE("limits fail the whole scrape") {
    struct Case {
      const char* name;
      std::int64_t SampleRules::*limit;
      std::int64_t value;
      const char* page;
      const char* error;
    };
    const Case cases[] = {
        {"samples", &SampleRules::sample_limit, 2, "a 1\nb 2\nc 3\n", "sample_limit exceeded"},
        {"labels", &SampleRules::label_limit, 2, "a{x=\"y\"} 1\n", "label_limit exceeded"},
        {"names", &SampleRules::label_name_length_limit, 8, "a{much_longer=\"y\"} 1\n",
         "label_name_length_limit exceeded (label name: much_longer"},
        {"values", &SampleRules::label_value_length_limit, 3, "a{x=\"long\"} 1\n",
         "label_value_length_limit exceeded (label name: x"},
    };
    for (const Case& c : cases) {
      SUBCASE(c.name) {
        CacheFixture f;
        f.rules.*c.limit = c.value;
        const Status status = f.Scrape(c.page);
        REQUIRE_FALSE(status.has_value());
        CHECK(status.error().code() == ErrorCode::kExhausted);
        CHECK(status.error().message().find(c.error) != std::string::npos);
        CHECK(f.store.Take().empty());
      }
    }
    CacheFixture f;
    f.rules.sample_limit = 2;
    CHECK(f.Scrape("a 1\nb 2\n").has_value());
  }

  TEST_CASE("relabelling that takes the name away fails the scrape") {
    CacheFixture f;
    f.rules.metric_relabel = Rules("- {regex: __name__, action: labeldrop}\n");
    CHECK_FALSE(f.Scrape("a 1\n").has_value());
  }

  TEST_CASE("timestamps of their own are kept, and repeated ones given once") {
    CacheFixture f;
    CHECK(f.Next("a 1 500\n") == Strings{R"(a{job="j"} 1 @500)"});
    CHECK(f.Next("a 1 500\n").empty());
    CHECK(f.Cache().counts().refused == 1);
    CHECK(f.Next("a 1 400\n").empty());
    CHECK(f.Next("a 2 600\na 3 700\n") == Strings{R"(a{job="j"} 2 @600)", R"(a{job="j"} 3 @700)"});
    CHECK(f.Cache().counts().added == 0);
  }

  TEST_CASE("series with timestamps of their own are not marked stale, unless asked for") {
    for (const bool track : {false, true}) {
      CAPTURE(track);
      CacheFixture f;
      f.rules.track_timestamps_staleness = track;
      (void)f.Next("a 1 500\nb 2\n");
      const Strings got = f.Next("");
      CHECK(got == (track ? Strings{R"(a{job="j"} stale)", R"(b{job="j"} stale)"}
                          : Strings{R"(b{job="j"} stale)"}));
    }
  }

  TEST_CASE("a sample that the appender refuses fails nothing else") {
    CacheFixture f;
    f.store.refuse = {"a"};
    CHECK(f.Next("a 1\nb 2\n") == Strings{R"(b{job="j"} 2)"});
    CHECK(f.Cache().counts().refused == 1);
    CHECK(f.Cache().counts().after_relabel == 2);
  }

  TEST_CASE("series that were away for ten scrapes are forgotten") {
    CacheFixture f;
    (void)f.Next("a 1\nb 2\n");
    for (int i = 0; i < 12; ++i) (void)f.Next("a 1\n");
    CHECK(f.Cache().size() == 1);
  }
}

TEST_SUITE("agent/samples/scrape_report") {
  TEST_CASE("up and its companions carry the target's labels and are not relabelled") {
    CacheFixture f;
    f.rules.metric_relabel = Rules("- {source_labels: [__name__], regex: up, action: drop}\n");
    const auto out = f.store.NewAppender();
    ScrapeReport report{true, std::chrono::milliseconds(250), {5, 4, 3, 0}};
    AppendReport(f.Cache(), *out, 77, report);
    REQUIRE(out->Commit());
    const auto samples = f.store.Take();
    CHECK(testing::ValueOf(samples, "up") == 1);
    CHECK(testing::ValueOf(samples, "scrape_duration_seconds") == 0.25);
    CHECK(testing::ValueOf(samples, "scrape_samples_scraped") == 5);
    CHECK(testing::ValueOf(samples, "scrape_samples_post_metric_relabeling") == 4);
    CHECK(testing::ValueOf(samples, "scrape_series_added") == 3);
    for (const auto& sample : samples) {
      CHECK(sample.labels.Get("job") == "j");
      CHECK(sample.t_ms == 77);
    }
  }

  TEST_CASE("the next scrape is the interval's next moment with the offset") {
    using std::chrono::milliseconds;
    const auto next = [](std::int64_t now, int interval, int offset) {
      constexpr std::int64_t kBase = 1'500'000'000'000;  // a whole number of intervals
      return ToMs(NextScrape(FromMs(kBase + now), milliseconds(interval), milliseconds(offset))) -
             kBase;
    };
    CHECK(next(10'000, 15'000, 0) == 15'000);
    CHECK(next(15'000, 15'000, 0) == 30'000);
    CHECK(next(10'000, 15'000, 12'000) == 12'000);
    CHECK(next(12'000, 15'000, 12'000) == 27'000);
    CHECK(next(1'000, 15'000, 12'000) == 12'000);
  }
}

}  // namespace
}  // namespace drover::agent

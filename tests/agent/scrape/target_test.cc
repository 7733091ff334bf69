#include "agent/scrape/target.h"

#include <chrono>

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/memory_log.h"
#include "tests/support/recording_appender.h"

namespace drover::agent::scrape {
namespace {

using testing::FakePeer;
using testing::Lines;
using testing::ValueOf;
using Strings = std::vector<std::string>;
using namespace std::chrono_literals;

struct TargetFixture {
  testing::FakeClock clock;
  testing::MemoryLog sink;
  Logger log{sink, clock};
  testing::RecordingAppendable store;
  ScrapeConfig job;
  ScrapeLimits global;
  std::unique_ptr<Target> target;
  std::int64_t t_ms = 1000;

  TargetFixture() {
    job.job_name = "j";
    job.scrape_interval = 15s;
    job.scrape_timeout = 10s;
  }
  Target& Get() {
    if (!target) {
      TargetSpec spec;
      spec.labels = {{"job", "j"}, {"instance", "i"}};
      spec.url = "http://i/metrics";
      target = std::make_unique<Target>(job, global, spec, store, clock, log);
    }
    return *target;
  }
  std::vector<testing::RecordedSample> Answer(const Result<http::ClientResponse>& answer) {
    t_ms += 1000;
    Get().OnAnswer(answer, FromMs(t_ms), 20ms);
    return store.Take();
  }
  Strings Shown(const Result<http::ClientResponse>& answer) {
    const auto samples = Answer(answer);
    return Lines(samples, t_ms);
  }
};

constexpr std::string_view kA = R"(a{instance="i", job="j"})";
constexpr std::string_view kUp = R"(up{instance="i", job="j"})";
std::string Line(std::string_view series, std::string_view value) {
  return std::string(series) + " " + std::string(value);
}

TEST_SUITE("agent/scrape/target") {
  TEST_CASE("a good page gives its samples, up 1 and its metadata") {
    TargetFixture f;
    const auto got = f.Answer(FakePeer::Status(
        200, "# HELP a The\\nhelp.\n# TYPE a counter\na 1\n# TYPE b gauge\nb 2\n"));
    CHECK(Lines(got, f.t_ms) ==
          Strings{Line(kA, "1"), R"(b{instance="i", job="j"} 2)", Line(kUp, "1")});
    CHECK(ValueOf(got, "scrape_samples_scraped") == 2);
    CHECK(ValueOf(got, "scrape_duration_seconds") == 0.02);
    REQUIRE(f.store.metadata().size() == 2);
    CHECK(f.store.metadata()[0].help == "The\nhelp.");
    CHECK(f.store.metadata()[0].type == MetricType::kCounter);
    CHECK(f.store.metadata()[1].family == "b");
    CHECK(f.Get().status().health == Health::kUp);
    CHECK(f.Get().status().series == 2);
    CHECK(f.store.commits() == 1);  // a reader sees it whole
  }

  TEST_CASE("no answer, a wrong status and a broken page are up 0 with the reason") {
    struct Case {
      const char* name;
      Result<http::ClientResponse> answer;
      const char* error;
    };
    const Case cases[] = {
        {"away", FakePeer::Away(), "connection refused"},
        {"status", FakePeer::Status(503), "server returned HTTP status 503 Service Unavailable"},
        {"too large", Fail(ErrorCode::kExhausted, "the answer is larger than 10 bytes"),
         "the answer is larger than 10 bytes"},
        {"broken", FakePeer::Status(200, "a 1\nb{ 2\n"), "2:"},
    };
    for (const Case& c : cases) {
      SUBCASE(c.name) {
        TargetFixture f;
        (void)f.Answer(FakePeer::Status(200, "a 1\n"));
        const auto got = f.Answer(c.answer);
        CHECK(Lines(got, f.t_ms) == Strings{Line(kA, "stale"), Line(kUp, "0")});
        CHECK(ValueOf(got, "scrape_samples_scraped") == 0);
        const TargetStatus status = f.Get().status();
        CHECK(status.health == Health::kDown);
        CHECK(status.last_error.find(c.error) != std::string::npos);
        CHECK(f.sink.text().find("scrape failed") != std::string::npos);
        CHECK(f.Shown(FakePeer::Status(200, "a 2\n")) == Strings{Line(kA, "2"), Line(kUp, "1")});
        CHECK(f.sink.text().find("scrape works again") != std::string::npos);
      }
    }
  }

  TEST_CASE("the same failure again is not said again") {
    TargetFixture f;
    for (int i = 0; i < 3; ++i) (void)f.Answer(FakePeer::Away());
    const std::string log = f.sink.text();
    const auto first = log.find("scrape failed");
    REQUIRE(first != std::string::npos);
    CHECK(log.find("scrape failed", first + 1) == std::string::npos);
  }

  TEST_CASE("the job's limit, else the global one, bounds the body; 0 is none") {
    TargetFixture f;
    f.global.body_size_limit = {1000};
    CHECK(f.Get().MakeRequest().max_body_bytes == 1000);
    f.target.reset();
    f.job.body_size_limit = ByteSize{10};
    CHECK(f.Get().MakeRequest().max_body_bytes == 10);
    f.target.reset();
    f.job.body_size_limit = ByteSize{0};
    CHECK(f.Get().MakeRequest().max_body_bytes == UINT64_MAX);
  }

  TEST_CASE("the request carries the timeout") {
    TargetFixture f;
    const auto request = f.Get().MakeRequest();
    CHECK(request.timeout == 10s);
    CHECK(request.accept_gzip);
    CHECK(std::find(request.headers.begin(), request.headers.end(),
                    std::pair<std::string, std::string>("X-Prometheus-Scrape-Timeout-Seconds",
                                                        "10")) != request.headers.end());
  }

  TEST_CASE("sample_limit fails the scrape and leaves nothing of it") {
    TargetFixture f;
    f.job.sample_limit = 1;
    const auto got = f.Answer(FakePeer::Status(200, "a 1\nb 2\n"));
    CHECK(Lines(got, f.t_ms) == Strings{Line(kUp, "0")});
    CHECK(f.Get().status().last_error.find("sample_limit exceeded") != std::string::npos);
  }

  TEST_CASE("honor_timestamps false puts the scrape's time on everything") {
    TargetFixture f;
    f.job.honor_timestamps = false;
    CHECK(f.Shown(FakePeer::Status(200, "a 1 500\n")) == Strings{Line(kA, "1"), Line(kUp, "1")});
    CHECK(f.Shown(FakePeer::Status(200, "")) == Strings{Line(kA, "stale"), Line(kUp, "1")});
  }

  TEST_CASE(
      "a target with timestamps of its own: kept, once, up and reports at the scrape's time") {
    TargetFixture f;
    CHECK(f.Shown(FakePeer::Status(200, "a 1 500\n")) ==
          Strings{Line(kA, "1 @500"), Line(kUp, "1")});
    CHECK(f.Shown(FakePeer::Status(200, "a 1 500\n")) == Strings{Line(kUp, "1")});
    CHECK(f.Shown(FakePeer::Away()) == Strings{Line(kUp, "0")});
  }

  TEST_CASE("samples that the store refuses leave the target up") {
    TargetFixture f;
    f.store.refuse = {"a"};
    const auto got = f.Answer(FakePeer::Status(200, "a 1\nb 2\n"));
    CHECK(Lines(got, f.t_ms) == Strings{R"(b{instance="i", job="j"} 2)", Line(kUp, "1")});
    CHECK(ValueOf(got, "scrape_samples_post_metric_relabeling") == 2);
  }

  TEST_CASE("a target that ended marks all stale, and answers that come late are ignored") {
    TargetFixture f;
    (void)f.Answer(FakePeer::Status(200, "a 1\n"));
    f.Get().End();
    const auto got = f.store.Take();
    CHECK(Lines(got, ToMs(f.clock.Now())) == Strings{Line(kA, "stale"), Line(kUp, "stale")});
    CHECK(got.size() == 6);  // and the four scrape_ series
    CHECK(f.Answer(FakePeer::Status(200, "a 1\n")).empty());
  }
}

}  // namespace
}  // namespace drover::agent::scrape

#include "agent/forward/endpoint.h"

#include <chrono>

#include "tests/agent/forward/queue_fixture.h"
#include "tests/support/fake_http_client.h"

namespace drover::agent::forward {
namespace {

using testing::FakePeer;
using namespace std::chrono_literals;

struct EndpointFixture : QueueFixture {
  FakePeer peer;
  Registry registry;
  RemoteWriteConfig config;
  EndpointFixture() {
    config.name = "central";
    config.url = "http://user:hunter2@peer:9/api/v1/write";
  }
  std::unique_ptr<Endpoint> Make() {
    return std::make_unique<Endpoint>(config, Open(), peer.MakeClient(), clock, registry, log);
  }
  double Metric(const std::string& name, const std::string& reason = "") const {
    for (const OwnFamily& family : registry.Collect()) {
      if (family.name != name) continue;
      for (const OwnSample& sample : family.samples) {
        bool match = reason.empty();
        for (const auto& [key, value] : sample.labels)
          match = match || (key == "reason" && value == reason);
        if (match) return sample.value;
      }
    }
    return -1;
  }
  // Real time passes until `done`, 5 s at most.
  template <typename Done>
  static bool Eventually(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
};

TEST_SUITE("agent/forward/endpoint") {
  TEST_CASE("what an answer means") {
    struct Case {
      int status;
      Outcome outcome;
    };
    for (const Case& c :
         {Case{200, Outcome::kSent}, Case{204, Outcome::kSent}, Case{301, Outcome::kHeld},
          Case{400, Outcome::kRefused}, Case{401, Outcome::kHeld}, Case{403, Outcome::kHeld},
          Case{404, Outcome::kHeld}, Case{405, Outcome::kHeld}, Case{408, Outcome::kHeld},
          Case{409, Outcome::kRefused}, Case{415, Outcome::kRefused}, Case{422, Outcome::kRefused},
          Case{413, Outcome::kRefused}, Case{429, Outcome::kRetry}, Case{500, Outcome::kRetry},
          Case{503, Outcome::kRetry}}) {
      CAPTURE(c.status);
      CHECK(Judge(FakePeer::Status(c.status), true) == c.outcome);
    }
    CHECK(Judge(FakePeer::Status(429), false) == Outcome::kRefused);
    CHECK(Judge(FakePeer::Away(), true) == Outcome::kRetry);
  }

  TEST_CASE("Retry-After in seconds, as a date, in the past, absurd") {
    const TimePoint now = FromMs(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT
    const auto wait = [&](std::string_view text) {
      return RetryAfter(*FakePeer::Status(503, "", text), now);
    };
    CHECK(wait("7") == 7s);
    CHECK(wait("Sun, 06 Nov 1994 08:50:07 GMT") == 30s);
    CHECK(wait("Sun, 06 Nov 1994 08:49:07 GMT") == 0s);
    CHECK(wait("99999999999") == 1h);
    CHECK(wait("") == 0s);
    CHECK(wait("soon") == 0s);
    CHECK(wait("-5") == 0s);
  }

  TEST_CASE("a block is one request with the protocol's headers and those of the configuration") {
    EndpointFixture f;
    f.config.headers = {{"X-Scope-OrgID", "team"}};
    const auto endpoint = f.Make();
    REQUIRE(endpoint->queue().Append(f.MakeBlock("bytes")));
    REQUIRE(f.peer.WaitForRequests(1));
    const http::ClientRequest request = f.peer.seen().front();
    CHECK(request.method == "POST");
    CHECK(request.url == f.config.url);
    CHECK(request.body == "bytes");
    using Header = std::pair<std::string, std::string>;
    for (const Header& header :
         {Header{"Content-Encoding", "snappy"}, Header{"Content-Type", "application/x-protobuf"},
          Header{"X-Prometheus-Remote-Write-Version", "0.1.0"}, Header{"X-Scope-OrgID", "team"}}) {
      CHECK(std::find(request.headers.begin(), request.headers.end(), header) !=
            request.headers.end());
    }
    for (const auto& [name, value] : request.headers) CHECK(name != "Retry-Attempt");
  }

  TEST_CASE("one block at a time, in order, the next one after the answer") {
    EndpointFixture f;
    const auto endpoint = f.Make();
    for (const char* body : {"a", "b"}) REQUIRE(endpoint->queue().Append(f.MakeBlock(body)));
    REQUIRE(f.peer.WaitForRequests(1));
    CHECK(f.peer.open() == 1);
    REQUIRE(f.peer.Reply(FakePeer::Status(204)));
    REQUIRE(f.peer.WaitForRequests(2));
    CHECK(f.peer.seen()[1].body == "b");
    REQUIRE(f.peer.Reply(FakePeer::Status(204)));
    CHECK(f.Eventually([&] { return endpoint->status().queue.blocks == 0; }));
    CHECK(endpoint->status().samples_sent == 20);
  }

  TEST_CASE("a peer that is away is asked again with growing waits; nothing is dropped") {
    EndpointFixture f;
    const auto endpoint = f.Make();
    REQUIRE(endpoint->queue().Append(f.MakeBlock("a")));
    std::size_t asked = 1;
    for (const Millis longest : {33ms, 66ms, 132ms}) {
      REQUIRE(f.peer.WaitForRequests(asked));
      REQUIRE(f.peer.Reply(asked % 2 == 0 ? FakePeer::Status(503) : FakePeer::Away()));
      REQUIRE(f.clock.WaitForSleepers(1));
      CHECK(endpoint->status().failing);
      f.clock.Advance(longest * 3 / 4);  // below the least: wait - 10 %
      std::this_thread::sleep_for(5ms);
      CHECK(f.peer.seen().size() == asked);
      f.clock.Advance(longest / 4 + 1ms);
      ++asked;
    }
    REQUIRE(f.peer.WaitForRequests(asked));
    const auto headers = f.peer.seen().back().headers;
    CHECK(std::find(headers.begin(), headers.end(),
                    std::pair<std::string, std::string>("Retry-Attempt", "3")) != headers.end());
    REQUIRE(f.peer.Reply(FakePeer::Status(200)));
    CHECK(f.Eventually([&] { return !endpoint->status().failing; }));
    CHECK(endpoint->status().queue.dropped_samples.empty());
    CHECK(f.Metric("prometheus_remote_storage_samples_retried_total") == 30);
    const std::string log = f.sink.text();
    const auto first = log.find("remote write fails");
    CHECK(first != std::string::npos);
    CHECK(log.find("remote write fails", first + 1) == std::string::npos);  // said once
    CHECK(log.find("remote write works again") != std::string::npos);
  }

  TEST_CASE("a wrong token holds the block: said once, asked again after max_backoff, then sent") {
    EndpointFixture f;
    const auto endpoint = f.Make();
    REQUIRE(endpoint->queue().Append(f.MakeBlock("a")));
    for (std::size_t asked = 1; asked <= 3; ++asked) {
      REQUIRE(f.peer.WaitForRequests(asked));
      REQUIRE(f.peer.Reply(FakePeer::Status(401, "who are you")));
      REQUIRE(f.clock.WaitForSleepers(1));
      f.clock.Advance(f.config.queue_config.max_backoff - 1ms);
      std::this_thread::sleep_for(5ms);
      CHECK(f.peer.seen().size() == asked);
      f.clock.Advance(1ms);
    }
    REQUIRE(f.peer.WaitForRequests(4));
    REQUIRE(f.peer.Reply(FakePeer::Status(204)));
    CHECK(f.Eventually([&] { return endpoint->status().samples_sent == 10; }));
    CHECK(endpoint->status().queue.dropped_samples.empty());
    const std::string log = f.sink.text();
    const auto first = log.find("turned away");
    CHECK(first != std::string::npos);
    CHECK(log.find("turned away", first + 1) == std::string::npos);
  }

  TEST_CASE("the gauges of an endpoint that is gone are 0") {
    EndpointFixture f;
    auto endpoint = f.Make();
    REQUIRE(endpoint->queue().Append(f.MakeBlock("a")));
    f.clock.Advance(5s);
    endpoint->UpdateMetrics();
    for (const char* name :
         {"prometheus_remote_storage_samples_pending", "drover_forward_queue_bytes",
          "drover_forward_queue_oldest_age_seconds"}) {
      CAPTURE(name);
      CHECK(f.Metric(name) > 0);
    }
    endpoint.reset();
    CHECK(f.Metric("prometheus_remote_storage_samples_pending") == 0);
    CHECK(f.Metric("drover_forward_queue_bytes") == 0);
    CHECK(f.Metric("drover_forward_queue_oldest_age_seconds") == 0);
  }

  TEST_CASE("Retry-After is obeyed") {
    EndpointFixture f;
    const auto endpoint = f.Make();
    REQUIRE(endpoint->queue().Append(f.MakeBlock("a")));
    REQUIRE(f.peer.WaitForRequests(1));
    REQUIRE(f.peer.Reply(FakePeer::Status(429, "slow down", "20")));
    REQUIRE(f.clock.WaitForSleepers(1));
    f.clock.Advance(19s);
    std::this_thread::sleep_for(5ms);
    CHECK(f.peer.seen().size() == 1);
    f.clock.Advance(1s);
    CHECK(f.peer.WaitForRequests(2));
  }

  TEST_CASE("a refused block is dropped, counted and said; the next one is sent") {
    EndpointFixture f;
    const auto endpoint = f.Make();
    for (const char* body : {"bad", "good"}) REQUIRE(endpoint->queue().Append(f.MakeBlock(body)));
    REQUIRE(f.peer.WaitForRequests(1));
    REQUIRE(f.peer.Reply(FakePeer::Status(400, "out of order sample\nsecond line")));
    REQUIRE(f.peer.WaitForRequests(2));
    CHECK(f.peer.seen()[1].body == "good");
    endpoint->UpdateMetrics();
    CHECK(f.Metric("prometheus_remote_storage_samples_failed_total") == 10);
    CHECK(f.Metric("prometheus_remote_storage_samples_dropped_total", "refused") == 10);
    CHECK(f.sink.text().find("HTTP status 400: out of order sample\"") != std::string::npos);
  }

  TEST_CASE("a block that the caps dropped is not tried any more") {
    EndpointFixture f;
    f.options.max_age = 60s;
    const auto endpoint = f.Make();
    REQUIRE(endpoint->queue().Append(f.MakeBlock("old")));
    REQUIRE(f.peer.WaitForRequests(1));
    REQUIRE(f.peer.Reply(FakePeer::Status(503, "", "100")));
    REQUIRE(f.clock.WaitForSleepers(1));
    f.clock.Advance(90s);
    REQUIRE(endpoint->queue().Append(f.MakeBlock("young")));
    REQUIRE(endpoint->queue().Maintain(false));
    f.clock.Advance(10s);
    REQUIRE(f.peer.WaitForRequests(2));
    CHECK(f.peer.seen()[1].body == "young");
  }

  TEST_CASE("stopping ends at once: while a request is open, while waiting to try again") {
    for (const bool waiting : {false, true}) {
      CAPTURE(waiting);
      EndpointFixture f;
      auto endpoint = f.Make();
      REQUIRE(endpoint->queue().Append(f.MakeBlock("a")));
      REQUIRE(f.peer.WaitForRequests(1));
      if (waiting) {
        REQUIRE(f.peer.Reply(FakePeer::Status(503, "", "3600")));
        REQUIRE(f.clock.WaitForSleepers(1));
      }
      const auto started = std::chrono::steady_clock::now();
      endpoint.reset();
      CHECK(std::chrono::steady_clock::now() - started < 500ms);
      CHECK(f.Open()->stats().blocks == 1);  // sent by the next process
    }
  }

  TEST_CASE("the password of the URL is in no log, status or metric") {
    EndpointFixture f;
    f.peer.Always([](const http::ClientRequest&) { return FakePeer::Status(400, "no"); });
    const auto endpoint = f.Make();
    REQUIRE(endpoint->queue().Append(f.MakeBlock("a")));
    REQUIRE(f.Eventually([&] { return endpoint->status().queue.blocks == 0; }));
    endpoint->UpdateMetrics();
    CHECK(f.sink.text().find("hunter2") == std::string::npos);
    CHECK(endpoint->status().url.find("hunter2") == std::string::npos);
    for (const OwnFamily& family : f.registry.Collect()) {
      for (const OwnSample& sample : family.samples) {
        for (const auto& [name, value] : sample.labels)
          CHECK(value.find("hunter2") == std::string::npos);
      }
    }
  }
}

}  // namespace
}  // namespace drover::agent::forward

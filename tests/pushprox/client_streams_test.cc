// What a client does with the streams of a tunnel: scrapes and relays, on a played clock; targets
// are sockets on the loopback.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "pushprox/client/context.h"
#include "tests/pushprox/fake_wire.h"
#include "tests/support/memory_log.h"

namespace drover::pushprox {
namespace {

using testing::FakeWire;
using testing::NotingStream;
using testing::NotingTunnel;

// A target that does what the test does.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(fd_, 8) == 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() {
    if (peer_ >= 0) ::close(peer_);
    ::close(fd_);
  }
  int port() const { return port_; }
  bool Accept() {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, 0) <= 0) return false;
    peer_ = ::accept(fd_, nullptr, nullptr);
    return peer_ >= 0;
  }
  std::string Read() const {
    char bytes[4096];
    const ssize_t n = ::recv(peer_, bytes, sizeof bytes, MSG_DONTWAIT);
    return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : n == 0 ? "(end)" : "";
  }
  void Write(std::string_view bytes) const {
    CHECK(::send(peer_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }
  void EndWrites() const { ::shutdown(peer_, SHUT_WR); }

 private:
  int fd_;
  int peer_ = -1;
  int port_ = 0;
};

struct ClientEnd final : TunnelHandler {
  void OnRequest(TunnelStream& stream, std::string_view head) override {
    context->StartStream(stream, head);
  }
  void OnTunnelBroken(std::string_view why) override { FAIL(why); }
  ClientContext* context = nullptr;
};

std::shared_ptr<const ClientPlan> PlanOf(int port) {
  ClientOptions options;
  options.proxy_url = "http://proxy:1";
  options.fqdn = "node-a";
  options.max_scrapes = 2;
  options.max_relays = 1;
  ClientConfig config;
  TargetConfig any;
  any.port = 1;
  any.address = "127.0.0.1:" + std::to_string(port);
  TargetConfig narrow = any;
  narrow.port = 2;
  narrow.paths = {"/metrics"};
  config.targets = {any, narrow};
  auto plan = Understand(options, config);
  REQUIRE(plan);
  return std::make_shared<const ClientPlan>(*std::move(plan));
}

struct Fixture {
  Fixture() { at_client.context = &context; }
  ~Fixture() { client.Lost("the test is over"); }
  TunnelStream& Open(NotingStream& handler, const std::string& line, const char* timeout = "1") {
    handler.stream = &proxy.Open(
        handler, line + " HTTP/1.1\r\nHost: x\r\nId: i\r\nX-Prometheus-Scrape-Timeout-Seconds: " +
                     timeout + "\r\n\r\n");
    return *handler.stream;
  }
  // Until nothing moves any more, or `done` says so.
  template <typename Done>
  void Carry(Done done) {
    bool is_done = done();
    for (int i = 0; i < 2000 && !is_done; ++i) {
      std::string bytes;
      bytes.swap(from_proxy.out);
      client.Feed(bytes);
      proxy.Drained();
      bytes.clear();
      bytes.swap(from_client.out);
      proxy.Feed(bytes);
      client.Drained();
      loop.Turn(false);
      ::usleep(200);
      is_done = done();
    }
    REQUIRE(is_done);
  }
  void Pass(Millis time) {
    clock.Advance(time);
    loop.Turn(false);
  }
  double in_flight() const { return context.metrics.in_flight.Value(); }

  Listener target;
  drover::testing::FakeClock clock;
  drover::testing::MemoryLog lines;
  Logger log{lines, clock, LogLevel::kWarn, LogFormat::kLogfmt};
  Registry registry;
  EventLoop loop{clock};
  Resolver resolver{loop};
  ClientContext context{loop, resolver, log, registry, PlanOf(target.port()), 1};
  NotingTunnel at_proxy;
  ClientEnd at_client;
  FakeWire from_proxy, from_client;
  Tunnel proxy{Tunnel::Role::kProxy, loop, at_proxy, from_proxy, TunnelTimes::OfProxy()};
  Tunnel client{Tunnel::Role::kClient, loop, at_client, from_client, TunnelTimes::OfClient()};
};

bool Ended(const NotingStream& stream) {
  return !stream.notes.empty() && stream.notes.back() == "end";
}
bool Says(const NotingStream& stream, std::string_view text) {
  return !stream.notes.empty() && stream.notes.front().find(text) != std::string::npos;
}

}  // namespace

TEST_SUITE("client streams") {
  TEST_CASE_FIXTURE(Fixture, "what is not allowed is answered so, and nobody is asked") {
    for (const char* line :
         {"GET http://node-a:2/x", "GET http://node-a:3/", "POST http://node-a:1/",
          "GET http://node-b:1/", "CONNECT node-a:2", "CONNECT node-b:1"}) {
      NotingStream stream;
      Open(stream, line);
      Carry([&] { return Ended(stream); });
      CHECK_MESSAGE(Says(stream, "Drover-Failure: not-allowed"), line);
      if (line[0] == 'C') stream.stream->End();
      Carry([&] { return client.streams() == 0; });
    }
    CHECK_FALSE(target.Accept());
    CHECK(in_flight() == 0);
    CHECK(context.metrics.scrape_errors.Value() == 6);
  }

  TEST_CASE_FIXTURE(Fixture, "a request that is none is reset") {
    NotingStream stream;
    stream.stream = &proxy.Open(stream, "GET\r\n\r\n");
    Carry([&] { return !stream.notes.empty(); });
    CHECK(stream.notes.front().find("reset malformed") == 0);
  }

  TEST_CASE_FIXTURE(Fixture, "a page with its length, and one that breaks off") {
    for (const bool whole : {true, false}) {
      NotingStream stream;
      Open(stream, "GET http://node-a:2/metrics?x=1");
      Carry([&] { return target.Accept(); });
      std::string asked;
      Carry([&] { return !(asked += target.Read()).empty(); });
      CHECK(asked.find("GET /metrics?x=1 HTTP/1.1\r\nHost: node-a:2\r\n") == 0);
      CHECK(asked.find("Id:") == std::string::npos);
      target.Write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
      target.Write(whole ? "up 1" : "up");
      target.EndWrites();
      Carry([&] { return stream.notes.size() == 2; });
      CHECK(Says(stream, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"));
      CHECK(stream.got == (whole ? "up 1" : "up"));
      CHECK((stream.notes.back() == "end") == whole);
      CHECK(in_flight() == 0);
    }
  }

  TEST_CASE_FIXTURE(Fixture, "a target that is silent is a timeout") {
    NotingStream stream;
    Open(stream, "GET http://node-a:1/");
    Carry([&] { return target.Accept(); });
    CHECK(in_flight() == 1);
    Pass(Millis(1100));
    Carry([&] { return Ended(stream); });
    CHECK(Says(stream, "Drover-Failure: timeout"));
    CHECK(in_flight() == 0);
  }

  TEST_CASE_FIXTURE(Fixture, "who leaves is not worked for, and too many are refused") {
    NotingStream one, two, three;
    Open(one, "GET http://node-a:1/", "60");
    Open(two, "GET http://node-a:1/", "60");
    Open(three, "GET http://node-a:1/", "60");
    Carry([&] { return Ended(three); });
    CHECK(Says(three, "Drover-Failure: failed"));
    CHECK(three.got.find("too many") != std::string::npos);
    CHECK(in_flight() == 2);
    one.stream->Reset("the scraper left");
    Carry([&] { return in_flight() == 1; });
    client.Lost("the connection broke");
    loop.Turn(false);
    CHECK(in_flight() == 0);
  }

  TEST_CASE_FIXTURE(Fixture, "an answer that the proxy does not take counts until it is reset") {
    const std::string page((256 << 10) + (40 << 10), 'x');
    NotingStream one, two, three, four;
    for (NotingStream* stream : {&one, &two}) {
      stream->consumes = false;
      Open(*stream, "GET http://node-a:1/");
      if (stream == &one) Carry([&] { return target.Accept(); });
      std::string asked;
      Carry([&] { return !(asked += target.Read()).empty(); });
      target.Write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(page.size()) +
                   "\r\n\r\n");
      for (std::size_t at = 0; at < page.size(); at += 64 << 10) {
        target.Write(std::string_view(page).substr(at, 64 << 10));
        for (int k = 0; k < 20; ++k) Carry([] { return true; });
      }
      Carry([&] { return stream->got.size() == kTunnelCredit && in_flight() == 0; });
    }
    CHECK(client.streams() == 2);
    Open(three, "GET http://node-a:1/");
    Carry([&] { return Ended(three); });
    CHECK(three.got.find("too many") != std::string::npos);
    CHECK(client.streams() == 2);
    Pass(Millis(1'100));
    Pass(Millis(5'100));
    Carry([&] { return one.notes.back() == "reset the proxy did not take the answer"; });
    CHECK(client.streams() == 0);
    Open(four, "GET http://node-a:1/");
    std::string asked;
    Carry([&] { return !(asked += target.Read()).empty(); });
    CHECK(in_flight() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "CONNECT: bytes and ends both ways") {
    NotingStream relay, late;
    Open(relay, "CONNECT node-a:1");
    Carry([&] { return target.Accept(); });
    Carry([&] { return Says(relay, "HTTP/1.1 200 "); });
    Open(late, "CONNECT node-a:1");
    Carry([&] { return Ended(late); });
    CHECK(late.got.find("too many") != std::string::npos);
    relay.stream->Write("ping");
    relay.stream->End();
    std::string asked;
    Carry([&] { return (asked += target.Read()) == "ping(end)"; });
    target.Write("pong");
    Carry([&] { return relay.got == "pong"; });
    CHECK(context.metrics.relays.Value() == 1);
    CHECK_FALSE(Ended(relay));
    target.EndWrites();
    Carry([&] { return Ended(relay); });
    Carry([&] { return context.metrics.relays.Value() == 0; });
    CHECK(context.metrics.relayed.Value() == 8);
  }

  TEST_CASE_FIXTURE(Fixture, "CONNECT: the target ends first, and is not read faster than taken") {
    NotingStream relay;
    relay.consumes = false;
    Open(relay, "CONNECT node-a:1");
    Carry([&] { return target.Accept(); });
    Carry([&] { return Says(relay, "HTTP/1.1 200 "); });
    const std::string block(64 << 10, 'x');
    for (int i = 0; i < 8; ++i) {
      target.Write(block);
      for (int k = 0; k < 20; ++k) Carry([] { return true; });
    }
    target.EndWrites();
    Carry([&] { return relay.got.size() == kTunnelCredit; });  // and no more
    relay.consumes = true;
    relay.stream->Consumed(kTunnelCredit);
    Carry([&] { return relay.got.size() == 8 * block.size() && Ended(relay); });
    relay.stream->Write("more");
    relay.stream->End();
    std::string asked;
    Carry([&] { return (asked += target.Read()) == "more(end)"; });
    Carry([&] { return context.metrics.relays.Value() == 0; });
  }

  TEST_CASE_FIXTURE(Fixture, "CONNECT: nobody listens") {
    ClientOptions options;
    options.proxy_url = "http://proxy:1";
    options.fqdn = "node-a";
    options.use_localhost = true;
    options.allow_port = "1";
    context.set_plan(std::make_shared<const ClientPlan>(*Understand(options)));
    NotingStream relay;
    Open(relay, "CONNECT node-a:1");
    Carry([&] { return Ended(relay); });
    CHECK(Says(relay, "Drover-Failure: failed"));
    CHECK(relay.got.find("refused") != std::string::npos);
    relay.stream->End();
    Carry([&] { return context.metrics.relays.Value() == 0; });
  }
}

}  // namespace drover::pushprox

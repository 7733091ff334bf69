#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "core/http/client/curl_client.h"
#include "core/http/content_coding.h"
#include "core/http/server.h"
#include "core/os/file_system.h"
#include "tests/support/temp_folder.h"

namespace drover::http {
namespace {
struct NoLog final : LogSink {
  void Write(std::string_view) override {}
};
struct Peer {
  Peer() {
    router.Add("GET,HEAD,POST,PUT,DELETE", "/*", [this](const Request& r) {
      if (r.path == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(400));
      if (r.path == "/away") return Response::Redirect("/here");
      if (r.path == "/big") return Response::Text(200, std::string(100'000, 'x'));
      seen = r;
      return Response::Text(r.path == "/missing" ? 404 : 200, r.method + " " + r.body);
    });
    router.Use(CompressResponses());
    server = StartServer({.listen = {"127.0.0.1:0"}}, router, log).value();
    url = "http://" + server->addresses().front();
  }
  NoLog sink;
  std::unique_ptr<Clock> clock = MakeSystemClock();
  Logger log{sink, *clock};
  Router router;
  Request seen;
  std::unique_ptr<Server> server;
  std::string url;
};
ClientRequest Ask(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  return request;
}
}  // namespace
TEST_SUITE("core/http/client") {
  TEST_CASE("methods, bodies, headers and statuses") {
    Peer peer;
    CurlLoop loop("drover-test/1");
    const auto client = loop.MakeClient({});
    ClientRequest post = Ask(peer.url + "/x?a=1");
    post.method = "POST";
    post.body = std::string("a\0b", 3) + std::string(5000, 'y');
    post.headers = {{"X-One", "1"}};
    const auto answer = client->Do(post);
    REQUIRE(answer.has_value());
    CHECK(answer->body == "POST " + post.body);
    CHECK(peer.seen.headers.Get("x-one") == "1");
    CHECK(peer.seen.headers.Get("User-Agent") == "drover-test/1");
    CHECK_FALSE(peer.seen.headers.Has("Expect"));
    CHECK(client->Do(Ask(peer.url + "/missing"))->status == 404);
    post.method = "DELETE";
    CHECK(client->Do(post)->body.starts_with("DELETE "));
  }
  TEST_CASE("gzip, limits, redirects") {
    Peer peer;
    CurlLoop loop("t");
    const auto client = loop.MakeClient({});
    ClientRequest big = Ask(peer.url + "/big");
    big.accept_gzip = true;
    CHECK(client->Do(big)->body.size() == 100'000);
    big.max_body_bytes = 99'999;
    CHECK(client->Do(big).error().code() == ErrorCode::kExhausted);
    CHECK(client->Do(Ask(peer.url + "/away"))->body == "GET ");
    ClientRequest post = Ask(peer.url + "/away");
    post.method = "POST";
    post.body = "block";
    CHECK(client->Do(post)->body == "POST block");  // not a GET that looks like success
    ClientConfig stay;
    stay.follow_redirects = false;
    CHECK(loop.MakeClient(stay)->Do(Ask(peer.url + "/away"))->status == 302);
  }
  TEST_CASE("authentication is sent, files are read at each use") {
    Peer peer;
    CurlLoop loop("t");
    ClientConfig basic;
    basic.basic_auth = BasicAuth{
        .username = "u", .username_file = {}, .password = Secret("p"), .password_file = {}};
    REQUIRE(loop.MakeClient(basic)->Do(Ask(peer.url)).has_value());
    CHECK(peer.seen.headers.Get("Authorization") == "Basic dTpw");
    testing::TempFolder folder;
    const auto fs = MakeFileSystem(folder.path());
    REQUIRE(fs->Open("token", OpenMode::kAppend).value()->Append("one\n"));
    ClientConfig bearer;
    bearer.authorization = Authorization{
        .type = "Bearer", .credentials = {}, .credentials_file = folder.path() + "/token"};
    const auto client = loop.MakeClient(bearer);
    REQUIRE(client->Do(Ask(peer.url)).has_value());
    CHECK(peer.seen.headers.Get("Authorization") == "Bearer one");
    REQUIRE(fs->Remove("token"));
    CHECK(client->Do(Ask(peer.url)).error().code() == ErrorCode::kDenied);
  }
  TEST_CASE("a peer that is away, slow or told to stop") {
    Peer peer;
    CurlLoop loop("t");
    const auto client = loop.MakeClient({});
    const auto away = client->Do(Ask("http://127.0.0.1:1/"));
    REQUIRE_FALSE(away.has_value());
    CHECK(away.error().code() == ErrorCode::kUnavailable);
    CHECK(away.error().message().find("127.0.0.1 port 1") != std::string::npos);
    ClientRequest slow = Ask(peer.url + "/slow");
    slow.timeout = Millis(50);
    CHECK(client->Do(slow).error().code() == ErrorCode::kUnavailable);
    std::stop_source stop;
    slow.timeout = Millis(5000);
    std::jthread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      stop.request_stop();
    });
    CHECK(client->Do(slow, stop.get_token()).error().code() == ErrorCode::kCancelled);
    CHECK(client->Do(Ask("nonsense://x")).error().code() == ErrorCode::kInvalid);
  }
  TEST_CASE("destroying a client cancels what is under way") {
    Peer peer;
    CurlLoop loop("t");
    auto client = loop.MakeClient({});
    std::atomic<int> cancelled = 0;
    client->Start(Ask(peer.url + "/slow"), [&](Result<ClientResponse> r) {
      cancelled = r ? 1 : r.error().code() == ErrorCode::kCancelled ? 2 : 3;
    });
    client.reset();
    CHECK(cancelled == 2);
  }
}
}  // namespace drover::http

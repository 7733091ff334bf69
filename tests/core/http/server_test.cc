#include "core/http/server.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <list>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"

namespace drover::http {
namespace {
struct NoLog final : LogSink {
  void Write(std::string_view) override {}
};
struct Running {
  explicit Running(ServerOptions options = {}) {
    router.Add("GET,HEAD", "/hello",
               [](const Request& r) { return Response::Text(200, "hello " + r.query); });
    router.Add("POST", "/echo", [](const Request& r) { return Response::Text(200, r.body); },
               {.max_body_bytes = 1'000'000});
    router.Add("GET", "/slow",
               [](const Request&) {
                 std::this_thread::sleep_for(std::chrono::milliseconds(200));
                 return Response::Text(200, "done");
               },
               {.slow = true});
    router.Add("GET", "/throws",
               [](const Request&) -> Response { throw std::runtime_error("no"); });
    router.Add("GET", "/empty",
               [](const Request&) { return Response{.status = 204, .headers = {}, .body = {}}; });
    options.listen.push_back("127.0.0.1:0");
    server = StartServer(std::move(options), router, log).value();
    address = server->addresses().back();
  }
  NoLog sink;
  std::unique_ptr<Clock> clock = MakeSystemClock();
  Logger log{sink, *clock};
  Router router;
  std::unique_ptr<Server> server;
  std::string address;
};
}  // namespace
TEST_SUITE("core/http/server") {
  TEST_CASE("answers, with and without workers") {
    for (const std::size_t workers : {0, 2}) {
      Running running({.listen = {}, .workers = workers});
      const std::string answer = testing::RawClient::Get(running.address, "/hello?a=1");
      CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
      CHECK(answer.ends_with("\r\n\r\nhello a=1"));
      CHECK(testing::RawClient::Get(running.address, "/nope").starts_with("HTTP/1.1 404 "));
      CHECK(testing::RawClient::Get(running.address, "/throws").starts_with("HTTP/1.1 500 "));
      CHECK(testing::RawClient::Get(running.address, "/empty").find("Content-Length") ==
            std::string::npos);
    }
  }
  TEST_CASE("slow routes hold up only each other") {
    Running running({.listen = {}, .workers = 1, .slow_workers = 1});
    testing::RawClient first(running.address);
    testing::RawClient second(running.address);
    first.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    second.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto started = std::chrono::steady_clock::now();
    CHECK(testing::RawClient::Get(running.address, "/hello").starts_with("HTTP/1.1 200 "));
    CHECK(std::chrono::steady_clock::now() - started < std::chrono::milliseconds(150));
    CHECK(first.Read("done").ends_with("done"));
    CHECK(second.Read("done").ends_with("done"));
    CHECK(std::chrono::steady_clock::now() - started > std::chrono::milliseconds(300));
  }
  TEST_CASE("connections are kept, HEAD has no body") {
    Running running;
    testing::RawClient client(running.address);
    client.Send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /hello?2 HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = client.Read("hello 2");
    CHECK(answer.find("Content-Length: 6\r\n\r\nHTTP/1.1 200") != std::string::npos);
  }
  TEST_CASE("a large body arrives whole, one over the limit is 413, before and after it was read") {
    Running running;
    const std::string body(900'000, 'b');
    testing::RawClient client(running.address);
    client.Send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\nConnection: close\r\n\r\n" +
        body);
    CHECK(client.Read().ends_with(body));
    testing::RawClient announced(running.address);
    announced.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000001\r\n\r\n");
    CHECK(announced.Read().starts_with("HTTP/1.1 413 "));
    testing::RawClient chunked(running.address);
    chunked.Send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nF4300\r\n" +
                 std::string(0xF4300, 'c') + "\r\n0\r\n\r\n");
    CHECK(chunked.Read().starts_with("HTTP/1.1 413 "));
  }
  TEST_CASE("garbage and huge headers are refused") {
    Running running;
    testing::RawClient garbage(running.address);
    garbage.Send("\x16\x03\x01 nonsense\r\n\r\n");
    CHECK(garbage.Read().starts_with("HTTP/1.1 400 "));
    testing::RawClient huge(running.address);
    huge.Send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
    CHECK(huge.Read().starts_with("HTTP/1.1 431 "));
  }
  TEST_CASE("a header that never ends is cut off") {
    Running running({.listen = {}, .header_timeout = Millis(100)});
    testing::RawClient slow(running.address);
    slow.Send("GET / HT");
    CHECK(slow.Read().empty());
  }
  TEST_CASE("stopping lets a request under way finish") {
    Running running;
    testing::RawClient client(running.address);
    client.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    running.server->Stop(Millis(2000));
    CHECK(client.Read().ends_with("done"));
    CHECK_FALSE(testing::RawClient(running.address).connected());
  }
  TEST_CASE("handlers run at the same time, as many as there are workers") {
    std::atomic<int> under_way{0};
    Router router;
    router.Add("GET", "/", [&](const Request&) {
      const int mine = ++under_way;
      for (int i = 0; i < 200 && under_way < 8; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return Response::Text(200, std::to_string(mine) + (under_way == 8 ? " of 8" : " alone"));
    });
    NoLog sink;
    const auto clock = MakeSystemClock();
    const Logger log{sink, *clock};
    const auto server = StartServer({.listen = {"127.0.0.1:0"}, .workers = 8}, router, log).value();
    std::list<testing::RawClient> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back(server->addresses().front());
      clients.back().Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (testing::RawClient& client : clients) CHECK(client.Read(" of 8").ends_with(" of 8"));
  }
  TEST_CASE("a unix socket: served, replaced when abandoned, not when in use, removed at the end") {
    const testing::TempFolder folder;
    const std::string address = "unix:" + folder.path() + "/s.sock";
    {
      Running running({.listen = {address}});
      CHECK(running.server->addresses().front() == address);
      CHECK(testing::RawClient::Get(address, "/hello?u").ends_with("hello u"));
      const auto second = Listen(address);
      REQUIRE_FALSE(second.has_value());
      CHECK(second.error().message().starts_with("listen on " + address +
                                                 ": Address already in use"));
    }
    CHECK_FALSE(testing::RawClient(address).connected());
    CHECK(::access(address.substr(5).c_str(), F_OK) != 0);
    {
      const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un name{};
      name.sun_family = AF_UNIX;
      address.copy(name.sun_path, sizeof name.sun_path - 1, 5);
      REQUIRE(::bind(left, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
      ::close(left);
    }
    CHECK(Listen(address).has_value());
    CHECK(Listen("unix:relative").error().code() == ErrorCode::kInvalid);
  }
  TEST_CASE("an open socket is served as it is") {
    std::vector<Listener> sockets;
    sockets.push_back(Listen("127.0.0.1:0").value());
    const std::string address = sockets.front().address();
    Running running({.sockets = std::move(sockets)});
    CHECK(testing::RawClient::Get(address, "/hello?s").ends_with("hello s"));
    CHECK(running.server->addresses().size() == 2);
  }
  TEST_CASE("vsock addresses are read; where the kernel has none, the error says so") {
    for (const char* wrong : {"vsock://", "vsock://x:1", "vsock://:x", "vsock://:4294967295"})
      CHECK_MESSAGE(Listen(wrong).error().code() == ErrorCode::kInvalid, wrong);
    const auto open = Listen("vsock://:19100");
    if (open) {
      CHECK(open->address() == "vsock://:19100");
    } else {
      CHECK(open.error().message().starts_with("listen on vsock://:19100: "));
    }
  }
  TEST_CASE("the gate refuses before the body is read") {
    Router router;
    router.Add("POST", "/", [](const Request& r) { return Response::Text(200, r.body); });
    int asked = 0;
    router.SetGate([&](const Request& r) -> std::optional<Response> {
      ++asked;
      CHECK(r.body.empty());
      if (r.headers.Get("Key") == "right") return std::nullopt;
      return Response::Text(401, "no");
    });
    NoLog sink;
    const auto clock = MakeSystemClock();
    const Logger log{sink, *clock};
    const auto server = StartServer({.listen = {"127.0.0.1:0"}}, router, log).value();
    testing::RawClient wrong(server->addresses().front());
    wrong.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n");  // and no more
    CHECK(wrong.Read("no").starts_with("HTTP/1.1 401 "));
    testing::RawClient right(server->addresses().front());
    right.Send("POST / HTTP/1.1\r\nHost: x\r\nKey: right\r\nContent-Length: 4\r\n\r\nbody");
    CHECK(right.Read("body").ends_with("body"));
    CHECK(asked == 2);
    testing::RawClient bodyless(server->addresses().front());
    bodyless.Send("POST / HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(bodyless.Read("no").starts_with("HTTP/1.1 401 "));
    CHECK(asked == 3);
  }
  TEST_CASE("a taken port is an error, not a second listener") {
    Running running;
    Router router;
    const auto second = StartServer({.listen = {running.address}}, router, running.log);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().message() ==
          "listen on " + running.address +
              ": Address already in use: end the program that listens there, or choose another "
              "address");
  }
}
}  // namespace drover::http

#include "pushprox/client/guard.h"

#include <doctest/doctest.h>

#include "pushprox/client/options.h"

namespace drover::pushprox {
namespace {

ErrorCode CodeOf(const Guard& guard, const char* url, const char* method = "GET") {
  const Status status = guard.Check(method, *http::ParseUrl(url), "node-a");
  return status ? ErrorCode::kNotFound : status.error().code();
}
constexpr ErrorCode kPasses = ErrorCode::kNotFound;

}  // namespace

TEST_SUITE("guard") {
  TEST_CASE("ports and paths") {
    Guard guard;
    REQUIRE(guard.Allow("9100"));
    REQUIRE(guard.Allow("10250/metrics/"));
    struct Case {
      const char* url;
      bool passes;
    };
    static const Case kCases[] = {
        {"http://node-a:9100/anything", true},
        {"https://node-a:10250/metrics", true},
        {"https://node-a:10250/metrics/cadvisor", true},
        {"https://node-a:10250/metricsx", false},
        {"https://node-a:10250/run/pod", false},
        {"https://node-a:10250/metrics/../run/pod", false},
        {"https://node-a:10250/metrics/%2e%2e/run/pod", false},
        {"https://node-a:10250/metrics/%252e%252e/run", false},
        {"https://node-a:10250/metrics/..%2frun", false},
        {"https://node-a:10250/metrics//x", false},
        {"https://node-a:10250", false},
        {"http://node-a/metrics", false},   // port 80
        {"https://node-a/metrics", false},  // port 443
        {"http://node-a:22/", false},
        {"http://node-b:9100/", false},
        {"http://127.0.0.1:9100/", false},
    };
    for (const Case& c : kCases) {
      SUBCASE(c.url) { CHECK((CodeOf(guard, c.url) == kPasses) == c.passes); }
    }
  }

  TEST_CASE("only GET and HEAD, whatever is allowed") {
    Guard guard;
    guard.AllowAny();
    CHECK(CodeOf(guard, "http://node-a:1/x") == kPasses);
    CHECK(CodeOf(guard, "http://node-a:1/x", "HEAD") == kPasses);
    for (const char* method : {"POST", "PUT", "DELETE", "get", "CONNECT"})
      CHECK(CodeOf(guard, "http://node-a:1/x", method) == ErrorCode::kDenied);
  }

  TEST_CASE("a token belongs to its port") {
    Guard guard;
    REQUIRE(guard.AddToken("10250=/token"));
    CHECK(guard.TokenFile(10250) == "/token");
    CHECK(guard.TokenFile(9100).empty());
    for (const char* text : {"10250", "=x", "10250=", "x=/y", "70000=/y"})
      CHECK_FALSE(guard.AddToken(text).has_value());
    for (const char* text : {"", "x", "0", "65536", "/metrics"})
      CHECK_FALSE(guard.Allow(text).has_value());
  }

  TEST_CASE("flags that would open too much are refused") {
    const auto refused = [](auto change) {
      ClientOptions options;
      options.proxy_url = "http://proxy:8080";
      options.fqdn = "node-a";
      change(options);
      return !Understand(options).has_value();
    };
    CHECK_FALSE(refused([](ClientOptions&) {}));
    CHECK(refused([](ClientOptions& o) { o.proxy_url.clear(); }));
    CHECK(refused([](ClientOptions& o) { o.use_localhost = true; }));
    CHECK(refused([](ClientOptions& o) { o.token_file = "/token"; }));
    CHECK(refused([](ClientOptions& o) { o.fqdn = "a b"; }));
    CHECK(refused([](ClientOptions& o) { o.tls.ca = "/does/not/exist"; }));
    CHECK_FALSE(refused([](ClientOptions& o) {
      o.use_localhost = true;
      o.allow_port = "2379,2381";
      o.token_file = "/token";
    }));
  }
}

}  // namespace drover::pushprox

#include "pushprox/client/target_table.h"

#include <doctest/doctest.h>

#include "pushprox/client/options.h"

namespace drover::pushprox {
namespace {

TargetTable Open() {
  TargetTable table;
  Target any;
  any.name = "node-a";
  table.Add(any);
  return table;
}

void Allow(TargetTable& table, std::string_view text) {
  const auto rule = ParseAllowRule(text);
  REQUIRE(rule);
  Target target;
  target.name = "node-a";
  target.port = rule->port;
  if (!rule->prefix.empty()) target.prefixes = {rule->prefix};
  table.Add(target);
}

bool Passes(const TargetTable& table, const char* url, const char* method = "GET") {
  const auto choice = table.Choose(method, *http::ParseUrl(url));
  if (!choice) CHECK(choice.error().code() == ErrorCode::kDenied);
  return choice.has_value();
}

}  // namespace

TEST_SUITE("target table") {
  TEST_CASE("ports and paths") {
    TargetTable table;
    Allow(table, "9100");
    Allow(table, "10250/metrics/");
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
        {"http://node-a/metrics?_scheme=https", false},
        {"http://node-a:22/", false},
        {"http://node-b:9100/", false},
        {"http://127.0.0.1:9100/", false},
    };
    for (const Case& c : kCases) {
      SUBCASE(c.url) { CHECK(Passes(table, c.url) == c.passes); }
    }
  }

  TEST_CASE("only GET and HEAD, whatever is allowed") {
    const TargetTable table = Open();
    CHECK(Passes(table, "http://node-a:1/x"));
    CHECK(Passes(table, "http://node-a:1/x", "HEAD"));
    for (const char* method : {"POST", "PUT", "DELETE", "get", "CONNECT"})
      CHECK_FALSE(Passes(table, "http://node-a:1/x", method));
  }

  TEST_CASE("each target has its own scheme, address, token and certificates") {
    TargetTable table;
    TargetConfig scheduler;
    scheduler.name = "node-a";
    scheduler.port = 10259;
    scheduler.paths = {"/metrics"};
    scheduler.scheme = "https";
    scheduler.address = "127.0.0.1";
    scheduler.authorization.credentials_file = "/token";
    scheduler.component = "kube-scheduler";
    TargetConfig etcd;
    etcd.name = "etcd-1";
    etcd.port = 2379;
    etcd.scheme = "https";
    etcd.address = "[::1]:12379";
    etcd.tls_config.cert_file = "/etcd.pem";
    TargetConfig plain;
    plain.name = "node-a";
    plain.port = 10249;
    for (const TargetConfig& one : {scheduler, etcd, plain}) {
      REQUIRE(Validate(one));
      table.Add(one);
    }
    const auto a = table.Choose("GET", *http::ParseUrl("http://node-a:10259/metrics?x=1"));
    REQUIRE(a);
    CHECK(a->url.ToString() == "https://node-a:10259/metrics?x=1");
    CHECK(a->target->host == "127.0.0.1");
    CHECK(a->target->connect_port == 10259);
    CHECK(a->target->token_file == "/token");
    CHECK(a->target->tls.cert_file.empty());
    const auto b = table.Choose("GET", *http::ParseUrl("http://etcd-1:2379/metrics?_scheme=https"));
    REQUIRE(b);
    CHECK(b->url.ToString() == "https://etcd-1:2379/metrics");
    CHECK(b->target->host == "::1");
    CHECK(b->target->connect_port == 12379);
    CHECK(b->target->token_file.empty());
    CHECK(b->target->tls.cert_file == "/etcd.pem");
    const auto c = table.Choose("GET", *http::ParseUrl("http://node-a:10249/"));
    REQUIRE(c);
    CHECK(c->url.scheme == "http");
    CHECK(c->target->token_file.empty());
    CHECK(table.Choose("GET", *http::ParseUrl("http://node-a:10249/?_scheme=https"))->url.scheme ==
          "https");
    // Names and ports of other targets open nothing.
    CHECK_FALSE(Passes(table, "http://etcd-1:10259/metrics"));
    CHECK_FALSE(Passes(table, "http://node-a:2379/metrics"));
    CHECK_FALSE(Passes(table, "http://node-a:12379/metrics"));
    CHECK(table.Names() == std::vector<std::string>{"node-a", "etcd-1"});
    const Registration says = table.Register({{"node", "node-a"}});
    REQUIRE(says.names.size() == 2);
    REQUIRE(says.names[0].targets.size() == 2);
    CHECK(says.names[0].targets[0].labels == RegisteredLabels{{"component", "kube-scheduler"}});
    CHECK(says.names[0].targets[1].path == "/metrics");
    CHECK(says.names[1].labels == RegisteredLabels{{"node", "node-a"}});
    CHECK(ParseRegistration(ToJson(says)));
    // A path cannot be seen inside TLS.
    CHECK_FALSE(table.ChooseConnect("node-a", 10259));
    CHECK(table.ChooseConnect("etcd-1", 2379));
    CHECK_FALSE(table.ChooseConnect("etcd-1", 2380));
    scheduler.connect = true;
    TargetTable asked;
    asked.Add(scheduler);
    CHECK(asked.ChooseConnect("node-a", 10259));
  }

  TEST_CASE("rules and tokens of flags") {
    CHECK(ParsePortToken("10250=/token")->file == "/token");
    for (const char* text : {"10250", "=x", "10250=", "x=/y", "70000=/y"})
      CHECK_FALSE(ParsePortToken(text).has_value());
    for (const char* text : {"", "x", "0", "65536", "/metrics"})
      CHECK_FALSE(ParseAllowRule(text).has_value());
    ClientOptions options;
    options.proxy_url = "http://proxy:8080/";
    options.fqdn = "node-a";
    options.allow_port = "9100,10250";
    options.target_tokens = {"10250=/token"};
    const auto plan = Understand(options);
    REQUIRE(plan);
    CHECK_FALSE(plan->open);
    const auto url = [](const char* text) { return *http::ParseUrl(text); };
    CHECK(plan->table.Choose("GET", url("http://node-a:9100/"))->target->token_file.empty());
    CHECK(plan->table.Choose("GET", url("https://node-a:10250/"))->target->token_file == "/token");
    CHECK_FALSE(plan->table.Choose("GET", url("http://node-a:10250/")));  // not in the clear
    options.target_tokens.clear();
    options.token_file = "/all";
    const auto forced = Understand(options);
    REQUIRE(forced);
    CHECK(forced->table.Choose("GET", url("http://node-a:9100/"))->url.scheme == "https");
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

  TEST_CASE("targets of a file close what no flag opens") {
    ClientConfig config;
    config.proxy_url = "http://from-file:8080";
    config.fqdn = "node-a";
    config.targets.resize(1);
    config.targets[0].port = 9100;
    const auto plan = Understand({}, config);
    REQUIRE(plan);
    CHECK_FALSE(plan->open);
    CHECK(plan->proxy.host == "from-file");
    CHECK(Passes(plan->table, "http://node-a:9100/x"));
    CHECK_FALSE(Passes(plan->table, "http://node-a:9101/x"));
    ClientOptions flags;
    flags.proxy_url = "http://from-flag:1";
    flags.allow_port = "9101";
    const auto both = Understand(flags, config);
    REQUIRE(both);
    CHECK(both->proxy.host == "from-flag");
    CHECK(Passes(both->table, "http://node-a:9100/x"));
    CHECK(Passes(both->table, "http://node-a:9101/x"));
    CHECK_FALSE(Passes(both->table, "http://node-a:9102/x"));
  }
}

}  // namespace drover::pushprox

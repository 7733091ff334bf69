#include "pushprox/proxy/clients_page.h"

#include <doctest/doctest.h>

#include "core/json/reader.h"

namespace drover::pushprox {
namespace {

KnownClient NodeA() {
  KnownClient client;
  client.name = "node-a";
  client.alive = true;
  client.transport = "tunnel";
  client.labels = {{"node", "node-a.example.com"}, {"zone", "x"}};
  client.targets = {{10257, "/metrics", {{"component", "kube-controller-manager"}}},
                    {10250, "/metrics/cadvisor", {{"component", "kubelet"}, {"zone", "y"}}}};
  return client;
}

KnownClient Polling(const std::string& name) {
  KnownClient client;
  client.name = name;
  client.transport = "poll";
  client.seen = Millis(61'000);
  return client;
}

http::Response Get(const std::vector<KnownClient>& clients, const std::string& path,
                   const std::string& query = "") {
  http::Router router;
  AddClientPages(router, [&] { return clients; });
  http::Request request;
  request.method = "GET";
  request.path = path;
  request.query = query;
  return router.Serve(request);
}

}  // namespace

TEST_SUITE("clients_page") {
  TEST_CASE("a group per name and target, and PushProx' shape for a name without") {
    CHECK(DiscoveryJson({}, "") == "[]\n");
    CHECK(DiscoveryJson({Polling("b")}, "") == "[{\"targets\":[\"b\"],\"labels\":null}]\n");
    KnownClient one = NodeA();
    one.targets.pop_back();
    CHECK(DiscoveryJson({one}, "") ==
          "[{\"targets\":[\"node-a:10257\"],\"labels\":{\"__metrics_path__\":\"/metrics\","
          "\"component\":\"kube-controller-manager\",\"node\":\"node-a.example.com\","
          "\"path\":\"/metrics\",\"port\":\"10257\",\"pushprox_client\":\"node-a\","
          "\"zone\":\"x\"}}]\n");
  }

  TEST_CASE("what a client may not say of itself is not taken from it") {
    KnownClient one = NodeA();
    one.labels = {{"job", "prod"}, {"pushprox_client", "node-b"}, {"__address__", "node-b:1"}};
    one.targets = {{1, "/m", {{"instance", "x"}, {"port", "2"}, {"path", "/x"}}}};
    CHECK(
        DiscoveryJson({one}, "") ==
        "[{\"targets\":[\"node-a:1\"],\"labels\":{\"__metrics_path__\":\"/m\",\"node\":\"node-a\","
        "\"path\":\"/m\",\"port\":\"1\",\"pushprox_client\":\"node-a\"}}]\n");
  }

  TEST_CASE("a query becomes parameters, an IPv6 name gets brackets") {
    KnownClient one;
    one.name = "fd00::1";
    one.targets = {{9115, "/probe?module=http_2xx&target=https%3A%2F%2Fx&a-b=1&module=z", {}}};
    const auto root = json::Parse(DiscoveryJson({one}, ""));
    REQUIRE(root.has_value());
    const json::Value& group = root->items().front();
    CHECK(group.Find("targets")->items().front().AsString() == "[fd00::1]:9115");
    const json::Value& labels = *group.Find("labels");
    CHECK(labels.Find("__metrics_path__")->AsString() == "/probe");
    CHECK(labels.Find("__param_module")->AsString() == "http_2xx");
    CHECK(labels.Find("__param_target")->AsString() == "https://x");
    CHECK(labels.Find("__param_a-b") == nullptr);
    CHECK(labels.Find("path")->AsString() ==
          "/probe?module=http_2xx&target=https%3A%2F%2Fx&a-b=1&module=z");
  }

  TEST_CASE("by name and by component") {
    const std::vector<KnownClient> all = {NodeA(), Polling("node-b")};
    const auto groups = [&](const std::string& path, const std::string& query = "") {
      const http::Response answer = Get(all, path, query);
      REQUIRE(answer.status == 200);
      CHECK(answer.headers.Get("Content-Type") == "application/json");
      const auto root = json::Parse(answer.body);
      REQUIRE(root.has_value());
      return root->items().size();
    };
    CHECK(groups("/clients") == 3);
    CHECK(groups("/clients/node-a") == 2);
    CHECK(groups("/clients/node-b") == 1);
    CHECK(groups("/clients", "component=kubelet") == 1);
    CHECK(groups("/clients/node-a", "component=etcd") == 0);
    CHECK(Get(all, "/clients/node").status == 404);
    CHECK(Get(all, "/clients/").status == 404);
    CHECK(Get(all, "/clients/node-a/x").status == 404);
  }

  TEST_CASE("the page shows who is alive, and no client's markup") {
    KnownClient hostile = NodeA();
    hostile.name = "<b>";
    hostile.targets[0].labels["component"] = "<script>";
    const std::string page = ClientsHtml({hostile, Polling("node-b")}, "");
    CHECK(page.find("2 names, 1 alive") != std::string::npos);
    CHECK(page.find("1m 1s ago") != std::string::npos);
    CHECK(page.find("<script>") == std::string::npos);
    CHECK(page.find("<b>&lt;") == std::string::npos);
    CHECK(page.find("&lt;script&gt;") != std::string::npos);
    CHECK(ClientsHtml({NodeA(), Polling("node-b")}, "node-b").find("kubelet") == std::string::npos);
    CHECK(ClientsHtml({NodeA(), Polling("b")}, "kubelet").find("node-a") != std::string::npos);
    CHECK(ClientsHtml({}, "\"><i>").find("\"><i>") == std::string::npos);
  }

  TEST_CASE("a page of very many stays short") {
    std::vector<KnownClient> many;
    for (int i = 0; i < 20'000; ++i) many.push_back(Polling("n" + std::to_string(i)));
    const std::string page = ClientsHtml(many, "");
    CHECK(page.size() < 200'000);
    CHECK(page.find("20000 fit") != std::string::npos);
  }
}

}  // namespace drover::pushprox

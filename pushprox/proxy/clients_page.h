// What the proxy tells about its clients: to Prometheus as HTTP service discovery
// (https://prometheus.io/docs/prometheus/latest/http_sd/), to people as a page.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/http/router.h"
#include "pushprox/protocol/registration.h"

namespace drover::pushprox {

// One name that is registered.
struct KnownClient {
  std::string name;
  bool alive = false;     // a tunnel stands, or a poll waits
  std::string transport;  // "tunnel", "poll"
  Millis seen{0};         // ago; 0 when alive
  RegisteredLabels labels;
  std::vector<RegisteredTarget> targets;  // none: a client that polls does not say
};

// A list with a group per name and target:
//   {"targets":["node-a:10257"],"labels":{"node":"node-a","component":"kube-scheduler",
//    "pushprox_client":"node-a","port":"10257","path":"/metrics","__metrics_path__":"/metrics"}}
// and {"targets":["node-a"],"labels":null} for a name without targets, as PushProx has it. Labels
// are the client's own words, but for pushprox_client (its name, the only one that its identity
// proves), port, path and __…; job and instance are not taken from it. `node` is the name where the
// client gives none. With a `component`, only groups of that one.
std::string DiscoveryJson(const std::vector<KnownClient>& clients, std::string_view component);

std::string ClientsHtml(const std::vector<KnownClient>& clients, std::string_view search);

// /clients, /clients/NAME (404 when unknown) with ?component=, / and /clients.html with ?search=.
// `list` gives what is known, sorted by name.
void AddClientPages(http::Router& router, std::function<std::vector<KnownClient>()> list);

}  // namespace drover::pushprox

#include "pushprox/proxy/metrics.h"

namespace drover::pushprox {
namespace {

const std::vector<double> kSeconds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

RoleMetrics MakeRole(Registry& registry, Role role) {
  const MetricLabels labels = {{"role", std::string(Name(role))}};
  return {registry.AddGauge("drover_pushprox_requests_in_flight",
                            "Requests under way: a client's polls that are held, pushes and "
                            "tunnels; a scraper's scrapes and relays; a viewer's pages.",
                            labels),
          registry.AddCounter("drover_pushprox_received_bytes_total",
                              "Bytes of requests, and of tunnels and relays.", labels),
          registry.AddCounter("drover_pushprox_sent_bytes_total",
                              "Bytes of answers, and of tunnels and relays.", labels),
          registry.AddHistogram("drover_pushprox_request_duration_seconds",
                                "From a request's head to the end of its answer; of polls, "
                                "tunnels and relays: none.",
                                labels, kSeconds)};
}

}  // namespace

std::string_view Name(Role role) {
  switch (role) {
    case Role::kClient:
      return "client";
    case Role::kScraper:
      return "scraper";
    case Role::kViewer:
      return "viewer";
    case Role::kAnyone:
      break;
  }
  return "anyone";
}

Role RoleOf(std::string_view method, std::string_view target) {
  if (!target.starts_with('/')) return Role::kScraper;
  if (method == "CONNECT") return Role::kScraper;
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/poll" || path == "/push" || path == "/tunnel") return Role::kClient;
  return path.starts_with("/-/") ? Role::kAnyone : Role::kViewer;
}

ProxyMetrics::ProxyMetrics(Registry& registry)
    : clients(registry.AddGauge("pushprox_proxy_clients", "Number of known pushprox clients.")),
      scrapes(registry.AddGauge("drover_pushprox_scrapes_in_flight",
                                "Scrapes that wait for a client or its answer.")),
      connections(registry.AddGauge("drover_pushprox_connections", "Open connections.")),
      bytes(registry.AddCounter("drover_pushprox_relayed_bytes_total",
                                "Bytes of pages passed on to scrapers.")),
      tunnels(registry.AddGauge("drover_pushprox_tunnels", "Tunnels of clients that are open.")),
      relays(registry.AddGauge("drover_pushprox_relays", "Connections relayed for CONNECT.")),
      from_targets(registry.AddCounter("drover_pushprox_connect_bytes_total",
                                       "Bytes relayed for CONNECT.",
                                       {{"direction", "from_target"}})),
      to_targets(registry.AddCounter("drover_pushprox_connect_bytes_total",
                                     "Bytes relayed for CONNECT.", {{"direction", "to_target"}})),
      registry_(registry) {
  for (const Role role : {Role::kClient, Role::kScraper, Role::kViewer, Role::kAnyone})
    roles_.push_back(MakeRole(registry, role));
  for (const char* path : {"/clients", "/metrics", "/poll", "/push"}) {
    durations_[path] = &registry.AddHistogram("pushprox_http_duration_seconds",
                                              "Time taken by path", {{"path", path}}, kSeconds);
    Answered(path, 0, {});
  }
}

void ProxyMetrics::Answered(std::string_view path, int status, MonoTime::duration took) {
  const auto known = durations_.find(path);
  if (known == durations_.end()) return;
  const bool only_shown = status == 0;  // upstream has the series from the start
  Counter*& counter = answers_[{known->first, only_shown ? 200 : status}];
  if (counter == nullptr) {
    counter = &registry_.AddCounter(
        "pushprox_http_requests_total", "Number of http api requests.",
        {{"code", std::to_string(only_shown ? 200 : status)}, {"path", known->first}});
  }
  if (only_shown) return;
  counter->Add();
  known->second->Observe(std::chrono::duration<double>(took).count());
}

void ProxyMetrics::Proxied(int status) {
  Counter*& counter = proxied_[status];
  if (counter == nullptr) {
    counter =
        &registry_.AddCounter("pushproxy_proxied_requests_total", "Number of http proxy requests.",
                              {{"code", std::to_string(status)}});
  }
  counter->Add();
}

void ProxyMetrics::Refused(const std::string& reason) {
  Counter*& counter = refused_[reason];
  if (counter == nullptr) {
    counter = &registry_.AddCounter("drover_pushprox_refused_total",
                                    "Requests and connections that were not served.",
                                    {{"reason", reason}});
  }
  counter->Add();
}

}  // namespace drover::pushprox

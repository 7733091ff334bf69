#include "pushprox/proxy/metrics.h"

namespace drover::pushprox {
namespace {

const std::vector<double> kSeconds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

}  // namespace

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
